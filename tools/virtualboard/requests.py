# What the simulated modules say and ask, by the name of the message.

from . import chip as chips
from .air import GATEWAY
from .clock import now_us
from .ram import WIFI

_NO_ANSWER, _UNREACHABLE = -1, -2
_PWDN = 14  # of a board's camera pins


class Requests:
    """Acts upon the messages of device/_sim.py; `supervisor` does the resets."""

    def __init__(self, world, supervisor):
        self._world = world
        self._chip = world.chip
        self._supervisor = supervisor
        self.boot = self.main = True  # what this start is to run

    def handle(self, message):
        """Act upon one message, and answer it if it is a question."""
        number = message.pop("ask", None)
        ((name, value),) = message.items()
        self._world.pass_time()
        result = getattr(self, "_" + name)(value)
        self._world.pass_time()
        if number is not None:
            self._supervisor.link.send(ask=number, **result)

    def _hello(self, _):
        world, chip = self._world, self._chip
        return {
            "image": world.image,
            "slow_flash": world.slow_flash,
            "flash_faults": world.flash_faults,
            "fair": world.fair,
            "card": world.card and {"image": str(world.card.path), "slot": str(world.card.slot)},
            "frame": str(world.sensor.path),
            "frame_bytes": world.profile.frame_bytes,
            "chip": world.profile.chip,
            "psram": world.profile.psram,
            "micropython": world.profile.micropython,
            "modules": world.profile.modules,
            "boot": self.boot,
            "main": self.main,
            "speed": int(world.clock.speed * 100),  # the device counts in integers
            "rtc_ms": chip.rtc_ms(),
            "memory": chip.memory,
            "ticks_us": chip.ticks_us(),
            "at_us": now_us(),  # last: a board may be late, but not early
            "stopped": chip.is_stopped(),
            "cause": chip.cause,
            "wake": chip.wake,
            "bounces": chip.bounces_now(),
            "pins": {str(pin): level for pin, level in chip.levels.items()},
            "driven": {str(pin): level for pin, level in chip.driven.items()},
            "pulls": {str(pin): pull for pin, pull in chip.pulls.items()},
            "kept": chip.kept,
            "net": world.net(),
            "ap": world.access_point,
            "ap_port": world.ap_port,
        }

    def _lost(self, us):
        ms = us / 1000 * self._world.clock.speed
        self._world.clock.advance(-ms)
        self._world.lost_ms += ms

    def _ready(self, _):
        self._supervisor.ready()

    def _binary(self, on):
        self._supervisor.binary(on)
        return {}

    def _reset(self, how):
        self._supervisor.reset(chips.SOFT_RESET if how == "soft" else chips.HARD_RESET, True)

    def _panic(self, _):
        self._supervisor.panic()

    def _deepsleep(self, ms):
        self._supervisor.sleep(ms)

    def _wdt(self, ms):
        self._chip.watch(ms)

    def _feed(self, _):
        self._chip.feed()

    def _timer(self, value):
        number, goes_round = value
        (self._chip.timers.add if goes_round else self._chip.timers.discard)(number)

    def _timer_started(self, number):
        return {"stopped": self._chip.timer_started(number)}

    def _ext0(self, value):
        self._chip.ext0 = value or ()

    def _ext1(self, value):
        self._chip.ext1 = value or ()

    def _kept(self, value):
        name, kept = value
        self._chip.kept[name] = kept

    def _out(self, value):
        pin, level = value
        if level is None:
            self._chip.driven.pop(pin, None)
        else:
            self._chip.driven[pin] = level

    def _pull(self, value):
        pin, pull = value
        self._chip.pulls[pin] = pull

    def _hold(self, value):
        self._chip.hold(*value)

    def _rtc_ms(self, ms):
        self._chip.rtc_ms(ms)

    def _memory(self, value):
        self._chip.memory = value

    def _adc(self, number):
        return {"mv": self._world.on_pin(number), "radio": self._world.air.is_on()}

    def _ntp(self, server):
        world = self._world
        names = {address: name for name, address in world.time_servers.items()}
        server = names.get(server, server)
        if not world.air.joined():
            return {"answer": _UNREACHABLE}
        near = server == GATEWAY or world.air.internet
        if not world.ntp or server in world.dead_ntp or not near:
            return {"answer": _NO_ANSWER}
        wrong_ms = int(world.wrong_ntp.get(server, 0) * 1000)
        return {"answer": world.clock.world_ms() + wrong_ms}

    def _name(self, host):
        # The time servers are here; all other names this computer knows.
        if not host.startswith(("ntp", "time.", "pool.ntp")):
            return {"answer": None}
        known = self._world.time_servers
        return {"answer": known.setdefault(host, "192.0.2.{}".format(len(known) + 1))}

    def _ram(self, question):
        # TLS alone asks: (the connection's number, whether it begins).
        number, begins = question
        if begins:
            return {"room": self._world.ram.take_tls(number)}
        self._world.ram.give("tls " + str(number))
        return {}

    def _wlan(self, question):
        if question[0] == "init":
            # esp_wifi_init() takes its memory once, and nobody calls esp_wifi_deinit().
            room = self._world.ram.take("wifi", WIFI)
            return {"answer": None} if room else {"error": "WiFi Out of Memory"}
        try:
            result = {"answer": self._world.air.answer(*question)}
        except OSError as e:
            result = {"error": str(e)}
        self._supervisor.tell_net()
        return result

    def _ap(self, ap):
        self._world.access_point = ap
        return {}

    def _door(self, value):
        port, real = value
        self._world.doors[port] = real

    def _advanced(self, count):
        self._supervisor.advanced = count

    def _camera(self, question):
        # Whoever hears of frames and reads the output is to have both in order.
        self._supervisor.drain()
        pins = self._world.profile.camera_pins
        if question[0] == "start" and pins and self._chip.held.get(pins[_PWDN]):
            return {"error": "no camera"}  # its power is held off
        return self._world.sensor.answer(*question)

# What people wire, looked at on the board: SD card, lamps, motion sensor, the way into setup. Runs
# behind device.py, whose names it uses.

# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

_REMEDIES.update(
    card="take another card",
    led="check camera.board",
    light="check camera.board",
    sensor="check trigger.pir_pin",
    battery="check battery.pin",
    setup="python -m tools deploy PORT",
)
_BLOCK = 4096
_NO_PIN = 255  # safemode's
_FLOATS = 12  # changes of the line in the time of one wave


def card():
    config = have["config"]
    if not config.on_card():
        return "not used: outbox.path is on the flash"
    from thingscam.outbox.card import MOUNT, CardOutbox

    box = CardOutbox(config.outbox.path, config.outbox.max_bytes)
    if box.fault:
        raise Trouble(box.fault, "more: docs/troubleshooting.md, The SD card is not found")
    path, wrote = MOUNT + "/doctor.tmp", bytes(range(256)) * (_BLOCK // 256)
    try:
        with open(path, "wb") as file:
            file.write(wrote)
        with open(path, "rb") as file:
            same = file.read(_BLOCK + 1) == wrote
        os.remove(path)
    except OSError as e:
        raise Trouble("writing failed: %s" % e, "take another card")
    if not same:
        raise Trouble("what was written reads back different", "take another card")
    found = os.statvfs(MOUNT)
    text = "%d of %d MB free, %d waiting, written and read"
    size = found[0] / 1048576
    return text % (found[3] * size, found[2] * size, len(box))


def led():
    profile = have["profile"]
    if profile.led is None:
        return "none is known on this board"
    _flash(profile.led, profile.led_low, (0.3, 0.3, 0.3))
    return "GPIO%d was lit three times" % profile.led


def light():
    profile = have["profile"]
    if profile.lamp is None:
        return "none is known on this board"
    _flash(profile.lamp, False, (1,))
    if profile.lamp == profile.light:
        return "GPIO%d was lit for a second" % profile.lamp
    text = "GPIO%d was high for a second (infra-red shows in a phone's camera)"
    return text % profile.lamp


def sensor():
    from thingscam.board import chip

    wave_s = have.get("wave_s", 0)
    number = have["config"].trigger.pir_pin
    if number is None:
        return "none: trigger.pir_pin is null"
    pin = chip.input_pin(number)
    level = have.setdefault("level", pin.value())  # as it was before anybody waved
    if not wave_s:
        return "GPIO%d is %s" % (number, "high" if level else "low")
    changes, rose = 0, None
    start = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), start) < wave_s * 1000:
        if pin.value() != level:
            level = 1 - level
            changes += 1
            if level and rose is None:
                rose = time.ticks_diff(time.ticks_ms(), start) / 1000
                start = time.ticks_ms()
                wave_s = 1  # how it goes on tells a sensor from a wire
        time.sleep(0.005)
    if changes > _FLOATS:
        text = "GPIO%d changed %d times: nothing drives it" % (number, changes)
        raise Trouble(text, "check the wire to the sensor's OUT, and GND")
    if rose is not None:
        return "GPIO%d went high after %.1f s" % (number, rose)
    if level:
        text = "GPIO%d stayed high" % number
        raise Trouble(text, "set the sensor's time (Tx) to its minimum, and check its GND")
    text = "GPIO%d stayed low" % number
    raise Trouble(text, "check OUT and supply of the sensor: it needs a minute after power-on")


def battery():
    config = have["config"]
    if "battery" not in config.extras or config.battery.pin is None:
        return "not measured: battery.pin is null"
    from thingscam.board.adc import NoVoltageError, read_mv

    settings = config.battery
    try:
        on_pin = read_mv(settings.pin)
    except NoVoltageError as e:
        remedy = "check the two resistors, and the wires to battery, GND and pin"
        raise Trouble("GPIO%d %s" % (settings.pin, e), remedy)
    volts = on_pin * settings.divider / 1000
    found = "%.2f V, %d mV on GPIO%d" % (volts, on_pin, settings.pin)
    # What the levels are made for is hardly so far away: a cell has 2.5 to 4.3 V, by 3.4 and 3.8.
    if not settings.critical_v * 0.7 < volts < settings.charged_v * 1.2:
        text = "%s: no battery of these levels has that" % found
        raise Trouble(text, "compare with a multimeter: is battery.divider right?")
    if volts < settings.critical_v:
        raise Trouble("%s: critical" % found, "charge it: the camera would sleep now")
    return ("%s: low" if volts < settings.low_v else "%s: good") % found


def setup():
    from thingscam.safemode import free_pin
    from thingscam.setup.point import name, own_password
    from thingscam.setup.watch import pin_of

    config = have["config"]
    used = "setup" in config.extras
    # The password itself is told by no step.
    if used and config.setup.password:
        key = "password as in setup.password"
    elif own_password():
        key = "password as printed on the console"
    else:
        key = "no password yet: it is made as setup opens"
    number = pin_of(config) if used else None
    if not used:
        running = "no pin, for setup.password or setup.pin is not set"
    elif number is None:
        running = "no pin, for setup.pin is null, or sensor, lamp or card have the usual one"
    else:
        running = "GPIO%d held to GND for 3 s" % number
    number = free_pin()
    starting = "no pin" if number == _NO_PIN else "GPIO%d held for 3 to 10 s" % number
    text = "Wi-Fi %s, %s; while it runs: %s; at its start: %s"
    return text % (name(), key, running, starting)


def _flash(number, low, seconds):
    from thingscam.board.chip import Light

    lamp = Light(number, low)
    for each in seconds:
        lamp(True)
        time.sleep(each)
        lamp(False)
        time.sleep(0.3)

# Runs MicroPython as the chip would: starts, resets, sleeps, the REPL, the line to both sides.

import math
import os
import selectors
import signal
import threading
import time

from . import chip as chips
from .console import Console
from .link import Link
from .process import Process
from .replwatch import ReplWatch
from .requests import Requests

_PANIC = b"Guru Meditation Error: Core 0 panic'ed (LoadProhibited). Exception was unhandled.\r\n"
_LOOK_S = 0.02  # nothing tells when a port is opened, or a battery is empty: looked at so often


class Supervisor:
    """The thread that is the board, but for the program.

    `world` has what is around the chip: clock, chip, air, sensor, port, profile, image.
    `lock` guards all of it; wake() after a change from outside.
    """

    def __init__(self, world, folder):
        self.lock = threading.RLock()
        self.console = Console()
        self.starts = 0
        self.advances = 0  # jumps in time
        self.advanced = 0  # the last that the program has taken note of
        self._world = world
        self._path = folder + "/line"
        self.link = Link(self._path)
        self._requests = Requests(world, self)
        self._process = None
        self._selector = selectors.DefaultSelector()
        self._alarm, self._alarmed = os.pipe()
        self._stopping = self._closed = False
        self._early = b""  # input that came before the program could take it
        self._ready = False
        self._last_due = None  # when the watchdog is to bark, if it has had its second
        self._later = []
        self._repl = ReplWatch(lambda: self._send(b"\x01"))
        self._told_net = None
        self._starved = False  # the battery has switched it off
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)

    def start(self):
        """Start the thread; the chip starts with power_on()."""
        self._selector.register(self._alarm, selectors.EVENT_READ, self._on_alarm)
        self._selector.register(self.link.server, selectors.EVENT_READ, self._on_connect)
        self._thread.start()

    def stop(self):
        """End the process and the thread."""
        self._stopping = True
        if self._thread.ident is None:
            self._close()
        else:
            self.wake()
            self._thread.join()

    def wake(self):
        """Have the thread look at what has changed."""
        with self.lock:
            if not self._closed:
                os.write(self._alarmed, b"!")

    def later(self, ms, action):
        """Have action() called after `ms` of board time."""
        with self.lock:
            self._later.append((self._world.clock.now_ms() + ms, action))
        self.wake()

    def power_on(self):
        """Start the chip cold."""
        with self.lock:
            if not self._closed:
                self._world.chip.power_on()
                self._cold_start()
        self.wake()

    def power_off(self):
        """Kill the program; all but the flash is lost. What it had printed is seen."""
        with self.lock:
            if self._process is not None:
                self._process.kill()
                self.drain()
            self._end_process()
            self._world.chip.power_off()
            self._world.switched_off()
            if self._world.card is not None:
                self._world.card.lose_power()

    def reset(self, cause, orderly=False):
        """Restart for one of the causes in chip.py; `orderly`: the program asked for it."""
        self.drain()
        self._end_process()
        self._world.chip.reset(cause, orderly)
        if cause == chips.SOFT_RESET:
            self._warm_start()
        else:
            self._cold_start()

    def panic(self):
        """An error in C: the panic handler restarts the chip, as machine.reset() does to see.

        Returns whether there was a program to run into one.
        """
        with self.lock:
            runs = self._world.chip.state == chips.RUNNING and not self._closed
            if runs:
                if self._process is not None:
                    self._process.kill()  # it says no more
                self.drain()
                self._put_out(_PANIC)
                self.reset(chips.HARD_RESET)
        self.wake()
        return runs

    def sleep(self, ms):
        """Begin a deep sleep."""
        self.drain()
        self._end_process()
        self._world.chip.sleep(ms)
        self._world.switched_off()

    def ready(self):
        """The program's modules are there: it may have its input."""
        self._ready = True
        early, self._early = self._early, b""
        self._send(early)

    def binary(self, on):
        """Output is binary data from here on, and so is input."""
        self.drain()
        if self._process is not None:
            self._process.binary = on

    def drain(self):
        """Take the output that was there before a message."""
        while self._process is not None:
            data = self._process.read()
            if not data:
                return
            self._put_out(data)

    def tell_net(self):
        """Have the sockets know what has become of the network."""
        net = self._world.net()
        if net != self._told_net:
            self._told_net = net
            self.link.send(event="net", **net)

    def _run(self):
        try:
            while not self._stopping:
                for key, _ in self._wait():
                    with self.lock:
                        key.data()
                with self.lock:
                    self._step()
        finally:
            self._close()

    def _close(self):
        with self.lock:
            self._closed = True
            self._end_process()
            self._world.chip.power_off()
            self.link.close()
            self._selector.close()
            os.close(self._alarm)
            os.close(self._alarmed)
            self._world.port.close()

    def _wait(self):
        # What the selector finds until something is due; while nobody has the port open, no
        # longer than until somebody has.
        with self.lock:
            patience = self._patience_s()
            port = self._world.port
            is_watched = port.fd in self._selector.get_map()
        if is_watched:
            return self._selector.select(patience)
        end = math.inf if patience is None else time.monotonic() + patience
        while True:
            left = end - time.monotonic()
            found = self._selector.select(min(max(left, 0), _LOOK_S))
            if found or left <= _LOOK_S:
                return found
            with self.lock:  # who switches it on writes to the port meanwhile
                if port.is_wanted():
                    return found

    def _patience_s(self):
        world = self._world
        due = [world.chip.next_ms(), world.air.next_ms()]
        due.extend(moment for moment, _ in self._later)
        waits = [world.clock.real_s(moment) for moment in due if moment is not None]
        if self._is_behind() or world.battery is not None:
            waits.append(_LOOK_S)
        return min(waits, default=None)

    def _is_behind(self):
        return self._process is not None and self._process.is_behind()

    def _step(self):
        world = self._world
        world.pass_time()
        self._watch_port()
        if self._process is not None:
            self._process.flush()
        now = world.clock.now_ms()
        for entry in [entry for entry in self._later if entry[0] <= now]:
            self._later.remove(entry)
            entry[1]()
        world.air.step()
        self.tell_net()
        if world.battery is not None:
            self._power_fails_or_comes(world.battery)
        if world.chip.state == chips.ASLEEP:
            wake = world.chip.wake_cause()
            if wake:
                world.chip.wake_up(wake)
                self._cold_start()
        elif world.chip.state == chips.RUNNING and world.chip.is_hanging():
            if not world.fair or world.chip.wdt_due == self._last_due:
                self._bark()
            else:
                # This computer may have had no time for it: a real second to tell so.
                world.chip.wdt_due += 1000 * world.clock.speed
                self._last_due = world.chip.wdt_due

    def _power_fails_or_comes(self, battery):
        if battery.is_empty() and self._world.chip.state != chips.OFF:
            self._starved = True
            self.power_off()
        elif self._starved and battery.is_back():
            self._starved = False
            self.power_on()

    def _bark(self):
        # At the prompt a board's timers go on, and one may feed the watchdog; these here run
        # as soon as there is a program again.
        if self._world.chip.timers and self._process and not self._process.is_busy():
            self._world.chip.feed()
            return
        self._put_out(b"E (0) task_wdt: Task watchdog got triggered.\r\n")
        self.reset(chips.WDT_RESET)

    def _cold_start(self):
        self._world.switched_off()
        self._put_out(self._world.chip.rom_text().encode())
        self._repl.raw = False  # behind what may still show a raw REPL's last words
        self._start_process(True, True)

    def _warm_start(self):
        if not self._world.profile.keeps_camera:
            self._world.sensor.reset()
        self._put_out(b"MPY: soft reboot\r\n")
        self._start_process(True, not self._repl.raw)

    def _start_process(self, boot, main):
        self.starts += 1
        self._requests.boot, self._requests.main = boot, main
        self._ready = False
        self._told_net = None
        self._repl.started()
        self._process = Process(self._world.profile.heap, [self._path])
        self._selector.register(self._process.fd, selectors.EVENT_READ, self._on_output)

    def _end_process(self, has_ended=False):
        process, self._process = self._process, None
        self._close_line()
        if process is None:
            return None
        self._selector.unregister(process.fd)
        self._early = b""
        return process.wait() if has_ended else process.end()

    def _close_line(self):
        if self.link.line is not None:
            self._selector.unregister(self.link.line)
            self.link.hang_up()

    def _on_alarm(self):
        os.read(self._alarm, 4096)

    def _on_connect(self):
        self._close_line()
        line = self.link.accept()
        if line is not None:
            self._selector.register(line, selectors.EVENT_READ, self._on_line)

    def _on_line(self):
        messages = self.link.receive()
        if messages is None:
            self._close_line()
            return
        process = self._process
        for message in messages:
            if self._process is not process:
                return  # what a program says after its end, nobody hears
            self._requests.handle(message)

    def _on_output(self):
        if self._process is None:
            return
        data = self._process.read()
        if data is None:
            self._ended(self._process)
        elif data:
            self._put_out(data)

    def _ended(self, process):
        code = self._end_process(True)
        if code == -signal.SIGINT or (code == 1 and process.interrupted):
            # Two Ctrl-C at a time, or one between program and REPL, end the unix port.
            self._start_process(False, False)
        elif code is not None and code < 0:
            self.panic()
        else:
            self.reset(chips.SOFT_RESET)

    def _send(self, data):
        if self._process is not None:
            self._process.send(data)

    def _watch_port(self):
        port = self._world.port
        entry = self._selector.get_map().get(port.fd)
        if port.is_open():
            port.flush()
            events = selectors.EVENT_READ
            if port.is_behind():
                events |= selectors.EVENT_WRITE
            if entry is None:
                self._selector.register(port.fd, events, self._on_port)
            elif entry.events != events:
                self._selector.modify(port.fd, events, self._on_port)
        else:
            self._on_port()  # what was written and closed within a moment
            if entry is not None:
                self._selector.unregister(port.fd)

    def _on_port(self):
        data = self._world.port.read()
        if not data or self._process is None:
            return
        if self._ready:
            self._send(data)
        else:
            self._early += data

    def _put_out(self, data):
        data = self._repl.feed(data)
        if data:
            self._world.port.write(data)
            self.console.put(data)

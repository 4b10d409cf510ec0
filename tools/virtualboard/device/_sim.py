# The board's end of the line to the supervisor, and the place where interrupts happen.
#
# On an ESP32 an interrupt puts its callback into a queue of eight; the interpreter takes one
# from there at a jump, and in calls that wait and say so (py/scheduler.c, ports/esp32: a sleep,
# a poll, what a socket waits for). Here it does so in every sleep, poll, socket call, tick and
# pin reading: the one thread that there is looks for messages there, so nothing can happen in
# the middle of anything else. In hold() and block() it does not.
#
# Messages are packets, one JSON object each: a Ctrl-C that ends a wait half-way cannot break
# one in two.

import json
import select
import socket
import sys
import time

_SEQPACKET = 5  # SOCK_SEQPACKET
_EVENT = 512  # bytes, the longest message that is no answer
_ANSWER = 8192

state = {}
link = None
_poll = None
_number = 0  # of the last question
_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of ports/esp32/mpconfigport.h
_queue = []  # (callback, argument) that wait for their turn
_handlers = {}
_timers = []
_stopped = None  # the ticks at which they stopped for good
_busy = False  # a callback runs: no other does, the scheduler is locked
# Real microseconds: how often what was lost is looked for, and less than that is none.
_LOOK_US = 20000
_NONE_US = 2000
_looked_us = _looked_cpu = 0
_shown = 0  # the last ticks that were told
_rested = 0  # real microseconds that it meant to sleep, since it looked


def connect(path):
    """Open the line, and learn the board's state."""
    global link, _poll, _looked_us, _looked_cpu
    link = socket.socket(socket.AF_UNIX, _SEQPACKET)
    link.connect(b"\x01\x00" + path.encode() + b"\x00")  # struct sockaddr_un
    _poll = select.poll()
    _poll.register(link, select.POLLIN)
    _looked_cpu = int(time.clock() * 1000000)
    state.update(ask(_ANSWER, hello=1))
    # When it was said, not when it is heard: a busy computer takes its time in between.
    state["begin"] = _looked_us = state.pop("at_us")
    state["rtc_ms"] -= state["ticks_us"] // 1000
    if state["stopped"]:
        stop_ticks()


def ticks_us():
    """Return the microseconds of board time since the last start that was no soft reset."""
    if _stopped is not None:
        return _stopped
    global _shown
    now = time.ticks_us()
    if now - _looked_us >= _LOOK_US:
        _give_back(now)
    ticks = (now - state["begin"]) * state["speed"] // 100 + state["ticks_us"]
    if ticks > _shown:  # what was shown cannot be given back
        _shown = ticks
    return _shown


def _give_back(now):
    # Real time in which this process neither worked nor meant to sleep: the computer had no
    # time for it. On a board that asked for it (`fair`) it is none of the board's.
    global _looked_us, _looked_cpu, _rested
    cpu = int(time.clock() * 1000000)
    lost = now - _looked_us - (cpu - _looked_cpu) - _rested
    _looked_us, _looked_cpu, _rested = now, cpu, 0
    if lost > _NONE_US and state.get("fair"):
        state["begin"] += lost
        tell(lost=lost)


def stop_ticks():
    """Have the ticks stand still until the chip restarts: esp_timer has stopped."""
    global _stopped
    _stopped = ticks_us()


def rtc_ms():
    """Return the board's clock: milliseconds since 2000."""
    return state["rtc_ms"] + ticks_us() // 1000


def firmware():
    """Return the firmware's (build, machine), as its board and variant in ports/esp32/boards."""
    if state["chip"] == "esp32":
        if state["psram"]:
            return "ESP32_GENERIC-SPIRAM", "Generic ESP32 module with SPIRAM with ESP32"
        return "ESP32_GENERIC", "Generic ESP32 module with ESP32"
    # All known boards with an S3 have octal PSRAM.
    name = "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3"
    return "ESP32_GENERIC_S3-SPIRAM_OCT", name


def keep(name, value):
    """Have state["kept"][name] be this until the chip restarts: C's own memory."""
    state["kept"][name] = value
    tell(kept=[name, value])


def on(event, handler):
    """Have handler(message) called for each event of this name, whatever else goes on.

    What it changes has changed; a program's callback goes through schedule().
    """
    _handlers[event] = handler


def tell(**message):
    """Send a message."""
    link.send(json.dumps(message).encode())


def ask(size=_EVENT, **message):
    """Send a question and return the answer, a dict, of `size` bytes at most."""
    global _number
    _number += 1
    message["ask"] = _number
    tell(**message)
    while True:
        found = json.loads(link.recv(size))
        if found.get("ask") == _number:
            return found
        _note(found)


def halt():
    """Stop here: the supervisor ends the process."""
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass


def schedule(callback, argument):
    """Have a program's callback(argument) called when its turn comes; lost if eight wait.

    As mp_sched_schedule(); an interrupt does not look at what it returns.
    """
    if len(_queue) < _DEPTH:
        _queue.append((callback, argument))


def _call(callback, argument):
    # As mp_call_function_1_protected() in py/runtime_utils.c: whatever it raises, a Ctrl-C
    # that comes meanwhile too, is printed, and that is all.
    try:
        callback(argument)
    except BaseException as e:
        sys.print_exception(e)


def wait(board_us):
    """Let so much board time pass; handlers run meanwhile."""
    end = ticks_us() + board_us
    while True:
        pump()
        if ticks_us() >= end:
            return
        doze(_poll, end)


def hold(board_us):
    """Let so much board time pass in which no callback runs.

    Without a jump, for what must not be left half-way: see block() for longer times.
    """
    global _rested
    us = board_us * 100 // state["speed"]
    time.sleep_us(us)
    _rested += us


def block(board_us):
    """Let so much board time pass in C: no callback runs, and a Ctrl-C comes at its end.

    Interrupts put their callbacks into the queue meanwhile, until it is full.
    """
    end = ticks_us() + board_us
    interrupted = False
    while True:
        try:
            take()
            us = (end - ticks_us()) * 100 // state["speed"]
            rest(_poll, us)
            if us < 1000:
                break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt


def doze(poll, end):
    """Sleep until `poll` (which has `link`) finds something, or board time `end` (or None).

    Returns early for the next timer. What is there is left where it is.
    """
    if _queue and not _busy:
        return
    for timer in () if _busy else _timers:
        if end is None or timer.due_us < end:
            end = timer.due_us
    rest(poll, None if end is None else (end - ticks_us()) * 100 // state["speed"])


def rest(poll, us):
    """Sleep for `us` of real time (None: without end), less if `poll` finds something.

    What is there is left where it is. Less than a millisecond is slept in any case.
    """
    global _rested
    begin = time.ticks_us()
    if us is not None and us < 1000:
        time.sleep_us(max(0, us))
    else:
        for _ in poll.ipoll(-1 if us is None else us // 1000):
            break
    took = time.ticks_us() - begin
    _rested += took if us is None else min(took, max(0, us))


def pump():
    """Take the messages that are there, and run one callback unless one is running."""
    global _busy
    take()
    if _busy:
        return
    _busy = True
    try:
        if _timers:
            _fire()
        # One, as mp_sched_run_pending(): so the program gets on, too.
        if _queue:
            _call(*_queue.pop(0))
    finally:
        _busy = False


def take():
    """Take the messages that are there: what they change has changed, but no callback runs."""
    while True:
        for _ in _poll.ipoll(0):
            break
        else:
            return
        _note(json.loads(link.recv(_EVENT)))


def _note(message):
    # An answer whose question was interrupted is nobody's.
    # What comes before the answer to hello is in that answer.
    if "event" in message and "begin" in state:
        _handlers[message["event"]](message)


def _fire():
    now = ticks_us()
    for timer in tuple(_timers):
        if timer in _timers and timer.due_us <= now:
            timer.fire(now)


def add_timer(timer):
    """Have timer.fire(now) called when its due_us, board time, has come."""
    if timer not in _timers:
        _timers.append(timer)


def drop_timer(timer):
    """The opposite."""
    if timer in _timers:
        _timers.remove(timer)


def _advance(message):
    state["ticks_us"] += message["ms"] * 1000
    tell(advanced=message["count"])


def _speed(message):
    # Since the world's clock goes at it, as above.
    state["ticks_us"] += (message["at_us"] - state["begin"]) * state["speed"] // 100
    state["begin"] = message["at_us"]
    state["speed"] = message["speed"]


def _net(message):
    state["net"] = message


_handlers.update({"advance": _advance, "speed": _speed, "net": _net})

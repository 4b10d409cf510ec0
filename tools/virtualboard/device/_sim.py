# The board's end of the line to the supervisor, and the place where interrupts happen.
#
# On an ESP32 a soft interrupt handler runs between two bytecodes and inside every blocking
# call. Here it runs in every sleep, poll, socket call, tick and pin reading: the one thread
# that there is looks for messages there, so nothing can happen in the middle of anything else.
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
_waiting = []  # events not acted upon
_handlers = {}
_timers = []
_busy = False  # a handler runs: the next waits, as in MicroPython's scheduler


def connect(path):
    """Open the line, and learn the board's state."""
    global link, _poll
    link = socket.socket(socket.AF_UNIX, _SEQPACKET)
    link.connect(b"\x01\x00" + path.encode() + b"\x00")  # struct sockaddr_un
    _poll = select.poll()
    _poll.register(link, select.POLLIN)
    begin = time.ticks_us()
    state.update(ask(_ANSWER, hello=1))
    state["begin"] = begin
    state["rtc_ms"] -= state["ticks_us"] // 1000


def ticks_us():
    """Return the microseconds of board time since the last start that was no soft reset."""
    return (time.ticks_us() - state["begin"]) * state["speed"] // 100 + state["ticks_us"]


def rtc_ms():
    """Return the board's clock: milliseconds since 2000."""
    return state["rtc_ms"] + ticks_us() // 1000


def on(event, handler):
    """Have handler(message) called for each event of this name."""
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


def call(handler, argument):
    """Call a program's handler as MicroPython's scheduler does: an exception is printed."""
    try:
        handler(argument)
    except Exception as e:
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
    """Let so much board time pass in which no handler runs."""
    time.sleep_us(board_us * 100 // state["speed"])


def doze(poll, end):
    """Sleep until `poll` (which has `link`) finds something, or board time `end` (or None).

    Returns early for the next timer. What is there is left where it is.
    """
    for timer in () if _busy else _timers:
        if end is None or timer.due_us < end:
            end = timer.due_us
    if end is None:
        ms = -1
    else:
        us = (end - ticks_us()) * 100 // state["speed"]
        if us < 1000:
            time.sleep_us(max(0, us))
            return
        ms = us // 1000
    for _ in poll.ipoll(ms):
        return


def pump():
    """Take the messages that are there, and run their handlers unless one is running."""
    global _busy
    for _ in _poll.ipoll(0):
        while _take():
            pass
    if _busy:
        return
    _busy = True
    try:
        while _waiting:
            _act(_waiting.pop(0))
        if _timers:
            _fire()
    finally:
        _busy = False


def _take():
    _note(json.loads(link.recv(_EVENT)))
    for _ in _poll.ipoll(0):
        return True
    return False


def _note(message):
    # An answer whose question was interrupted is nobody's.
    # What comes before the answer to hello is in that answer.
    if "event" not in message or "begin" not in state:
        return
    if message["event"] in _states:
        _states[message["event"]](message)
    else:
        _waiting.append(message)


def _act(message):
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
    state["ticks_us"] = ticks_us()
    state["begin"] = time.ticks_us()
    state["speed"] = message["speed"]


def _net(message):
    state["net"] = message


# What is no interrupt, but holds at once.
_states = {"advance": _advance, "speed": _speed, "net": _net}

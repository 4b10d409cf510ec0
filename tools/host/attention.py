# A program stopped that may be up for seconds only: a deep sleeper between two sleeps.

import time

_STOP = b"\x03\x02"  # Ctrl-C ends a program, Ctrl-B a raw REPL
_PROMPT = b">>> "
# One that is being stopped may have a picture to write first, in silence. What still talks was
# not stopped: a chip that starts loses what is sent to it, until its first words.
_SILENT_S = 1
_TALKS_S = 0.3
_LOOK_S = 0.005


def catch(line, end):
    """Stop the program behind the serial `line`, running or asleep; return whether it has.

    `end` is when to give up, in seconds of time.monotonic(). Raises OSError.
    """
    tail, sent = b"", None
    while True:
        count = line.inWaiting()
        now = time.monotonic()
        if count:
            tail = (tail + line.read(count))[-len(_PROMPT) :]
            if sent is not None and tail == _PROMPT:
                return True
        if now > end:
            return False
        if sent is None or now - sent > (_TALKS_S if count else _SILENT_S):
            line.write(_STOP)
            sent = now
        elif not count:
            time.sleep(_LOOK_S)

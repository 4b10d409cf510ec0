# What is done about a failed upload: one of four actions. Which error code asks for which, and
# what to look at, stands in advice.py, which is loaded when there is one.

from thingscam.util.compat import unload

RETRY = "retry"  # keep the picture, try again after a growing pause
WAIT = "wait"  # keep the picture, the service asked for patience
DROP = "drop"  # this picture can never be accepted, go on with the next
STOP = "stop"  # nothing can be accepted until a person changes something

PACE = "the service's pace"  # why nothing goes, and nothing is wrong


def action(errcode):
    """Return what to do about an `errcode` (int): "retry", "wait", "drop" or "stop".

    A code that the documentation does not have is "retry": nothing is lost by it.
    """
    return find(errcode)[0]


def advice(errcode):
    """Return a few words on what a person should look at for an `errcode` (int)."""
    return find(errcode)[1]


def find(errcode):
    """Return (action(), advice()) for an `errcode` (int), looked up once."""
    try:
        from thingscam.cloud import advice as rows

        found = rows.find(errcode)
        unload("cloud.advice")
    except (OSError, ImportError, MemoryError):  # no memory for it, or the flash fails
        return RETRY, "see the service's documentation"
    return found or (RETRY, "not in the service's documentation")

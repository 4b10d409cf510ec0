# The service's error codes, and the action each asks for.
#
# Source: the table of error codes in ThingsCloud's "Device image upload" documentation.
# The actions are our reading of it. The errcode decides, never the HTTP status: errcode
# 413 (quota used up) and HTTP 413 (errcode 4005, too large) are different things.

RETRY = "retry"  # keep the picture, try again after a growing pause
WAIT = "wait"  # keep the picture, the service asked for patience
DROP = "drop"  # this picture can never be accepted, go on with the next
STOP = "stop"  # nothing can be accepted until a person changes something

# errcode, action, what a person should look at
_TABLE = (
    (4001, STOP, "set cloud.region"),
    (4002, STOP, "set cloud.project_key"),
    (4003, DROP, "the picture was empty"),
    (4004, DROP, "the picture is damaged or of another format"),
    (4005, DROP, "lower camera.quality or camera.frame_size"),
    (4006, STOP, "something between board and service changes the headers"),
    (1022, STOP, "check cloud.project_key"),
    (1480, STOP, "check cloud.access_token, and that the device is enabled in the console"),
    (1424, STOP, "give the device a device type in the console"),
    (1470, STOP, "check cloud.identifier against the device type in the console"),
    (1471, STOP, "make the attribute cloud.identifier a text in picture URL format"),
    (1023, STOP, "set up object storage (OSS) for the project in the console"),
    (4008, STOP, "check cloud.region"),
    (4009, RETRY, "stored, but the attribute was not updated"),
    (401, STOP, "check cloud.access_token"),
    (451, STOP, "enable the device in the console"),
    (402, STOP, "check the attribute cloud.identifier in the console"),
    (403, WAIT, "the device sends too many messages"),
    (413, WAIT, "the day's message quota is used up"),
    (4041, STOP, "check cloud.endpoint"),
    (4291, WAIT, "one picture in 10 s; does another sender use the same cloud.access_token?"),
    (4292, WAIT, "one picture in 10 s; does another sender use the same cloud.access_token?"),
    (5001, RETRY, "a fault of the service"),
)


def action(errcode):
    """Return what to do about an `errcode` (int): "retry", "wait", "drop" or "stop".

    A code that the documentation does not have is "retry": nothing is lost by it.
    """
    row = _find(errcode)
    return row[1] if row else RETRY


def advice(errcode):
    """Return a few words on what a person should look at for an `errcode` (int)."""
    row = _find(errcode)
    return row[2] if row else "not in the service's documentation"


def _find(errcode):
    for row in _TABLE:
        if row[0] == errcode:
            return row
    return None

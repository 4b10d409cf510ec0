# The service's error codes: the action each asks for, and what a person should look at.
#
# Source: the table of error codes in ThingsCloud's "Device image upload" documentation.
# The actions are our reading of it. The errcode decides, never the HTTP status: errcode
# 413 (quota used up) and HTTP 413 (errcode 4005, too large) are different things.

# errcode, action (as in errcodes.py), what a person should look at
_TABLE = (
    (4001, "stop", "set cloud.region"),
    (4002, "stop", "set cloud.project_key"),
    (4003, "drop", "the picture was empty"),
    (4004, "drop", "the picture is damaged or of another format"),
    (4005, "drop", "lower camera.quality or camera.frame_size"),
    (4006, "stop", "something between board and service changes the headers"),
    (1022, "stop", "check cloud.project_key"),
    (1480, "stop", "check cloud.access_token, and that the device is enabled in the console"),
    (1424, "stop", "give the device a device type in the console"),
    (1470, "stop", "check cloud.identifier against the device type in the console"),
    (1471, "stop", "make the attribute cloud.identifier a text in picture URL format"),
    (1023, "stop", "set up object storage (OSS) for the project in the console"),
    (4008, "stop", "check cloud.region"),
    (4009, "retry", "stored, but the attribute was not updated"),
    (401, "stop", "check cloud.access_token"),
    (451, "stop", "enable the device in the console"),
    (402, "stop", "check the attribute cloud.identifier in the console"),
    (403, "wait", "the device sends too many messages"),
    (413, "wait", "the day's message quota is used up"),
    (4041, "stop", "check cloud.endpoint"),
    (4291, "wait", "one picture in 10 s; does another sender use the same cloud.access_token?"),
    (4292, "wait", "one picture in 10 s; does another sender use the same cloud.access_token?"),
    (5001, "retry", "a fault of the service"),
)


def find(errcode):
    """Return (action, advice) for an `errcode` (int), None for an unknown one."""
    for row in _TABLE:
        if row[0] == errcode:
            return row[1:]
    return None

# `errno` with the numbers of the ESP32's C library, and no more names than py/moderrno.c.

errorcode = {
    1: "EPERM",
    2: "ENOENT",
    5: "EIO",
    9: "EBADF",
    11: "EAGAIN",
    12: "ENOMEM",
    13: "EACCES",
    17: "EEXIST",
    19: "ENODEV",
    21: "EISDIR",
    22: "EINVAL",
    95: "EOPNOTSUPP",
    104: "ECONNRESET",
    105: "ENOBUFS",
    111: "ECONNREFUSED",
    112: "EADDRINUSE",
    113: "ECONNABORTED",
    116: "ETIMEDOUT",
    118: "EHOSTUNREACH",
    119: "EINPROGRESS",
    120: "EALREADY",
    128: "ENOTCONN",
}
for _number, _name in errorcode.items():
    globals()[_name] = _number

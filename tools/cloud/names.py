# The names of pictures, which are the names of their objects too.

import datetime
import re

# 20260131T235959.123456Z-1a2b3c4d-000042.jpg: time, device, counter.
PICTURE = re.compile(r"(\d{8}T\d{6}\.\d{6})Z-([0-9a-f]{8})-(\d{6,})\.[a-z]{3,4}", re.ASCII)


def taken_in(name):
    """Return when the picture `name` was taken in (datetime, UTC).

    Raises ValueError when it is not a picture's name, or there is no such time.
    """
    match = PICTURE.fullmatch(name)
    if not match:
        raise ValueError(f"not a picture's name: {name!r}")
    return datetime.datetime.strptime(match[1] + "+0000", "%Y%m%dT%H%M%S.%f%z")

# What versions without an index kept: attributes and events as JSON, pictures without rows.
#
# It is taken over once, when the index is new, and stays where it is.

import contextlib
import hashlib
import json
import re

from ..index import Attribute, Event, Found
from ..index.pictures import number
from .files import remove_unfinished
from .pictures import details

DEVICES = "devices"

_FACT = "older"  # is there once it was looked for
_FILE = re.compile(r"([0-9a-f]{8})\.json", re.ASCII)
_AT_ONCE = 500  # pictures in one transaction


class OlderError(Exception):
    """A file of the folder holds no records; the text names it."""


def take_over(folder, index, objects):
    """Make known to a new `index` what an older version kept: return a line about it, or None.

    `folder` (pathlib.Path) has a file for each device, `objects` the pictures. Raises OSError,
    OlderError, StorageError, UnavailableError.
    """
    if index.fact(_FACT) is not None:
        return None
    files = []
    if folder.is_dir():
        remove_unfinished(folder)
        files = [path for path in sorted(folder.iterdir()) if _FILE.fullmatch(path.name)]
    # Each is read before the first is taken over: what is broken hinders all.
    found = [(path.stem, *_read(path)) for path in files]
    for label, attributes, events in found:
        index.records.adopt(label, attributes, events)
    pictures = sorted(((number(name), name, size) for name, size, _ in objects.names()))
    adopted = 0
    for start in range(0, len(pictures), _AT_ONCE):
        few = pictures[start : start + _AT_ONCE]
        adopted += index.pictures.adopt(list(_look_at(objects, few)))
    index.set_fact(_FACT, "")
    if not (found or adopted):
        return None
    return f"taken over from an older version: {adopted:,} pictures, {len(found):,} devices"


def _look_at(objects, pictures):
    for _, name, size in pictures:
        with contextlib.suppress(FileNotFoundError):  # it went away just now
            data = objects.get(name)
            known = vars(details(data))
            yield Found(name, size, hashlib.sha256(data).hexdigest(), **known)


def _attribute(value, at, by):
    if not (isinstance(value, (str, int, float)) and isinstance(at, (int, float))):
        raise TypeError
    return Attribute(value, at, by)


def _read(path):
    try:
        found = json.loads(path.read_bytes())
        attributes = {name: _attribute(*three) for name, three in found["attributes"].items()}
        return attributes, [Event(*three) for three in found["events"]]
    except (ValueError, RecursionError) as error:
        raise OlderError(f"{path}: is not JSON: {error}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise OlderError(f"{path}: is not a file of a device's attributes and events") from error

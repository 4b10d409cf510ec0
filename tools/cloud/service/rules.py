# The service's rules: its error codes, and what wins when several things are wrong.
#
# Source: ThingsCloud's "Device image upload" documentation. It does not say which mistake
# is reported first, nor how many bytes "500 KB" are: order and number here are our reading.
# Of the device interface its pages tell paths, headers and bodies, and that messages are limited;
# its errcodes are those that the upload's documentation tells of its attribute report. The rest
# is inferred.

import json

from ...host.harmless import is_deep
from .accounts import PICTURE_URL

# 500 * 1024, boundary included.
LIMIT_BYTES = 512000

# A message to the device interface: the body, and what is kept of a device. Inferred.
MESSAGE_BYTES = 65536
MOST_ATTRIBUTES = 200
NAME_SIGNS = 64
TEXT_SIGNS = 8192

_AUTHENTICATION = "Upload authentication failed"
_REPORT = "Device Attribute report failed"
_FREQUENCY = "Request frequency is too high, please wait for a moment."

# errcode -> HTTP status, message
ERRCODES = {
    4001: (400, "Missing Region header"),
    4002: (400, "Missing Project-Key header"),
    4003: (400, "Request body must be image binary data"),
    4004: (400, "Invalid image format"),
    4005: (413, "Image size exceeds limit"),
    4006: (400, "Missing Content-Type: application/octet-stream header"),
    1022: (400, _AUTHENTICATION),  # project unknown, or key invalid
    1480: (400, _AUTHENTICATION),  # device unknown or disabled
    1424: (400, _AUTHENTICATION),  # device without a device type
    1470: (400, _AUTHENTICATION),  # identifier not defined
    1471: (400, _AUTHENTICATION),  # identifier of the wrong data type
    1023: (400, _AUTHENTICATION),  # project without object storage
    4008: (400, "Region not found"),
    4009: (400, _REPORT),  # the upload service's own wrapper code
    401: (400, _REPORT),  # device unknown, or AccessToken invalid
    451: (400, _REPORT),  # device disabled
    402: (400, _REPORT),  # attribute data invalid
    403: (400, _REPORT),  # message rate too high
    413: (400, _REPORT),  # the day's messages used up
    4041: (404, "The requested endpoint does not exist"),
    4291: (429, _FREQUENCY),
    # The documentation does not say how 4292 differs from 4291; only a fault sends it.
    4292: (429, _FREQUENCY),
    5001: (500, "Internal server error"),
}


class RefusedError(Exception):
    """A request the service refuses, with its `errcode`."""

    def __init__(self, errcode):
        super().__init__(errcode)
        self.errcode = errcode


def check_head(headers):
    """Check an upload's `headers` (a case-insensitive mapping); return (Region, Project-Key).

    What they name is not asked. Raises RefusedError.
    """
    if _media_type(headers.get("Content-Type", "")) != "application/octet-stream":
        raise RefusedError(4006)
    region = headers.get("Region", "")
    if not region:
        raise RefusedError(4001)
    project_key = headers.get("Project-Key", "")
    if not project_key:
        raise RefusedError(4002)
    return region, project_key


def check_account(region, identifier, regions, project, device):
    """Check whether a picture of a device may be stored, its URL go to `identifier`; return it.

    `regions` holds those that exist; `project` has a region and storage, `device` what an
    accounts.Device has; None: there is none of that key or token. Raises RefusedError.
    """
    if region not in regions:
        raise RefusedError(4008)
    if project is None or project.region != region:
        raise RefusedError(1022)
    if device is None or not device.enabled:
        raise RefusedError(1480)
    if device.device_type is None:
        raise RefusedError(1424)
    if identifier not in device.device_type:
        raise RefusedError(1470)
    if device.device_type[identifier] != PICTURE_URL:
        raise RefusedError(1471)
    if not project.storage:
        raise RefusedError(1023)
    return device


def check_pace(opened, arrived, interval, errcode):
    """Raise RefusedError with `errcode` unless `interval` seconds lie between two requests.

    `opened` is when the last one passed, None: never; `arrived` when this one came. A last one
    that lies further ahead than that was before a clock was set back: it locks nobody out.
    """
    if opened is not None and abs(arrived - opened) < interval:
        raise RefusedError(errcode)


def check_quota(used, daily):
    """Raise RefusedError 413 for more messages than a day has; 0: no limit."""
    if daily and used > daily:
        raise RefusedError(413)


def check_length(length):
    """Check the size of a body, in bytes; None (not known yet) passes.

    Raises RefusedError 4005 above LIMIT_BYTES.
    """
    if length is not None and length > LIMIT_BYTES:
        raise RefusedError(4005)


def check_report(device):
    """Raise RefusedError if the account says that this device's attributes cannot be updated.

    Comes after the picture is stored: it stays stored.
    """
    if device.report_error is not None:
        raise RefusedError(device.report_error)


def check_known(device):
    """Return `device`; None: there is none. Raises RefusedError 401, or 451 if not enabled."""
    if device is None:
        raise RefusedError(401)
    if not device.enabled:
        raise RefusedError(451)
    return device


def attributes_in(headers, body, device):
    """Return the attributes in the `body` (bytes) of a message as a dict: name, value.

    A value is a text, number, true or false; None: it is to be removed. Raises RefusedError 402.
    """
    found = _object(headers, body)
    for name, value in found.items():
        _expect(0 < len(name) <= NAME_SIGNS and name.isprintable())
        _expect(value is None or isinstance(value, (str, int, float)))
        _expect(not isinstance(value, int) or abs(value) < 1 << 64)
        _expect(not isinstance(value, str) or len(value) <= TEXT_SIGNS)
        _expect(_fits(value, (device.device_type or {}).get(name)))
    _expect(found)
    return found


def event_in(headers, body, device=None):
    """Return the method (text) and params (dict) of an event in the `body` (bytes) of a message.

    Of which `device`, makes no difference.

    Raises RefusedError 402.
    """
    found = _object(headers, body)
    method, params = found.get("method"), found.get("params", {})
    _expect(isinstance(method, str) and 0 < len(method) <= NAME_SIGNS and method.isprintable())
    _expect(isinstance(params, dict))
    return method, params


def _object(headers, body):
    _expect(_media_type(headers.get("Content-Type", "")) == "application/json")
    try:
        found = json.loads(body.decode(), parse_constant=_no_number)
        # Half a character, as \ud83d alone, can be shown nowhere.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise RefusedError(402) from error
    _expect(isinstance(found, dict) and not is_deep(found))
    return found


def _no_number(name):
    raise ValueError(name)  # NaN and Infinity: Python reads them, JSON has none


def _expect(right):
    if not right:
        raise RefusedError(402)


def _fits(value, data_type):
    # What the account says of it; an attribute that it does not name may be anything.
    if value is None or data_type is None:
        return True
    if data_type == "boolean":
        return isinstance(value, bool)
    if data_type == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return isinstance(value, str) and data_type != "object"


def _media_type(value):
    # Parameters ("; charset=...") are tolerated, and case does not matter.
    return value.partition(";")[0].strip().lower()

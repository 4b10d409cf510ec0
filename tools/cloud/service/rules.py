# The service's rules: its error codes, and what wins when several things are wrong.
#
# Source: ThingsCloud's "Device image upload" documentation. It does not say which mistake
# is reported first, nor how many bytes "500 KB" are: order and number here are our reading.

from .accounts import PICTURE_URL

# 500 * 1024, boundary included.
LIMIT_BYTES = 512000

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


def admit(headers, token, identifier, accounts, pace, arrived):
    """Check everything that can be checked before the body is read; return the Device.

    `headers` is a case-insensitive mapping, `token` and `identifier` come from the path,
    `arrived` is the time the request arrived in seconds of the clock that `pace` is used
    with. Opens the device's rate window. Raises RefusedError with the first rule broken.
    """
    if _media_type(headers.get("Content-Type", "")) != "application/octet-stream":
        raise RefusedError(4006)
    region = headers.get("Region", "")
    if not region:
        raise RefusedError(4001)
    project_key = headers.get("Project-Key", "")
    if not project_key:
        raise RefusedError(4002)
    if region not in accounts.regions:
        raise RefusedError(4008)
    project = accounts.projects.get(project_key)
    if project is None or project.region != region:
        raise RefusedError(1022)
    device = project.devices.get(token)
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
    if not pace.admit(token, arrived):
        raise RefusedError(4291)
    return device


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


def read_access(headers, token, accounts):
    """Check a request that reads a device's attributes; return the Device.

    `headers` is a case-insensitive mapping. Raises RefusedError 4002, 1022 or 1480.
    """
    project_key = headers.get("Project-Key", "")
    if not project_key:
        raise RefusedError(4002)
    project = accounts.projects.get(project_key)
    if project is None:
        raise RefusedError(1022)
    device = project.devices.get(token)
    if device is None or not device.enabled:
        raise RefusedError(1480)
    return device


def _media_type(value):
    # Parameters ("; charset=...") are tolerated, and case does not matter.
    return value.partition(";")[0].strip().lower()

# Projects and their devices, from a JSON file or the ready default.

import hashlib
import json
import secrets
from dataclasses import dataclass

from ...host import textfile

# The data type an identifier must have: text, in picture URL format.
PICTURE_URL = "picture-url"
DATA_TYPES = (PICTURE_URL, "text", "number", "boolean", "object")
REPORT_ERRORS = (4009, 401, 451, 402, 403, 413)

DEFAULT_TEXT = """\
{
  "projects": {
    "demo-project-key": {
      "region": "demo",
      "storage": true,
      "devices": {
        "demo-camera": {
          "name": "Demo camera",
          "enabled": true,
          "device_type": {"image": "picture-url"},
          "report_error": null
        }
      }
    }
  }
}"""


class AccountsError(Exception):
    """The accounts cannot be used; the text names the file, the place in it, the fault."""


@dataclass(frozen=True)
class Device:
    """One device: `device_type` maps its identifiers to data types; None: not bound.

    `name` is what people call it, on the page and in the log.
    """

    token: str
    name: str
    enabled: bool
    device_type: dict[str, str] | None
    report_error: int | None

    @property
    def label(self):
        """Name of the device that may be shown to anyone; the AccessToken is a secret."""
        return _label(self.token)


@dataclass(frozen=True)
class Project:
    """One project: its devices by AccessToken; `storage`: object storage configured."""

    region: str
    storage: bool
    devices: dict[str, Device]


@dataclass(frozen=True)
class Accounts:
    """All projects by Project-Key."""

    projects: dict[str, Project]

    @property
    def regions(self):
        """The set of regions that exist: those of the projects."""
        return {project.region for project in self.projects.values()}

    def devices(self):
        """Return all devices of all projects, as a list."""
        return [d for project in self.projects.values() for d in project.devices.values()]

    def names(self):
        """Return {AccessToken: the device's name}."""
        return {device.token: device.name for device in self.devices()}

    def secrets(self):
        """Return all Project-Keys and AccessTokens, to be kept out of logs."""
        return set(self.projects) | {device.token for device in self.devices()}


def _label(token):
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def default():
    """Return the ready default: project `demo-project-key`, device `demo-camera`."""
    return parse(DEFAULT_TEXT, "default accounts")


def fresh(names):
    """Return accounts as JSON text: one project, new secrets, a device for each of `names`.

    Raises AccountsError for a name that cannot be one.
    """
    devices = {
        secrets.token_hex(8): {"name": name, "device_type": {"image": PICTURE_URL}}
        for name in names
    }
    project = {"region": "home", "devices": devices}
    text = json.dumps({"projects": {secrets.token_hex(8): project}}, indent=2, ensure_ascii=False)
    parse(text, "new accounts")
    return text


def load(path):
    """Read accounts from the JSON file at `path` (pathlib.Path).

    Raises AccountsError when it cannot be read or something in it is wrong.
    """
    try:
        text = textfile.read(path)
    except OSError as error:
        raise AccountsError(f"{path}: cannot be read: {error.strerror}") from error
    except textfile.TextError as error:
        raise AccountsError(str(error)) from error
    return parse(text, str(path))


def parse(text, source):
    """Make Accounts of JSON `text`; `source` names where it came from, for errors.

    Raises AccountsError at the first mistake.
    """
    try:
        found = json.loads(text, object_pairs_hook=_without_repeats)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise AccountsError(f"{source}: is not JSON: {place}: {error.msg}") from error
    except RecursionError as error:
        raise AccountsError(f"{source}: is not JSON that makes sense: nested too deep") from error
    except _RepeatedNameError as error:
        raise AccountsError(f"{source}: the name {error} stands twice in one object") from error
    return _accounts(_Place(source, "", found))


class _RepeatedNameError(Exception):
    pass


def _without_repeats(pairs):
    found = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedNameError(_shown(name))
        found[name] = value
    return found


class _Place:
    """A value in the file that knows where it stands, so that errors can say so."""

    def __init__(self, source, path, value):
        self.source = source
        self.path = path
        self.value = value

    def error(self, expected):
        where = f"{self.path}: " if self.path else ""
        return AccountsError(
            f"{self.source}: {where}expected {expected}, found {_shown(self.value)}"
        )

    def at(self, name):
        path = f"{self.path}.{name}" if self.path else name
        return _Place(self.source, path, self.value[name])

    def expect(self, right, expected):
        if not right:
            raise self.error(expected)
        return self.value

    def fields(self, required, optional=()):
        """Check an object's names; raise AccountsError for missing and unknown ones."""
        self.expect(isinstance(self.value, dict), "an object")
        for name in self.value:
            if name not in required and name not in optional:
                known = ", ".join([*required, *optional])
                raise AccountsError(
                    f"{self.source}: {self.at(name).path}: unknown name; known here: {known}"
                )
        for name in required:
            if name not in self.value:
                raise self.error(f'an object with "{name}"')

    def items(self):
        """Yield name and place of each member of an object of free names."""
        self.expect(isinstance(self.value, dict), "an object")
        for name in self.value:
            place = self.at(name)
            # Names stand in headers and URLs, where these characters cannot.
            if not name.isascii() or not name.isprintable() or not name or set(name) & set(" /"):
                raise AccountsError(
                    f"{self.source}: {self.path}: {_shown(name)} cannot be a name here:"
                    ' use letters, digits and signs other than "/"'
                )
            yield name, place


def _accounts(place):
    place.fields(["projects"])
    projects = {name: _project(at) for name, at in place.at("projects").items()}
    holders = {}
    for key, project in projects.items():
        for token in project.devices:
            if token in holders:
                raise AccountsError(
                    f"{place.source}: projects.{key}.devices.{token}:"
                    f" this AccessToken is already in projects.{holders[token]}"
                )
            holders[token] = key
    return Accounts(projects)


def _project(place):
    place.fields(["region", "devices"], ["storage"])
    region = place.at("region")
    region.expect(isinstance(region.value, str) and region.value.strip(), "a region's name")
    return Project(
        region=region.value,
        storage=_flag(place, "storage"),
        devices={name: _device(name, at) for name, at in place.at("devices").items()},
    )


def _device(token, place):
    place.fields(["device_type"], ["name", "enabled", "report_error"])
    device_type = place.at("device_type")
    report_error = place.value.get("report_error")
    if report_error is not None:
        right = isinstance(report_error, int) and report_error in REPORT_ERRORS
        known = ", ".join(map(str, REPORT_ERRORS))
        place.at("report_error").expect(right, f"null or one of {known}")
    return Device(
        token=token,
        name=_device_name(place, token),
        enabled=_flag(place, "enabled"),
        device_type=None if device_type.value is None else _device_type(device_type),
        report_error=report_error,
    )


def _device_name(place, token):
    if "name" not in place.value:
        return "device " + _label(token)
    name = place.at("name")
    right = isinstance(name.value, str) and 0 < len(name.value.strip()) <= 40
    name.expect(right and name.value.isprintable(), "a name of 1 to 40 signs")
    # It is seen by whoever sees the page.
    name.expect(token not in name.value, "a name without the AccessToken in it")
    return name.value.strip()


def _device_type(place):
    place.expect(isinstance(place.value, dict), "null or an object of identifiers")
    known = " or ".join(f'"{name}"' for name in DATA_TYPES)
    return {
        name: at.expect(at.value in DATA_TYPES, f"a data type, {known}")
        for name, at in place.items()
    }


def _flag(place, name):
    if name not in place.value:
        return True
    at = place.at(name)
    return at.expect(isinstance(at.value, bool), "true or false")


def _shown(value):
    try:
        text = json.dumps(value)
    except RecursionError:
        return "something nested too deep"
    return text if len(text) <= 60 else text[:57] + "..."

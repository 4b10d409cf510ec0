# What the tests of the index share.

import dataclasses
import json

import pytest

from tools.cloud.index import Ask, New
from tools.cloud.service import accounts as accounts_file
from tools.cloud.service.rules import RefusedError

KEY = "demo-project-key"
TOKEN = "demo-camera"
LABEL = "6763b427"
START = 1_700_000_000_123_456_789


class Time:
    """Both clocks of an index: `now` in seconds since 1970."""

    def __init__(self):
        self.nanoseconds = START

    def __call__(self):
        return self.nanoseconds

    def clock(self):
        """Return seconds."""
        return self.nanoseconds / 1e9

    def go(self, seconds):
        """Let time go by."""
        self.nanoseconds += int(seconds * 1e9)


def accounts(**changes):
    """Return the default Accounts with changes in their device."""
    found = json.loads(accounts_file.DEFAULT_TEXT)
    found["projects"][KEY]["devices"][TOKEN].update(changes)
    return accounts_file.parse(json.dumps(found), "test")


def fleet(count):
    """Return Accounts of so many devices, and their AccessTokens."""
    devices = {f"camera-{n}": {"device_type": {"image": "picture-url"}} for n in range(count)}
    found = {"projects": {KEY: {"region": "demo", "devices": devices}}}
    return accounts_file.parse(json.dumps(found), "test"), list(devices)


def admit(index, interval=10, region="demo", key=KEY, token=TOKEN, identifier="image"):
    """Ask whether a device may send a picture, and return it as Device."""
    return index.projects.admit(Ask(region, key, token, identifier, interval)).result(10)


def keep(index, device, name=None, **changes):
    """Make a picture of 1000 bytes known and return its name."""
    name = name or index.pictures.name(device, "jpg")
    new = New(device, name, 1000, "0" * 64, 64, 48, "image", f"http://x/{name}")
    index.pictures.keep(dataclasses.replace(new, **changes)).result(10)
    return name


def errcode(call, *args, **named):
    """Return the errcode that a call is refused with."""
    with pytest.raises(RefusedError) as caught:
        call(*args, **named)
    return caught.value.errcode

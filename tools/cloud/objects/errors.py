# What can go wrong with storage; each text is one sentence for a person, without secrets.

import re


class SettingError(Exception):
    """Missing or wrong settings: a person must change them, trying again does not help."""


class StorageError(Exception):
    """The storage is down, refuses, is full or too slow: it may work again later."""


def shown(url):
    """Return `url` without what may be secret in it: who logs in, and what a ? begins."""
    scheme, mark, rest = url.rpartition("://")
    user, at, host = re.split("[?#]", rest)[0].rpartition("@")
    return scheme + mark + ("***@" if at else "") + host

# Objects: the pictures of a receiver, at a URL.

import urllib.parse
from typing import Any

from .. import names
from .errors import SettingError, StorageError, shown

URLS = ("receiver", "public", "signed")
SIGNED_S = 7 * 86400  # the longest that S3 and OSS sign for, both with version 4 of signatures


class Objects:
    """The pictures at `url`: file:///FOLDER, s3://BUCKET/PREFIX, oss://BUCKET/PREFIX.

    Any other scheme that fsspec knows works too, as far as its package allows: no signed URL
    but where it has them, and all of a listing at once.

    `options`: what the scheme's filesystem takes (s3fs: key, secret, endpoint_url; ossfs: key,
    secret, endpoint, and region); without them the environment is asked: AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION and whatever else botocore reads;
    OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET, OSS_SESSION_TOKEN, OSS_ENDPOINT, OSS_REGION.

    `urls` is what url() answers: "receiver" nothing, "public" the name below `public_base`,
    "signed" a URL that works for `signed_s` seconds. `timeout_s`: seconds that each step may
    take, all repetitions included; a folder has no such limit, the kernel decides.

    Safe to use from many threads at once; each method blocks its own. Nothing here asks the
    network before the first step does. Raises SettingError.

    All methods raise SettingError or StorageError. After a failed put() the object may be there
    all the same, when only the answer was late or lost; it is then whole.
    """

    def __init__(
        self,
        url,
        *,
        options=None,
        urls="receiver",
        public_base=None,
        signed_s=SIGNED_S,
        timeout_s=20,
    ):
        if urls not in URLS:
            raise SettingError(f"URLs of pictures: {urls!r} is none of {', '.join(URLS)}")
        self._urls = urls
        self._signed_s = signed_s
        self._public_base = _base(public_base) if urls == "public" else ""
        # One that puts many together has put_all(), the others put().
        self._place: Any = _place(url, options or {}, timeout_s)
        self.shown = self._place.shown
        if urls == "signed":
            self._place.check_signed(signed_s)

    @property
    def together(self):
        """How many pictures put_all() takes at once for less than each alone costs; 1: none."""
        return self._place.together

    def put(self, name, data, media_type):
        """Store `data` (bytes) as the picture `name`: it is there whole and for good, or raises.

        Raises ValueError when `name` is not a picture's.
        """
        (error,) = self.put_all([(name, data, media_type)])
        if error:
            raise error

    def put_all(self, pictures):
        """Store `pictures`, a list of what put() takes.

        Returns a list with None for each that is there, for the others what put() raises. Raises
        ValueError as put() does.
        """
        for name, *_ in pictures:
            _checked(name)
        if self.together > 1:
            return self._place.put_all(pictures)
        return [self._error_of(*picture) for picture in pictures]

    def _error_of(self, *picture):
        try:
            self._place.put(*picture)
        except (SettingError, StorageError) as error:
            return error
        return None

    def get(self, name):
        """Return the bytes of the picture `name`; raises FileNotFoundError when there is none."""
        if not names.PICTURE.fullmatch(name):
            raise FileNotFoundError(f"not a picture's name: {name!r}")
        return self._place.get(name)

    def path(self, name):
        """Return the pathlib.Path of the picture `name`; None: not there, or not in a folder."""
        # No other name can be one of ours; so there is no way out of the folder.
        return self._place.path(name) if names.PICTURE.fullmatch(name) else None

    def delete(self, name):
        """Remove the picture `name`, if it is there. Raises ValueError as put() does."""
        self._place.delete(_checked(name))

    def names(self):
        """Yield name, size in bytes and time of change (seconds since 1970) of each picture.

        In no order. What has no picture's name is left out. No more is held in memory at once
        than one page of a listing, 1,000 of them.
        """
        for name, size, modified in self._place.entries():
            if names.PICTURE.fullmatch(name):
                yield name, size, modified

    def url(self, name):
        """Return the URL of the picture `name` (text); None: it is read through the receiver.

        Raises ValueError as put() does. A signed URL is made here: nothing is asked for it.
        """
        _checked(name)
        if self._urls == "public":
            return self._public_base + urllib.parse.quote(name)
        if self._urls == "signed":
            return self._place.signed(name, self._signed_s)
        return None

    def probe(self):
        """Return when the storage is there and can be used, as far as one small step tells."""
        self._place.probe()


def _checked(name):
    if not names.PICTURE.fullmatch(name):
        raise ValueError(f"not a picture's name: {name!r}")
    return name


def _base(base):
    parts = urllib.parse.urlsplit(base or "")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingError(
            f"base of the pictures' public URLs: expected one like https://example.com/pictures/, "
            f"not {base!r}"
        )
    return base.rstrip("/") + "/"


def _place(url, options, timeout_s):
    # Each kind is imported by who uses it: s3fs alone takes longer than the stand-in to start.
    scheme, mark, _ = url.partition("://")
    if not mark:
        raise SettingError(
            f"storage: {shown(url)!r} is no URL: expected one like "
            "file:///FOLDER or s3://BUCKET/PREFIX"
        )
    if scheme == "file":
        from .folder import Folder

        return Folder(url)
    if scheme in ("s3", "s3a"):
        from .s3 import S3

        return S3(url, options, timeout_s)
    if scheme == "oss":
        from .oss import Oss

        return Oss(url, options, timeout_s)
    from .other import Other

    return Other(url, options, timeout_s)

# What storage over the network has in common: one deadline for each step, and errors sorted.

import asyncio
import base64
import concurrent.futures
import hashlib
import re
import urllib.parse
from typing import Any

from .errors import SettingError, StorageError, shown

# The codes of S3 and of OSS that trying again does not mend, and what a person can do:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
# https://www.alibabacloud.com/help/en/oss/how-to-troubleshoot-403-status-code-when-you-access-oss
# Whatever is not here may be a passing fault: cameras stop at a setting, and retry at a fault.
_BUCKET = "make the bucket, or name another one"
_RIGHTS = "allow the key to list the bucket, and to read, write and delete in it"
_KEY = "check {key}"
_SECRET = "check {secret}"
_TOKEN = "renew {token}"
_REGION = "name the bucket's own region and endpoint: {region}, {endpoint}"
_ACCOUNT = "the account must be put in order first"
_SETTINGS = {
    "NoSuchBucket": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _ACCOUNT,
    "AccountProblem": _ACCOUNT,
    "NotSignedUp": _ACCOUNT,
    "UserSuspended": _ACCOUNT,  # of Ceph
    "UserDisable": _ACCOUNT,
    "InDebt": _ACCOUNT,
    "InDebtOverdue": _ACCOUNT,
    "BucketDisable": _ACCOUNT,
    "AbnormalBucketOwnerStatus": _ACCOUNT,
    "BucketNotBelongTo": _BUCKET,
    "InvalidAccessKeyId": _KEY,
    "InvalidAccessKey": _KEY,
    "InvalidSecurity": _KEY,
    "SignatureDoesNotMatch": _SECRET,
    "ExpiredToken": _TOKEN,
    "InvalidToken": _TOKEN,
    "TokenRefreshRequired": _TOKEN,
    "InvalidSecurityToken": _TOKEN,
    "SecurityTokenExpired": _TOKEN,
    "AccessKeyIdAndSecurityTokenNotMatch": _TOKEN,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "SecondLevelDomainForbidden": "OSS takes no s3://: write oss://{bucket}",
}
_GRACE_S = 5  # for a loop that is busy: the deadline itself is kept on it
_TEXT = 200  # characters of another's message


class Remote:
    """A bucket and a prefix in it, in the filesystem that filesystem() makes.

    `settings`: what the settings are called, for messages: key, secret, token, region, endpoint.
    """

    together = 1
    settings = {}
    faults = (OSError, ValueError)  # what the library raises beside the storage's own answers

    def __init__(self, url, timeout_s):
        self.shown, self._bucket, self._prefix = bucket_and_prefix(url)
        self._timeout_s = timeout_s
        self._fs: Any = None

    def run(self, step, *args):
        """Return what the coroutine step(*args) does, within the deadline.

        Raises FileNotFoundError for NoSuchKey, else SettingError or StorageError.
        """
        within = self._within(step, *args)
        future = asyncio.run_coroutine_threadsafe(within, self._fs.loop)
        try:
            return future.result(self._timeout_s + _GRACE_S)
        except (TimeoutError, concurrent.futures.CancelledError) as error:
            future.cancel()
            raise StorageError(f"{self.shown}: interrupted: this computer is too busy") from error

    async def _within(self, step, *args):
        try:
            return await asyncio.wait_for(step(*args), self._timeout_s)
        except self.faults as error:
            raise self._sorted(error) from error

    def path(self, name):
        """Return None: there is no file."""

    def check_signed(self, signed_s):
        """Raise SettingError when no URL can be signed for `signed_s` seconds."""
        if not 1 <= signed_s <= 7 * 86400:
            raise SettingError(
                f"signed URLs: {signed_s:g} s is not between 1 s and 604800 s, which is 7 days"
            )

    def where(self) -> str:
        """Return where the storage is, for messages."""
        raise NotImplementedError

    def key(self, name):
        """Return the object's key for the picture `name`."""
        return self._prefix + name

    def stored(self, tag):
        """Return when the storage took the object: its answer has a `tag`.

        What answers 200 to everything, a proxy's page for one, stores nothing.
        """
        if not tag:
            raise self.no_storage("200 without an ETag")

    def goes_on(self, marker, before):
        """Return when a listing's next page, behind `marker`, is another than that `before`."""
        if not marker or marker == before:
            raise self.no_storage("a listing without end")

    def no_storage(self, found):
        """Return the StorageError for an answer that no object storage gives."""
        return StorageError(
            f"{self.shown}: {self.where()} does not answer as object storage does ({found}): "
            f"check {self.settings['endpoint']}"
        )

    def _sorted(self, error):
        status, code, text = self.answer(error)
        text = self._without_secrets(text)
        if code in ("NoSuchKey", "NoSuchObject"):
            return FileNotFoundError(f"{self.shown}: no such picture")
        if code in _SETTINGS:
            names = {**self.settings, "bucket": self._bucket}
            advice = _SETTINGS[code].format_map(names)
            says = f"{code}: {text.rstrip('.')}" if text else code
            return SettingError(f"{self.shown}: {self.where()} says {says}: {advice}")
        advice = self.advice(error)
        if advice:
            return SettingError(f"{self.shown}: {advice}")
        if status:
            found = f"answered {status} {code}".rstrip() + (f": {text}" if text else "")
            return StorageError(f"{self.shown}: {self.where()} {found}")
        if isinstance(error, TimeoutError):
            within = f"no answer within {self._timeout_s:g} s"
            return StorageError(f"{self.shown}: {within} from {self.where()}")
        found = self._without_secrets(self.told(error))
        return StorageError(f"{self.shown}: {self.where()}: {found}")

    def _without_secrets(self, text):
        # Another's words: there is no knowing what it repeats.
        for secret in filter(None, self.secrets()):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:_TEXT]

    def secrets(self):
        """Return what must not be told."""
        raise NotImplementedError

    def answer(self, error):
        """Return HTTP status (0: none), code and message of the answer that `error` tells of."""
        raise NotImplementedError

    def told(self, error):
        """Return what an `error` says that no answer is the reason for."""
        return one_line(error)

    def advice(self, error) -> str | None:
        """Return what to change, when `error` is of settings; else None."""


def bucket_and_prefix(url):
    """Return a URL without a slash at its end, its bucket, and its prefix ("" or "PATH/").

    Nothing is decoded, as fsspec does it: a % is a %. Raises SettingError.
    """
    scheme, _, rest = url.partition("://")
    if re.search("[@:]", rest.partition("/")[0]):
        # Nothing of it is told: a secret may have a / in it.
        raise SettingError(
            f"storage: {scheme}://...: neither keys nor an endpoint belong into the URL, where "
            "everyone sees them: put them into the environment"
        )
    if "?" in rest or "#" in rest:
        shown = f"{scheme}://" + re.split("[?#]", rest)[0]
        raise SettingError(f"storage: {shown}...: no ? or # can be in it")
    bucket, _, prefix = rest.strip("/").partition("/")
    parts = prefix.split("/") if prefix else []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]", bucket):
        raise SettingError(
            f"storage: {url}: {bucket!r} is no bucket's name: expected {scheme}://BUCKET/PREFIX"
        )
    if any(part in ("", ".", "..") for part in parts) or not prefix.isprintable():
        raise SettingError(f"storage: {url!r}: the prefix has an empty part, or . or .. for one")
    return (
        f"{scheme}://{bucket}" + "".join(f"/{part}" for part in parts),
        bucket,
        (prefix + "/" if prefix else ""),
    )


def checked_endpoint(endpoint, setting):
    """Return `endpoint`, from the setting `setting`. Raises SettingError when it is no URL."""
    try:
        parts = urllib.parse.urlsplit(endpoint)
        port = parts.port
    except ValueError:
        parts = port = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        found = shown(endpoint)
        raise SettingError(f"{setting}: expected a URL like https://s3.example.com, not {found!r}")
    if "@" in parts.netloc or parts.query or parts.fragment or port == 0:
        raise SettingError(
            f"{setting}: {shown(endpoint)}: only scheme, host and port belong there"
        )
    return endpoint


def md5(data):
    """Return `data`'s Content-MD5: the storage refuses a body that does not fit it."""
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def one_line(error, limit=_TEXT):
    """Return what `error` says, in one line of `limit` characters; its kind for nothing."""
    text = " ".join(str(error).split())[:limit]
    return text or type(error).__name__

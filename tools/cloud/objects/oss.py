# Pictures in a bucket of Alibaba Cloud's OSS, through ossfs.

import os
import re

from .errors import SettingError, shown
from .remote import Remote, checked_endpoint, md5, one_line

try:
    import aiohttp
    import oss2
    import ossfs
except ImportError as error:
    raise SettingError(
        f"storage: oss:// needs a package that is not installed ({error.name}): "
        "pip install 'thingscam[receiver]'"
    ) from error

_PAGE = 1000  # the most OSS lists at once
_CONNECTIONS = 64  # at once; more wait for one that is free
# oss-cn-hangzhou.aliyuncs.com, oss-cn-hangzhou-internal.aliyuncs.com
_REGION = re.compile(r"oss-([a-z]+-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com")


class Oss(Remote):
    """Objects at an OSS URL."""

    settings = {
        "key": "OSS_ACCESS_KEY_ID",
        "secret": "OSS_ACCESS_KEY_SECRET",
        "token": "OSS_SESSION_TOKEN",
        "region": "OSS_REGION",
        "endpoint": "OSS_ENDPOINT",
    }
    # oss2 raises RuntimeError where an answer lacks a field, SyntaxError where it is no XML.
    faults = (
        OSError,
        ValueError,
        RuntimeError,
        SyntaxError,
        aiohttp.ClientError,
        oss2.exceptions.OssError,
    )

    def __init__(self, url, options, timeout_s):
        super().__init__(url, timeout_s)
        options = dict(options)
        endpoint = options.pop("endpoint", None) or os.environ.get("OSS_ENDPOINT")
        if not endpoint:
            raise SettingError(
                f"{self.shown}: no endpoint: set OSS_ENDPOINT, as in "
                "https://oss-cn-hangzhou.aliyuncs.com"
            )
        if "://" not in endpoint:
            endpoint = "https://" + endpoint  # oss2 would take it for http
        self._endpoint = checked_endpoint(endpoint, "OSS_ENDPOINT")
        auth, region = self._auth(options)
        try:
            self._fs = _FileSystem(
                endpoint=self._endpoint,
                psize=_CONNECTIONS,
                skip_instance_cache=True,
                use_listings_cache=False,
                **options,
            )
            self._fs._auth = _Version4(auth, region)
            # Signs URLs, which the asynchronous one cannot; asks nobody.
            self._signer = oss2.Bucket(auth, self._endpoint, self._bucket, region=region)
        except (TypeError, ValueError, oss2.exceptions.ClientError) as error:
            raise SettingError(f"{self.shown}: options for ossfs: {one_line(error)}") from error

    def _auth(self, options):
        # Version 4 of signatures, which ossfs has not: OSS takes version 1 from no new user and
        # for no new bucket since September 2025.
        # https://help.aliyun.com/en/oss/developer-reference/guidelines-for-upgrading-v1-signatures-to-v4-signatures
        found = _REGION.search(self._endpoint)
        region = options.pop("region", None) or os.environ.get("OSS_REGION")
        region = region or (found[1] if found else None)
        if not region:
            raise SettingError(
                f"{self.shown}: no region, and {shown(self._endpoint)} names none: "
                "set OSS_REGION, as in cn-hangzhou"
            )
        key = options.pop("key", None) or os.environ.get("OSS_ACCESS_KEY_ID")
        secret = options.pop("secret", None) or os.environ.get("OSS_ACCESS_KEY_SECRET")
        token = options.pop("token", None) or os.environ.get("OSS_SESSION_TOKEN")
        if not key or not secret:
            raise SettingError(
                f"{self.shown}: no key: set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET"
            )
        self._secrets = [secret, token]
        if token:
            return oss2.StsAuth(key, secret, token, oss2.AUTH_VERSION_4), region
        return oss2.AuthV4(key, secret), region

    def put(self, name, data, media_type):
        """Send one PUT and read its answer."""
        answer = self.run(self._put, self.key(name), data, media_type)
        self.stored(answer.etag)

    async def _put(self, key, data, media_type):
        headers = {"Content-Type": media_type, "Content-MD5": md5(data)}
        return await self._call("put_object", key, data, headers=headers)

    def get(self, name):
        """Return the object's bytes."""
        return self.run(self._get, self.key(name))

    async def _get(self, key):
        answer = await self._call("get_object", key)
        return await answer.resp.read()

    def delete(self, name):
        """Send a DELETE: OSS answers the same when there is none."""
        self.run(self._call, "delete_object", self.key(name))

    def entries(self):
        """Yield name, size, time of change of each object, page by page."""
        marker = ""
        while True:
            page = self.run(self._list, marker, _PAGE)
            for found in page.object_list:
                yield found.key[len(self._prefix) :], found.size, found.last_modified
            if not page.is_truncated:
                return
            self.goes_on(page.next_marker, marker)
            marker = page.next_marker

    async def _list(self, marker, count):
        return await self._call(
            "list_objects", prefix=self._prefix, delimiter="/", marker=marker, max_keys=count
        )

    async def _call(self, method, *args, **options):
        return await self._fs._call_oss(method, *args, bucket=self._bucket, **options)

    def signed(self, name, seconds):
        """Return a URL that reads the object for `seconds`."""
        return self._signer.sign_url("GET", self.key(name), int(seconds), slash_safe=True)

    def probe(self):
        """List one object."""
        self.run(self._list, "", 1)

    def where(self):
        """Return the endpoint."""
        return shown(self._endpoint)

    def answer(self, error):
        """Return HTTP status, code and message of OSS's answer."""
        # ossfs makes an OSError of it, and keeps oss2's own.
        for found in (error, error.__cause__):
            if isinstance(found, oss2.exceptions.OssError) and found.status > 0:
                return found.status, found.code or "", found.message or ""
        return 0, "", ""

    def secrets(self):
        """Return secret and token."""
        return self._secrets


class _FileSystem(ossfs.AioOSSFileSystem):
    def _get_bucket(self, bucket_name, connect_timeout=None):
        bucket = super()._get_bucket(bucket_name, connect_timeout)
        # A CRC in Python takes longer than sending; Content-MD5 stands for it. And without it the
        # body is bytes, which aiohttp can send again over a new connection.
        bucket.enable_crc = False
        return bucket


class _Version4:
    # aiooss2's requests lack the fields that oss2's signatures of version 4 read.

    def __init__(self, auth, region):
        self._auth = auth
        self._region = region

    def _sign_request(self, request, bucket_name, key):
        request.region = self._region
        request.product = "oss"
        request.cloudbox_id = None
        self._auth._sign_request(request, bucket_name, key)

# Pictures in a bucket of S3, or of whatever else speaks its protocol, through s3fs.

import contextlib
import os
import re
import ssl

from .errors import SettingError, shown
from .remote import Remote, checked_endpoint, md5, one_line

try:
    import aiobotocore.session
    import aiohttp
    import botocore.exceptions
    import botocore.handlers
    import s3fs
except ImportError as error:
    raise SettingError(
        f"storage: s3:// needs a package that is not installed ({error.name}): "
        "pip install 'thingscam[receiver]'"
    ) from error

_CONNECTIONS = 64  # at once; more wait for one that is free
_CONNECT_S = 5
_ATTEMPTS = 2  # an idle connection may have been closed; more is the cameras' own to try

# What botocore finds wrong before it asks anyone.
_OF_SETTINGS = (
    botocore.exceptions.ConfigNotFound,
    botocore.exceptions.ConfigParseError,
    botocore.exceptions.InvalidConfigError,
    botocore.exceptions.InvalidRegionError,
    botocore.exceptions.NoCredentialsError,
    botocore.exceptions.NoRegionError,
    botocore.exceptions.ParamValidationError,
    botocore.exceptions.PartialCredentialsError,
    botocore.exceptions.ProfileNotFound,
)

_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")

# So many objects in an answer to a listing: the most that S3 gives.
PAGE = 1000


class S3(Remote):
    """Objects at an S3 URL."""

    settings = {
        "key": "AWS_ACCESS_KEY_ID",
        "secret": "AWS_SECRET_ACCESS_KEY",
        "token": "AWS_SESSION_TOKEN",
        "region": "AWS_REGION",
        "endpoint": "AWS_ENDPOINT_URL",
    }
    # RuntimeError: botocore asks where a bucket is as often as it is sent elsewhere: too often.
    faults = (
        OSError,
        ValueError,
        RuntimeError,
        aiohttp.ClientError,
        botocore.exceptions.BotoCoreError,
    )

    def __init__(self, url, options, timeout_s):
        super().__init__(url, timeout_s)
        options = dict(options)
        # botocore reads AWS_ENDPOINT_URL too, but no AWS_REGION.
        endpoint = (
            options.pop("endpoint_url", None)
            or os.environ.get("AWS_ENDPOINT_URL_S3")
            or os.environ.get("AWS_ENDPOINT_URL")
        )
        self._endpoint = checked_endpoint(endpoint, "AWS_ENDPOINT_URL") if endpoint else None
        client = dict(options.pop("client_kwargs", {}))
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if region:
            client.setdefault("region_name", region)
        config = {
            "connect_timeout": min(_CONNECT_S, timeout_s),
            "read_timeout": timeout_s,
            "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
            "max_pool_connections": _CONNECTIONS,
            "signature_version": "s3v4",
            # Content-MD5 is known everywhere; the checksums in a trailer, botocore's own choice,
            # are refused by other makers' S3.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            **options.pop("config_kwargs", {}),
        }
        session = aiobotocore.session.AioSession(profile=options.pop("profile", None))
        self._check_bundle(session)
        # aiohttp waits without end for the answer to Expect: 100-continue, which not all send; and
        # where one comes, each picture waits for it.
        session.unregister("before-call.s3", botocore.handlers.add_expect_header)
        try:
            self._fs = s3fs.S3FileSystem(
                endpoint_url=self._endpoint,
                client_kwargs=client,
                config_kwargs=config,
                session=session,
                skip_instance_cache=True,
                use_listings_cache=False,
                **options,
            )
        except (TypeError, ValueError, KeyError) as error:
            raise SettingError(f"{self.shown}: options for s3fs: {one_line(error)}") from error
        self._fs.retries = 1  # s3fs repeats what botocore has repeated: 5 times

    def _check_bundle(self, session):
        bundle = None
        with contextlib.suppress(botocore.exceptions.BotoCoreError):  # told when it is used
            bundle = session.get_config_variable("ca_bundle") or os.environ.get(_BUNDLES[1])
        if not bundle:
            return
        named = (name for name in _BUNDLES if os.environ.get(name) == bundle)
        setting = next(named, "ca_bundle")
        try:
            ssl.create_default_context(cafile=bundle)
        except OSError as error:
            why = "no certificate" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingError(f"{self.shown}: {setting}: {shown(bundle)}: {why}") from error

    def put(self, name, data, media_type):
        """Send one PUT and read its answer."""
        answer = self.run(self._put, self.key(name), data, media_type)
        self.stored(answer.get("ETag"))

    async def _put(self, key, data, media_type):
        return await self._fs._call_s3(
            "put_object",
            Bucket=self._bucket,
            Key=key,
            Body=data,
            ContentType=media_type,
            ContentMD5=md5(data),
        )

    def get(self, name):
        """Return the object's bytes."""
        return self.run(self._get, self.key(name))

    async def _get(self, key):
        answer = await self._fs._call_s3("get_object", Bucket=self._bucket, Key=key)
        async with answer["Body"] as body:
            return await body.read()

    def delete(self, name):
        """Send a DELETE: S3 answers the same when there is none."""
        self.run(self._delete, self.key(name))

    async def _delete(self, key):
        await self._fs._call_s3("delete_object", Bucket=self._bucket, Key=key)

    def entries(self):
        """Yield name, size, time of change of each object, page by page."""
        more = {}
        while True:
            page = self._list(more)
            for found in page.get("Contents", ()):
                name = found["Key"][len(self._prefix) :]
                yield name, found["Size"], found["LastModified"].timestamp()
            if not page["IsTruncated"]:
                return
            token = page.get("NextContinuationToken")
            self.goes_on(token, more.get("ContinuationToken"))
            more = {"ContinuationToken": token}

    def _list(self, more):
        page = self.run(self._listed, more)
        # To botocore an empty body is an empty listing: every picture would have gone.
        if "IsTruncated" not in page:
            raise self.no_storage("a listing without IsTruncated")
        return page

    async def _listed(self, more):
        return await self._fs._call_s3(
            "list_objects_v2",
            Bucket=self._bucket,
            Prefix=self._prefix,
            Delimiter="/",
            **{"MaxKeys": PAGE, **more},
        )

    def signed(self, name, seconds):
        """Return a URL that reads the object for `seconds`."""
        return self.run(self._sign, self.key(name), seconds)

    async def _sign(self, key, seconds):
        client = await self._fs.set_session()
        return await client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=int(seconds)
        )

    def probe(self):
        """List one object."""
        self._list({"MaxKeys": 1})

    def where(self):
        """Return the endpoint."""
        return shown(self._endpoint) if self._endpoint else "S3"

    def answer(self, error):
        """Return HTTP status, code and message of S3's answer."""
        # s3fs makes an OSError of it, and keeps botocore's own.
        found = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
        if not isinstance(found, dict):
            return 0, "", ""
        status = found.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        told = found.get("Error", {})  # of an element without text botocore makes None
        code = told.get("Code") or ""
        return status, code if code != str(status) else "", told.get("Message") or ""

    def told(self, error):
        """Return what `error` says; of a certificate only what is wrong with it."""
        if not isinstance(error, botocore.exceptions.SSLError):
            return super().told(error)
        found = re.search(r"verify failed: (.*?)\.?(?: \(_ssl|$)", one_line(error, 1000))
        why = found[1] if found else one_line(error)
        advice = "AWS_CA_BUNDLE names the file of its CA"
        if "mismatch" in why:
            advice = "check AWS_ENDPOINT_URL"
        elif "expired" in why or "not yet" in why:
            advice = "renew it, or set this computer's clock"
        return f"its certificate: {why}: {advice}"

    def secrets(self):
        """Return secret and token, those of the options and of the environment."""
        environment = [os.environ.get(self.settings[name]) for name in ("secret", "token")]
        return [self._fs.secret, self._fs.token, *environment]

    def advice(self, error):
        """Return what to change, when botocore asked nobody for it."""
        if isinstance(error, botocore.exceptions.NoCredentialsError):
            return "no key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        if isinstance(error, _OF_SETTINGS):
            return f"botocore: {one_line(error)}"
        return None

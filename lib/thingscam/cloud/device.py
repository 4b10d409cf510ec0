# The service's device interface, beside the image upload: attributes and events, in JSON.

import json

from thingscam.board import places, rtc
from thingscam.cloud import errcodes
from thingscam.cloud.uploader import Uploader, UploadError
from thingscam.http.session import Session
from thingscam.util import strict_json as jsons

# What a person should look at, where it is not what it is for a picture.
_ADVICE = {
    402: "an attribute of the device type has another data type in the console",
    4041: "check cloud.device_endpoint",
}


class Device(Uploader):
    """Tells and asks the service: a call is one request, and nothing is tried again.

    `config` is a Config with cloud.device_endpoint, `session` the sender's Session, which is used
    where both endpoints are one. Else there is another, made with `ways` (progress, free_memory
    and busy of a Session); before it connects by TLS the sender's TLS connection is closed, for
    memory has room for one. close() closes what is its own.

    Each call raises UploadError for all that network and service do; what a callback of the
    Session raises passes through. So does CertificateError from here: cloud.ca cannot be used.
    """

    def __init__(self, config, session, *ways):
        cloud = config.cloud
        endpoint = cloud.device_endpoint
        secure = endpoint.startswith("https:")
        self._mine = self._in_the_way = None
        if _origin(endpoint) != _origin(cloud.endpoint):
            if secure and cloud.endpoint.startswith("https:"):
                self._in_the_way = session
            ca = cloud.ca if secure else None
            store = rtc.Place(places.DEVICE)
            self._mine = session = Session(ca, cloud.timeout_s, cloud.verify, *ways, store=store)
        super().__init__(config, session)
        self._host = endpoint
        self._base = self._url

    def target(self, cloud):
        """Return the begin of all URLs, and the headers (a dict), by the section "cloud"."""
        return "{}/device/v1/{}/".format(cloud.device_endpoint, cloud.access_token), {
            "Content-Type": "application/json",
            "Project-Key": cloud.project_key,
        }

    def report(self, attributes):
        """Set the device's `attributes`, a flat dict: one message."""
        self._ask("POST", "attributes", attributes)

    def event(self, method, params):
        """Report an event of the name `method`, with `params` (a dict): one message."""
        self._ask("POST", "event/report", {"method": method, "params": params})

    def attributes(self, keys):
        """Return those of the device's attributes in `keys` (texts) that are there, as a dict.

        None: the answer has no attributes in any known place, not even an empty object for them.
        """
        found = self._ask("GET", "attributes?keys=" + ",".join(keys), None)
        # Where they stand the documentation does not say, and public code differs.
        whole = found
        for name in ("data", "attributes"):
            if isinstance(found, dict):
                found = found.get(name, found)
        if not isinstance(found, dict):
            return None
        known = {key: found[key] for key in keys if key in found}
        return known if known or found is not whole else None

    def close(self):
        """Close the connection, if it is not the sender's."""
        if self._mine is not None:
            self._mine.close()

    def _ask(self, method, path, data):
        if self._in_the_way is not None:
            self._in_the_way.close()
        self._url = self._base + path
        self._http.request.method = method  # pyright: ignore
        try:
            return self.upload(None if data is None else json.dumps(data).encode())
        finally:
            self._http.request.method = "POST"  # pyright: ignore

    def _request(self, body):  # pyright: ignore[reportIncompatibleMethodOverride]
        return body, self._headers

    def judge(self, status, body, page=False):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the object of an answer, a dict; raises UploadError where it is not yes."""
        if 200 <= status < 300 and not page:
            try:
                found = jsons.loads(body)
            except (ValueError, MemoryError):
                found = None
            # Beyond "result" the documentation does not say what a yes is.
            if isinstance(found, dict) and "errcode" not in found and found.get("result", 1) == 1:
                return found
        try:
            super().judge(status, body, page)
        except UploadError as e:
            if e.errcode not in _ADVICE:
                raise
            raise self._error(e.action, e.message, e.errcode, e.status, advice=_ADVICE[e.errcode])
        raise self._error(errcodes.RETRY, "the answer is not the service's", None, status)


def _origin(endpoint):
    # With its port, as cloud.endpoint is written: scheme and host, and a port or none.
    scheme, _, host = endpoint.lower().partition("://")
    if ":" not in host:
        host += ":443" if scheme == "https" else ":80"
    return scheme, host

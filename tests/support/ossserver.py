# Alibaba Cloud's OSS, as much of it as pictures need, over real HTTP: objects, one listing,
# errors, and signatures of version 4, checked.
#
# Written from the service's pages, not from its SDK:
# https://www.alibabacloud.com/help/en/oss/developer-reference/recommend-to-use-signature-version-4
# https://www.alibabacloud.com/help/en/oss/developer-reference/add-signatures-to-urls
# https://www.alibabacloud.com/help/en/oss/developer-reference/listobjects

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

KEY = "LTAIsomeone"
SECRET = "a secret of OSS's"
REGION = "cn-hangzhou"
OPTIONS = {"key": KEY, "secret": SECRET, "region": REGION}


class Oss:
    """A running server: `url`, `buckets` (name: {key: (bytes, headers)}), its clock `ahead`."""

    def __init__(self):
        self.buckets = {"pictures": {}}
        self.ahead = 0  # seconds before the computer's clock
        self.keys = {KEY: SECRET}
        self.requests = []  # method and path of each

    @property
    def now(self):
        """The server's time, a datetime."""
        ahead = datetime.timedelta(seconds=self.ahead)
        return datetime.datetime.now(datetime.UTC) + ahead


@contextlib.contextmanager
def running():
    """Run a server until the block ends; the value is its Oss."""
    oss = Oss()
    handler = type("Handler", (_Handler,), {"oss": oss})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        oss.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield oss
        finally:
            server.shutdown()


class _RefusedError(Exception):
    def __init__(self, status, code, message=""):
        super().__init__(code)
        self.status, self.code, self.message = status, code, message or code


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    oss: Oss

    def log_message(self, *_):
        pass

    def _answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, _, query = self.path.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.where = urllib.parse.unquote(path)
        self.oss.requests.append((self.command, self.where))
        try:
            self._check_signature()
            _, bucket, key = self.where.split("/", 2)
            if bucket not in self.oss.buckets:
                raise _RefusedError(404, "NoSuchBucket", "The specified bucket does not exist.")
            objects = self.oss.buckets[bucket]
            getattr(self, f"_do_{self.command.lower()}")(objects, key, body)
        except _RefusedError as refused:
            text = (
                f"<Error><Code>{refused.code}</Code><Message>{refused.message}</Message></Error>"
            )
            self._say(refused.status, text.encode(), {"Content-Type": "application/xml"})

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815

    def _say(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("x-oss-request-id", "5C3D9175B6FC201293AD****")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _do_put(self, objects, key, body):
        digest = hashlib.md5(body).digest()
        given = self.headers.get("Content-MD5")
        if given and base64.b64decode(given) != digest:
            raise _RefusedError(400, "InvalidDigest")
        objects[key] = body, {"Content-Type": self.headers["Content-Type"]}
        self._say(200, headers={"ETag": f'"{digest.hex().upper()}"'})

    def _do_get(self, objects, key, body):
        if not key:
            self._list(objects)
        elif key in objects:
            self._say(200, *objects[key])
        else:
            raise _RefusedError(404, "NoSuchKey", "The specified key does not exist.")

    def _do_delete(self, objects, key, body):
        objects.pop(key, None)
        self._say(204)

    def _list(self, objects):
        prefix, marker = self.query.get("prefix", ""), self.query.get("marker", "")
        count, delimiter = int(self.query["max-keys"]), self.query.get("delimiter")
        found, folders = [], set()
        for key in sorted(objects):
            if key.startswith(prefix) and key > marker:
                if delimiter and delimiter in key[len(prefix) :]:
                    folders.add(prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter)
                else:
                    found.append(key)
        page, more = found[:count], len(found) > count
        quoted = urllib.parse.quote if self.query.get("encoding-type") == "url" else escape
        parts = [
            f"<Contents><Key>{quoted(key)}</Key><LastModified>2012-02-24T08:43:07.000Z"
            f'</LastModified><ETag>"0"</ETag><Type>Normal</Type><Size>{len(objects[key][0])}</Size>'
            "<StorageClass>Standard</StorageClass></Contents>"
            for key in page
        ]
        parts += [
            f"<CommonPrefixes><Prefix>{quoted(folder)}</Prefix></CommonPrefixes>"
            for folder in sorted(folders)
        ]
        if more:
            parts.append(f"<NextMarker>{quoted(page[-1])}</NextMarker>")
        if quoted is not escape:
            parts.append("<EncodingType>url</EncodingType>")
        text = "".join(parts)
        self._say(
            200,
            f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{text}"
            "</ListBucketResult>".encode(),
            {"Content-Type": "application/xml"},
        )

    def _check_signature(self):
        if "x-oss-signature" in self.query:
            given = self.query.pop("x-oss-signature")
            credential, date = self.query["x-oss-credential"], self.query["x-oss-date"]
            until = _time(date) + datetime.timedelta(seconds=int(self.query["x-oss-expires"]))
            if self.oss.now > until:
                raise _RefusedError(403, "AccessDenied", "Request has expired.")
            payload = "UNSIGNED-PAYLOAD"
        else:
            kind, _, fields = self.headers.get("Authorization", "").partition(" ")
            if kind != "OSS4-HMAC-SHA256":
                raise _RefusedError(403, "AccessDenied", "Only signatures of version 4 are taken.")
            fields = dict(field.strip().split("=", 1) for field in fields.split(","))
            given, credential = fields["Signature"], fields["Credential"]
            date, payload = self.headers["x-oss-date"], self.headers["x-oss-content-sha256"]
            if abs(self.oss.now - _time(date)) > datetime.timedelta(minutes=15):
                raise _RefusedError(403, "RequestTimeTooSkewed")
        key, _, scope = credential.partition("/")
        if key not in self.oss.keys:
            raise _RefusedError(403, "InvalidAccessKeyId", "The key does not exist.")
        if given != self._signature(self.oss.keys[key], scope, date, payload):
            raise _RefusedError(403, "SignatureDoesNotMatch", "The signatures do not match.")

    def _signature(self, secret, scope, date, payload):
        headers = {name.lower(): value for name, value in self.headers.items()}
        signed = {
            name: value
            for name, value in headers.items()
            if name in ("content-type", "content-md5") or name.startswith("x-oss-")
        }
        query = {_encoded(name): _encoded(value) for name, value in self.query.items()}
        request = [
            self.command,
            _encoded(self.where, "/"),
            "&".join(
                f"{name}={value}" if value else name for name, value in sorted(query.items())
            ),
            "".join(f"{name}:{value.strip()}\n" for name, value in sorted(signed.items())),
            "",  # no additional headers
            payload,
        ]
        digest = hashlib.sha256("\n".join(request).encode()).hexdigest()
        key = b"aliyun_v4" + secret.encode()
        for part in scope.split("/"):  # day, region, oss, aliyun_v4_request
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"
        return hmac.digest(key, text.encode(), "sha256").hex()


def _time(text):
    return datetime.datetime.strptime(text + "+0000", "%Y%m%dT%H%M%SZ%z")


def _encoded(text, safe=""):
    return urllib.parse.quote(text, safe=safe)

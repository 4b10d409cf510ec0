# Where the settings come from, and what is said when one is missing or wrong.

import re
import subprocess
import sys
import time
import urllib.parse

import pytest
import requests
import trustme

from tests.support import ossserver, s3server
from tests.support.world import ROOT
from tools.cloud.objects import Objects, SettingError, StorageError

NAME = "20260131T235959.123456Z-1a2b3c4d-000042.jpg"
AWS = ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "ENDPOINT_URL", "REGION", "PROFILE")
AWS += ("CA_BUNDLE",)
OSS = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SESSION_TOKEN", "ENDPOINT", "REGION")


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """Nothing of the computer's own settings is seen."""
    for name in [*("AWS_" + name for name in AWS), *("OSS_" + name for name in OSS)]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.fixture(scope="module")
def locked():
    """An S3 server that checks keys: its URL, a bucket, who may do all, who may do nothing."""
    with s3server.asking_for_keys() as found:
        yield found


def test_s3_from_the_environment(locked, environment):
    url, bucket, key, _ = locked
    environment.setenv("AWS_ACCESS_KEY_ID", key["key"])
    environment.setenv("AWS_SECRET_ACCESS_KEY", key["secret"])
    environment.setenv("AWS_ENDPOINT_URL", url)
    environment.setenv("AWS_REGION", "eu-central-1")
    objects = Objects(f"s3://{bucket}/environment", urls="signed")
    objects.put(NAME, b"xy", "image/jpeg")
    assert objects.get(NAME) == b"xy"
    assert "%2Feu-central-1%2Fs3%2F" in objects.url(NAME)


def test_options_come_before_the_environment(locked, environment):
    url, bucket, key, _ = locked
    environment.setenv("AWS_ACCESS_KEY_ID", "another")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "another")
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    objects = Objects(f"s3://{bucket}/options", options={**key, "endpoint_url": url})
    objects.put(NAME, b"xy", "image/jpeg")
    assert objects.get(NAME) == b"xy"


def test_s3_from_a_profile(locked, tmp_path):
    url, bucket, key, _ = locked
    (tmp_path / "credentials").write_text(
        f"[pictures]\naws_access_key_id = {key['key']}\naws_secret_access_key = {key['secret']}\n"
    )
    options = {"profile": "pictures", "endpoint_url": url}
    objects = Objects(f"s3://{bucket}/profile", options=options)
    objects.put(NAME, b"xy", "image/jpeg")
    assert objects.get(NAME) == b"xy"


def steps(objects):
    return {
        "put": lambda: objects.put(NAME, b"xy", "image/jpeg"),
        "get": lambda: objects.get(NAME),
        "delete": lambda: objects.delete(NAME),
        "names": lambda: list(objects.names()),
        "probe": objects.probe,
    }


@pytest.mark.parametrize("step", ["put", "get", "delete", "names", "probe"])
def test_what_s3_refuses(locked, step):
    url, bucket, key, nothing = locked
    wrong = [
        (nothing, "AccessDenied: .*: allow the key to list the bucket, and to read, write"),
        ({**key, "secret": "wrong secret"}, "SignatureDoesNotMatch: .*: check AWS_SECRET_ACCESS_"),
        ({**key, "key": "AKIAWRONG"}, "InvalidAccessKeyId: .*: check AWS_ACCESS_KEY_ID"),
    ]
    for options, text in wrong:
        objects = Objects(f"s3://{bucket}/x", options={**options, "endpoint_url": url})
        with pytest.raises(SettingError, match=f"^s3://{bucket}/x: {url} says {text}") as caught:
            steps(objects)[step]()
        assert options["secret"] not in str(caught.value)


@pytest.mark.parametrize("step", ["put", "get", "delete", "names", "probe"])
def test_no_such_bucket(s3, step):
    with ossserver.running() as oss:
        for objects in (
            Objects("s3://nothing-here", options={**s3server.KEY, "endpoint_url": s3}),
            Objects("oss://nothing-here", options={**ossserver.OPTIONS, "endpoint": oss.url}),
        ):
            with pytest.raises(SettingError, match="NoSuchBucket: .*: make the bucket, or name"):
                steps(objects)[step]()


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """An S3 server over TLS with a CA of its own: its URL, and files of the CA and another."""
    folder = tmp_path_factory.mktemp("tls")
    for name in ("ca", "another"):
        ca = trustme.CA()
        ca.cert_pem.write_to_path(folder / f"{name}.pem")
        ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
            folder / f"{name}-server.pem"
        )
    with s3server.running(folder / "ca-server.pem") as url:
        yield url, folder


def test_s3_over_tls_with_a_ca_of_ones_own(at_home, environment):
    url, folder = at_home
    environment.setenv("AWS_CA_BUNDLE", str(folder / "ca.pem"))
    bucket = s3server.bucket(url, verify=str(folder / "ca.pem"))
    objects = Objects(f"s3://{bucket}/home", options={**s3server.KEY, "endpoint_url": url})
    objects.put(NAME, b"xy", "image/jpeg")
    assert objects.get(NAME) == b"xy"


@pytest.mark.parametrize("bundle", ["another.pem", None])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_s3_whose_certificate_is_not_trusted(at_home, environment, bundle, host):
    url, folder = at_home
    url = url.replace("127.0.0.1", host)
    if bundle:
        environment.setenv("AWS_CA_BUNDLE", str(folder / bundle))
    objects = Objects("s3://pictures", options={**s3server.KEY, "endpoint_url": url})
    with pytest.raises(StorageError, match="its certificate: .*: AWS_CA_BUNDLE names") as caught:
        objects.put(NAME, b"xy", "image/jpeg")
    assert str(caught.value).startswith(f"s3://pictures: {url}: its certificate: ")


def test_s3_with_a_certificate_for_another_name(at_home, environment):
    url, folder = at_home
    environment.setenv("AWS_CA_BUNDLE", str(folder / "ca.pem"))
    url = url.replace("127.0.0.1", "localhost")
    objects = Objects("s3://pictures", options={**s3server.KEY, "endpoint_url": url})
    with pytest.raises(StorageError, match="'localhost': check AWS_ENDPOINT_URL$"):
        objects.probe()


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
@pytest.mark.parametrize(
    "found, why",
    [(None, "No such file"), ("", "no cert"), ("no PEM", "no cert"), ("folder", "Is a directory")],
)
def test_s3_with_a_bundle_that_is_none(at_home, environment, tmp_path, name, found, why):
    path = tmp_path if found == "folder" else tmp_path / "bundle.pem"
    if found not in (None, "folder"):
        path.write_text(found)
    environment.setenv(name, str(path))
    with pytest.raises(SettingError, match=f"^s3://pictures: {name}: {path}: {why}"):
        Objects("s3://pictures", options={**s3server.KEY, "endpoint_url": at_home[0]}).probe()


def test_s3_without_a_key(s3):
    objects = Objects("s3://pictures", options={"endpoint_url": s3})
    with pytest.raises(SettingError, match="no key: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS"):
        objects.probe()


def test_s3_with_a_profile_that_is_not_there(s3):
    objects = Objects("s3://pictures", options={"endpoint_url": s3, "profile": "nobody"})
    with pytest.raises(SettingError, match=r"botocore: The config profile \(nobody\) could not"):
        objects.probe()


def test_oss_from_the_environment(environment):
    with ossserver.running() as oss:
        environment.setenv("OSS_ACCESS_KEY_ID", ossserver.KEY)
        environment.setenv("OSS_ACCESS_KEY_SECRET", ossserver.SECRET)
        environment.setenv("OSS_ENDPOINT", oss.url)
        environment.setenv("OSS_REGION", ossserver.REGION)
        objects = Objects("oss://pictures/environment")
        objects.put(NAME, b"xy", "image/jpeg")
        assert oss.buckets["pictures"]["environment/" + NAME] == (
            b"xy",
            {"Content-Type": "image/jpeg"},
        )


def test_oss_with_a_token(environment):
    with ossserver.running() as oss:
        environment.setenv("OSS_SESSION_TOKEN", "a token")
        objects = Objects(
            "oss://pictures", options={**ossserver.OPTIONS, "endpoint": oss.url}, urls="signed"
        )
        objects.put(NAME, b"xy", "image/jpeg")
        assert requests.get(objects.url(NAME), timeout=10).content == b"xy"
        assert "x-oss-security-token=a%20token" in objects.url(NAME)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"key": "wrong"}, "InvalidAccessKeyId: .*: check OSS_ACCESS_KEY_ID"),
        ({"secret": "wrong"}, "SignatureDoesNotMatch: .*: check OSS_ACCESS_KEY_SECRET"),
    ],
)
def test_what_oss_refuses(changed, text):
    with ossserver.running() as oss:
        options = {**ossserver.OPTIONS, "endpoint": oss.url, **changed}
        for step in steps(Objects("oss://pictures/x", options=options)).values():
            with pytest.raises(SettingError, match=f"^oss://pictures/x: {oss.url} says {text}"):
                step()


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ("key", "no key: set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET"),
        ("secret", "no key: set OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET"),
        ("region", "no region, and http://127.0.0.1 names none: set OSS_REGION"),
        ("endpoint", "no endpoint: set OSS_ENDPOINT"),
    ],
)
def test_what_oss_lacks(missing, text):
    options = {**ossserver.OPTIONS, "endpoint": "http://127.0.0.1"}
    del options[missing]
    with pytest.raises(SettingError, match=re.escape(text)):
        Objects("oss://pictures", options=options)


@pytest.mark.parametrize(
    ("endpoint", "base", "region"),
    [
        ("oss-cn-hangzhou.aliyuncs.com", "https://pictures.oss-cn-hangzhou.", "cn-hangzhou"),
        ("http://oss-eu-central-1-internal.aliyuncs.com", "http://pictures.oss-", "eu-central-1"),
    ],
)
def test_oss_tells_its_region_by_its_name(endpoint, base, region):
    options = {"key": "k", "secret": "s", "endpoint": endpoint}
    url = Objects("oss://pictures/a", options=options, urls="signed").url(NAME)
    assert url.startswith(base)
    assert f"%2F{region}%2Foss%2F" in url


ENDPOINTS = ["s3.example.com", "ftp://example.com", "http://", "http://a:b", "http://[", "x://y:0"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_endpoints_that_are_no_url(endpoint):
    for url, setting in (
        ("s3://pictures", "AWS_ENDPOINT_URL"),
        ("oss://pictures", "OSS_ENDPOINT"),
    ):
        if url == "oss://pictures" and "://" not in endpoint:
            continue  # https:// is meant
        options = {"endpoint_url": endpoint, "endpoint": endpoint, "key": "k", "secret": "s"}
        with pytest.raises(SettingError, match=f"^{setting}: expected a URL like https://"):
            Objects(url, options=options)


@pytest.mark.parametrize("endpoint", ["http://me:hidden@host", "http://host?key=hidden"])
def test_endpoints_with_secrets(environment, endpoint):
    environment.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(SettingError, match="^AWS_ENDPOINT_URL: ") as caught:
        Objects("s3://pictures")
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "s3://me:hidden@pictures/x",
        "oss://me:hid/den@pictures/x",
        "s3://hidden@pictures",
        "s3://pictures/x?secret=hidden",
        "s3://pictures#hidden",
        "s3:me:hidden@pictures",
        "nothing://me:hidden@pictures/x?hidden",
    ],
)
def test_urls_with_secrets(url):
    with pytest.raises(SettingError) as caught:
        Objects(url)
    assert "hid" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("pictures", "'pictures' is no URL: expected one like file:///FOLDER"),
        ("/srv/pictures", "is no URL"),
        ("", "is no URL"),
        ("nothing://x", "nothing:// is unknown: expected file://, s3://, oss://"),
        ("s3://", "'' is no bucket's name: expected s3://BUCKET/PREFIX"),
        ("s3:///x", "'' is no bucket's name|empty part|no bucket's name"),
        ("oss://a", "'a' is no bucket's name"),
        ("s3://my bucket/x", "'my bucket' is no bucket's name"),
        ("s3://pictures/a/../b", "the prefix has an empty part, or . or .. for one"),
        ("s3://pictures/a//b", "the prefix has an empty part"),
        ("s3://pictures/a\nb", "the prefix has"),
    ],
)
def test_urls_that_are_wrong(url, text):
    with pytest.raises(SettingError, match=text):
        Objects(url)


def test_an_option_that_cannot_be():
    with pytest.raises(
        SettingError, match="s3://pictures: options for s3fs: max_concurrency must"
    ):
        Objects("s3://pictures", options={"max_concurrency": 0})


@pytest.mark.parametrize("package", ["s3fs", "ossfs", "oss2", "fsspec", "gcsfs"])
def test_a_package_that_is_not_installed(package, tmp_path):
    url = {"s3fs": "s3://pictures", "fsspec": "memory://x", "gcsfs": "gs://x"}
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from tools.cloud.objects import Objects, SettingError\n"
        f"Objects({tmp_path.as_uri()!r})\n"
        "try:\n"
        f"    Objects({url.get(package, 'oss://pictures')!r})\n"
        "except SettingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    expected = "install gcsfs" if package == "gcsfs" else "pip install 'thingscam["
    assert expected in done.stdout, done.stderr
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_signed_url_of_s3_works_without_a_key(s3):
    bucket = s3server.bucket(s3)
    options = {**s3server.KEY, "endpoint_url": s3}
    objects = Objects(f"s3://{bucket}/a b/中%20", options=options, urls="signed", signed_s=90)
    objects.put(NAME, b"xy", "image/jpeg")
    url = objects.url(NAME)
    answer = requests.get(url, timeout=10)
    assert (answer.content, answer.headers["Content-Type"]) == (b"xy", "image/jpeg")
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    made = time.mktime(time.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ")) - time.timezone
    assert abs(made - time.time()) < 60
    assert query["X-Amz-Expires"] == ["90"]
    assert s3server.KEY["secret"] not in urllib.parse.unquote(url)


def test_a_signed_url_of_oss_ends():
    with ossserver.running() as oss:
        objects = Objects(
            "oss://pictures/a b/中%20",
            options={**ossserver.OPTIONS, "endpoint": oss.url},
            urls="signed",
            signed_s=90,
        )
        objects.put(NAME, b"xy", "image/jpeg")
        url = objects.url(NAME)
        oss.ahead = 80
        answer = requests.get(url, timeout=10)
        assert (answer.content, answer.headers["Content-Type"]) == (b"xy", "image/jpeg")
        assert requests.get(url[:-1] + "x", timeout=10).status_code == 403
        assert requests.delete(url, timeout=10).status_code == 403
        oss.ahead = 100
        assert requests.get(url, timeout=10).status_code == 403


@pytest.mark.parametrize("signed_s", [0, -1, 604801, 10**9])
def test_how_long_is_signed_for(signed_s):
    for url in ("s3://pictures", "oss://pictures"):
        options = {"key": "k", "secret": "s"}
        if "oss" in url:
            options["endpoint"] = "oss-cn-hangzhou.aliyuncs.com"
        with pytest.raises(SettingError, match="is not between 1 s and 604800 s"):
            Objects(url, options=options, urls="signed", signed_s=signed_s)


def test_memory_signs_nothing():
    objects = Objects("memory://signs", urls="signed")
    with pytest.raises(SettingError, match="memory://signs: it has no signed URLs"):
        objects.url(NAME)

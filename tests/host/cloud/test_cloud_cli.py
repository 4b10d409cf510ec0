# `python -m tools cloud` as a process: its output, its options, its ends, TLS.

import contextlib
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import time

import pytest
import requests
import trustme

from tests.support.cloud import (
    ATTRIBUTES,
    CAMERA,
    HEADERS,
    KEY,
    TOKEN,
    UPLOAD,
    head,
    picture,
    trusting,
)
from tests.support.quick import PYTHON
from tests.support.world import ROOT


def command(*options):
    return [*PYTHON, "-m", "tools", "cloud", *map(str, options)]


class Process:
    """A stand-in that runs as a process; `url` is what it says it listens on."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            command(*options),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.first = self.line()
        self.url = self.first.partition("listening on ")[2]

    def line(self):
        """Return the next line of its output."""
        return self.process.stdout.readline().rstrip("\n")

    def end(self, number=signal.SIGTERM):
        """End it with a signal; return exit code, rest of the output, and errors."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@contextlib.contextmanager
def process(data, *options, port=0):
    running = Process("--port", port, "--data", data, *options)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def refused(*options, cwd=ROOT):
    """Run a stand-in that cannot start; return its exit code and its only line of errors."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command(*options), cwd=cwd, env=environment, capture_output=True, text=True, timeout=20
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def upload(url, **options):
    return requests.post(
        url + UPLOAD, data=picture(), headers=HEADERS, timeout=10, **options
    ).json()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_logs_and_ends_quietly(number, tmp_path):
    with process(tmp_path / "new" / "data") as cloud:
        assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+", cloud.first)
        answer = upload(cloud.url)
        assert answer["image_url"].startswith(cloud.url + "/images/")
        assert re.fullmatch(
            r"POST /device/v1/\*\*\*/image/image 200 - \d+ bytes \d+ ms Demo camera", cloud.line()
        )
        code, out, err = cloud.end(number)
    assert (code, out, err) == (0, "", "")
    assert len(list((tmp_path / "new" / "data" / "images").iterdir())) == 1


def test_it_ends_quietly_with_connections_open(tmp_path):
    with process(tmp_path, "--faults", "--quiet") as cloud:
        port = int(cloud.url.rpartition(":")[2])
        requests.post(cloud.url + "/_faults", json={"no_answer": "hold"}, timeout=10)
        idle, held, half = (socket.create_connection(("127.0.0.1", port)) for _ in range(3))
        held.sendall(head(len(picture())) + picture())
        half.sendall(head(len(picture())) + b"half")
        time.sleep(0.1)
        started = time.monotonic()
        code, out, err = cloud.end()
        assert (code, out, err) == (0, "", "")
        assert time.monotonic() - started < 3
        for connection in (idle, held, half):
            connection.close()


def test_quiet_logs_nothing(tmp_path):
    with process(tmp_path, "--quiet") as cloud:
        upload(cloud.url)
        assert cloud.end() == (0, "", "")


def test_it_goes_on_when_nobody_reads_its_output(tmp_path):
    with process(tmp_path, "--interval", "0") as cloud:
        cloud.process.stdout.close()
        for _ in range(3):
            assert upload(cloud.url)["result"] == 1
        cloud.process.send_signal(signal.SIGTERM)
        assert cloud.process.wait(10) == 0
        assert cloud.process.stderr.read() == ""
        cloud.process.stdout = None


def test_the_interval_is_ten_seconds_unless_told(tmp_path):
    with process(tmp_path) as cloud:
        assert upload(cloud.url)["result"] == 1
        assert upload(cloud.url)["errcode"] == 4291
    with process(tmp_path, "--interval", "0") as cloud:
        assert [upload(cloud.url)["result"] for _ in range(3)] == [1, 1, 1]


def report(url):
    """Report an attribute; return the answer's errcode, None where it was taken."""
    headers = {"Project-Key": KEY}
    path = url + ATTRIBUTES.format(token=TOKEN)
    return requests.post(path, json={"a": 1}, headers=headers, timeout=10).json().get("errcode")


def test_the_messages_limits(tmp_path):
    with process(tmp_path / "interval") as cloud:
        assert [report(cloud.url), report(cloud.url)] == [None, 403]
    with process(tmp_path / "interval") as cloud:
        assert report(cloud.url) == 403  # which a restart does not forget
    limits = ("--message-interval", "0", "--interval", "0", "--daily-messages", "3")
    with process(tmp_path / "day", *limits) as cloud:
        upload(cloud.url)
        assert [report(cloud.url) for _ in range(3)] == [None, None, 413]
    with process(tmp_path / "both", "--interval", "0", "--pictures-as-messages") as cloud:
        assert [upload(cloud.url)["result"], upload(cloud.url)["errcode"]] == [1, 403]


def test_who_may_set_cameras_on_the_page(tmp_path):
    def page(url):
        found = requests.get(url + CAMERA, headers={"Host": "camera.example"}, timeout=10)
        return found.status_code, "<form" in found.text

    for options, seen in (
        ((), (403, False)),
        (("--name", "camera.example"), (200, True)),
        (("--name", "camera.example", "--no-settings"), (200, False)),
    ):
        with process(tmp_path, *options) as cloud:
            assert page(cloud.url) == seen


def test_faults_are_off_unless_asked_for(tmp_path):
    for options, status in (((), 404), (("--faults",), 200)):
        with process(tmp_path, *options) as cloud:
            assert requests.get(cloud.url + "/_faults", timeout=10).status_code == status


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused("--port", port, "--data", tmp_path)
    assert code == 1
    assert said == (
        f"Error: port {port} on 127.0.0.1 is in use: choose another with --port, or 0 for any\n"
    )


def test_an_address_that_is_not_ours(tmp_path):
    code, said = refused("--host", "192.0.2.1", "--port", 0, "--data", tmp_path)
    assert code == 1
    assert said.startswith("Error: cannot listen on 192.0.2.1 port 0: ")
    assert said.count("\n") == 1


def test_a_data_folder_that_is_none(tmp_path):
    (tmp_path / "images").write_text("")
    code, said = refused("--port", 0, "--data", tmp_path)
    assert (code, said.count("\n")) == (1, 1)
    assert "images: cannot be used" in said


def test_accounts_printed_are_accounts_taken(tmp_path):
    printed = subprocess.run(
        command("--print-accounts"), cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    changed = json.loads(printed)
    changed["projects"][KEY]["devices"][TOKEN]["report_error"] = 403
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps(changed))
    with process(tmp_path, "--accounts", path) as cloud:
        assert upload(cloud.url)["errcode"] == 403


def test_a_bad_accounts_file(tmp_path):
    path = tmp_path / "accounts.json"
    path.write_text('{"projects": {"a": 3}}')
    code, said = refused("--port", 0, "--data", tmp_path, "--accounts", path)
    assert (code, said) == (1, f"Error: {path}: projects.a: expected an object, found 3\n")
    code, said = refused("--port", 0, "--data", tmp_path, "--accounts", tmp_path / "none")
    assert (code, said) == (
        1,
        f"Error: {tmp_path}/none: cannot be read: No such file or directory\n",
    )


def test_keepalive_closes_idle_connections(tmp_path):
    with process(tmp_path, "--keepalive", "0.1") as cloud:
        port = int(cloud.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while connection.recv(65536):
                pass


def test_tls_with_a_certificate_made_here(tmp_path):
    with process(tmp_path, "--tls", "--tls-name", "camera.example", "--quiet") as cloud:
        assert re.fullmatch(r"listening on https://127\.0\.0\.1:\d+", cloud.first)
        assert cloud.line() == f"CA certificate in {tmp_path}/ca.der"
        port = int(cloud.url.rpartition(":")[2])
        der = (tmp_path / "ca.der").read_bytes()
        for name in ("localhost", "127.0.0.1", "::1", "camera.example"):
            assert tls_answer(port, name, trusting(der)).startswith(b"HTTP/1.1 200 OK")
        with pytest.raises(ssl.SSLCertVerificationError, match="match"):
            tls_answer(port, "other.example", trusting(der))
        with pytest.raises(ssl.SSLCertVerificationError, match="issuer"):
            tls_answer(port, "localhost", ssl.create_default_context())
        pem = tmp_path / "ca.pem"
        pem.write_text(ssl.DER_cert_to_PEM_cert(der))
        answer = upload(cloud.url, verify=str(pem))
        assert answer["image_url"].startswith(cloud.url + "/images/")
        assert cloud.end() == (0, "", "")
    secret = [path for path in tmp_path.rglob("*") if path.is_file() and holds_key(path)]
    assert secret
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def holds_key(path):
    return b"PRIVATE KEY" in path.read_bytes()


def tls_answer(port, name, context):
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as connection,
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return connection.recv(65536)


def test_tls_trusted_once_is_trusted_after_a_restart(tmp_path):
    ca_out = tmp_path / "elsewhere.der"
    found = []
    for _ in range(2):
        with process(tmp_path, "--tls", "--ca-out", ca_out) as cloud:
            assert cloud.line() == f"CA certificate in {ca_out}"
            found.append(ca_out.read_bytes())
            port = int(cloud.url.rpartition(":")[2])
            assert tls_answer(port, "localhost", trusting(found[0])).startswith(b"HTTP/1.1 200")
    assert found[0] == found[1]


def test_tls_with_a_given_certificate(tmp_path):
    ca = trustme.CA()
    leaf = ca.issue_cert("localhost")
    leaf.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    options = ("--tls", "--cert", tmp_path / "cert.pem", "--key", tmp_path / "key.pem")
    der = ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode())
    with process(tmp_path / "data", *options) as cloud:
        port = int(cloud.url.rpartition(":")[2])
        assert tls_answer(port, "localhost", trusting(der)).startswith(b"HTTP/1.1 200")
    assert not (tmp_path / "data" / "ca.der").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--cert", "x"), "--cert, --key, --tls-name and --ca-out go with --tls only"),
        (("--tls", "--cert", "x"), "--cert and --key go together"),
        (("--tls", "--cert", "x", "--key", "y", "--ca-out", "z"), "do not go with --cert"),
        (("--tls", "--cert", "none.pem", "--key", "none.key"), "none.pem: no such file"),
        (
            ("--tls", "--cert", "junk.pem", "--key", "junk.pem"),
            "junk.pem with key junk.pem: not a certificate",
        ),
        (("--tls", "--tls-name", "a b"), "no certificate for a b: "),
        (("--tls", "--ca-out", "none/ca.der"), "none/ca.der: No such file"),
    ],
)
def test_mistakes_with_tls(options, said, tmp_path):
    (tmp_path / "junk.pem").write_text("junk")
    code, error = refused("--port", 0, "--data", "data", *options, cwd=tmp_path)
    assert code == 1
    assert said in error
    assert error.count("\n") == 1


def test_a_broken_kept_ca_is_named(tmp_path):
    (tmp_path / "ca-with-key.pem").write_text("junk")
    code, said = refused("--port", 0, "--data", tmp_path, "--tls")
    assert code == 1
    assert "ca-with-key.pem: is not a CA with its key; remove it" in said

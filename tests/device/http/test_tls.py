# Sessions over TLS: who is trusted, and that nothing is sent to anybody else.

import sys

from support import GOOD, LARGE, Script, descriptors, env, raises, ticks_diff, ticks_ms
from thingscam.http import CertificateError, HttpError, session, tls
from thingscam.http.tls_errors import explained


def ca():
    return env("FILES") + "/ca.der"


def ca_bytes():
    with open(ca(), "rb") as file:
        return file.read()


def test_the_right_server_is_trusted():
    for authority in (ca(), ca_bytes(), memoryview(ca_bytes())):
        script = Script([["head"], ["body"], ["send", GOOD]] * 2, tls="good")
        client = session.Session(ca=authority, timeout=5)
        before = descriptors()
        for _ in range(2):
            assert client.post(script.url, data=bytes(70000)).status_code == 200
        client.close()
        assert descriptors() == before
        (seen,) = script.report()
        assert seen["handshake"] and seen["received"] > 140000


def test_nothing_is_sent_to_any_other():
    for bad in ("unknown", "self", "host", "expired", "future"):
        script = Script([["read", 1]], tls=bad)
        before = descriptors()
        client = session.Session(ca=ca(), timeout=5)
        e = raises(CertificateError, client.post, script.url, b"secret")
        assert "localhost" in str(e), e
        assert descriptors() == before
        (seen,) = script.report()
        assert seen["received"] == 0, bad


def test_a_server_without_tls_is_no_certificate_error():
    script = Script([["send", "HTTP/1.1 400 Bad Request\r\n\r\n"], ["close"]])
    before = descriptors()
    client = session.Session(ca=ca(), timeout=5)
    e = raises(OSError, client.post, script.url.replace("http:", "https:"), b"1")
    assert not isinstance(e, CertificateError)
    assert "does not speak TLS" in str(e), e
    assert descriptors() == before
    script.report()


def test_a_stalled_handshake_ends_in_time():
    script = Script([["pause", 2]])
    before = descriptors()
    client = session.Session(ca=ca(), timeout=0.4)
    raises(OSError, client.post, script.url.replace("http:", "https:"), b"1")
    assert descriptors() == before
    script.report()


def test_unverified_only_when_told():
    script = Script([["head"], ["body"], ["send", GOOD]], tls="expired")
    client = session.Session(verify=False, timeout=5)
    assert client.post(script.url, data=b"1").status_code == 200
    client.close()
    script.report()


def test_without_a_ca_a_board_refuses_https():
    script = Script([["read", 1]], tls="good")
    client = session.Session(timeout=5)
    e = raises(CertificateError, client.post, script.url, b"1")
    if sys.implementation.name == "micropython":
        assert "needs ca" in str(e)
    (seen,) = script.report() or ({"received": 0},)
    assert seen["received"] == 0


def test_an_unusable_ca_is_told_when_the_session_is_made():
    folder = env("FILES")
    e = raises(CertificateError, session.Session, ca=folder + "/none.der")
    assert "none.der" in str(e)
    e = raises(CertificateError, session.Session, ca=folder + "/ca.pem")
    assert "ca.pem" in str(e) and "DER" in str(e)
    for bad in (b"", b"garbage", ca_bytes()[:-1], bytes(2000)):
        raises(CertificateError, session.Session, ca=bad)
    # It is not needed, so not looked at.
    session.Session(ca="none.der", verify=False)


class OldContext:
    # As in MicroPython 1.21: no way to give it a certificate.
    def __init__(self, protocol):
        self.verify_mode = 0

    def wrap_socket(self, sock, server_hostname=None, do_handshake_on_connect=True):
        return NoTls(getattr(sock, "_sock", sock))  # nor of what stands below it


class NoTls:
    def __init__(self, sock):
        self._sock = sock
        self.close = sock.close
        if sys.implementation.name == "cpython":
            self.do_handshake = lambda: None
            self.send, self.fileno = sock.send, sock.fileno
        else:
            self.write, self.readinto = sock.write, sock.readinto
        self.recv = sock.recv


class OldTls:
    SSLContext = OldContext
    PROTOCOL_TLS_CLIENT = 0
    CERT_NONE = 0
    CERT_REQUIRED = 2


def have_tls(module):
    """Have the firmware's module tls be another one, or itself again."""
    sys.modules.pop("thingscam.http.context", None)  # imported anew, it finds that
    sys.modules.pop("tls", None)
    if module is not None:
        sys.modules["tls"] = module


def test_old_firmware_refuses_https_unless_told():
    script = Script([["head"], ["body"], ["send", GOOD]])
    url = script.url.replace("http:", "https:")
    try:
        have_tls(OldTls)
        e = raises(CertificateError, session.Session().post, url, b"1")
        assert "1.22" in str(e) and "verify" in str(e)
        raises(CertificateError, session.Session, ca=ca())
        client = session.Session(verify=False, timeout=5)
        assert client.post(url, data=b"1").status_code == 200
        client.close()
        have_tls(object())
        e = raises(CertificateError, session.Session().post, url, b"1")
        assert "no TLS" in str(e)
    finally:
        have_tls(None)
        script.report()


def test_lack_of_memory_in_any_of_its_numbers():
    # mbedtls_raise_error() makes errno 16 of MPI's code, 106 of ASN.1's, 141 of PSA's.
    words = "BIGNUM - Memory allocation failed"
    numbers = (12, 16, 23, 106, 141, -0x3F80, -0x2880, -0x7F00, -0x4290, -0x23EA)
    for error in [OSError(number) for number in numbers] + [OSError(-17168, words)]:
        assert isinstance(explained(error, "example.com", None), MemoryError), error
    for number in (5, 104, 110, 113, 128, -0x7280, -0x2700 - 5):
        e = explained(OSError(number), "example.com", None)
        assert type(e) is HttpError and e.args == (number,), e


def alerted(alert):
    """Shake hands with a server that ends it by an alert; return the exception."""
    script = Script([["read", 1], ["send", "\x15\x03\x03\x00\x02\x02" + chr(alert)], ["close"]])
    client = session.Session(ca=ca(), timeout=2)
    try:
        return raises(OSError, client.post, script.url.replace("http:", "https:"), b"1")
    finally:
        script.report()


def is_tls_error(e):
    # Its module is let go, and each time imported anew.
    return isinstance(e, CertificateError) and type(e).__name__ == "TlsError"


def test_no_tls_in_common_is_told_in_words():
    for alert, word in ((70, "version"), (86, "version"), (40, "cipher"), (71, "cipher")):
        e = alerted(alert)
        if alert == 86 and not is_tls_error(e):
            continue  # OpenSSL has another word for it
        assert is_tls_error(e) and word in str(e) and "localhost" in str(e), e
    # This may pass by itself.
    e = alerted(80)
    assert not isinstance(e, CertificateError)
    if sys.implementation.name == "micropython":
        assert "alert 80" in str(e)
    script = Script([["head"], ["body"], ["send", GOOD]], tls="ciphers")
    client = session.Session(ca=ca(), timeout=2)
    e = raises(CertificateError, client.post, script.url, b"1")
    assert is_tls_error(e) and "cipher" in str(e), e
    script.report()


def test_the_family_of_handshakes_that_fail():
    for number, word in (
        (-0x6E80, "version"),
        (-0x5F00, "version"),
        (-0x6E00, "cipher"),
        (-0x7380, "cipher"),
    ):
        e = explained(OSError(number), "example.com", None)
        assert is_tls_error(e) and word in str(e) and "example.com" in str(e)
    # A refusal without a reason is one.
    e = explained(OSError(-0x2700), "example.com", None)
    assert isinstance(e, CertificateError) and "example.com" in str(e)


class Sock:
    def __init__(self):
        self.left = [b"a response", b""]
        self.broken = False

    def write(self, data):
        if self.broken:
            raise OSError(104, "reset")
        return len(data)

    def readinto(self, data):
        if not self.left:
            raise OSError(104, "reset")
        found = self.left.pop(0)
        data[: len(found)] = found
        return len(found)


def test_a_failed_write_hides_no_response():
    sock = Sock()
    stream = tls.HandshakeStream(sock)
    stream.broken = False  # the handshake is over
    assert stream.write(b"123") == 3 and not stream.broken
    sock.broken = True
    assert stream.write(b"123") is None and stream.broken
    data = bytearray(20)
    assert stream.readinto(data) == 10 and data[:10] == b"a response"
    assert stream.readinto(data) == 0
    assert stream.readinto(data) == -104


def test_a_write_that_fails_in_the_handshake_is_told():
    sock = Sock()
    sock.broken = True
    stream = tls.HandshakeStream(sock)
    assert stream.write(b"123") == -104
    assert not stream.broken


def test_a_handshake_in_pieces_ends_by_its_deadline():
    beats = []
    script = Script([["shake_hands", 100, 0.4], ["until_closed"]])
    before = descriptors()
    client = session.Session(ca=ca(), timeout=0.8, progress=beats.append)
    start = ticks_ms()
    e = raises(OSError, client.post, script.url.replace("http:", "https:"), b"1")
    took = ticks_diff(ticks_ms(), start)
    assert not isinstance(e, CertificateError), e
    assert 1500 <= took <= 2300, took
    assert descriptors() == before
    # Each step counts, so that a watchdog is fed: it ends by the deadline alone.
    assert len(set(beats)) == len(beats) >= 10 and max(beats) < 0
    script.report()


def test_a_handshake_in_pieces_that_is_quick_enough():
    script = Script([["shake_hands", 250, 0.01], ["until_closed"]])
    client = session.Session(ca=ca(), timeout=0.5)
    raises(OSError, client.post, script.url.replace("http:", "https:"), b"1")
    (seen,) = script.report()
    assert seen["handshake"]


def test_tls_sockets_without_recv():
    if sys.implementation.name != "micropython":
        return
    # TLS sockets have recv() since MicroPython 1.29; before, the session goes byte by byte.
    early = "HTTP/1.1 413 X\r\nContent-Length: 2\r\n\r\n{}"
    for steps in ([["body"], ["send", early]], [["send", early], ["pause", 0.2], ["reset"]]):
        script = Script([["head"], ["body"], ["send", GOOD], ["head"]] + steps, tls="good")
        client = session.Session(ca=ca(), timeout=5)
        client.post(script.url, data=b"1")
        connection = client._connection
        connection._recv = connection._recv_bytewise
        reply = client.post(script.url, **LARGE)
        assert reply.status_code == 413 and reply.content == b"{}"
        client.close()
        script.report()

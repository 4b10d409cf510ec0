# Anything at all, at any pace, to setup's server and name server: they answer, or hang up.

import os
import random
import socket

from tests.support.device.fakeboard import Names, Notes
from thingscam.setup import dns, form, portal, server

ROUNDS = 600
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: zh\r\n\r\n",
    b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /picture?board=x&brightness=2 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /api/wifisave?ssid=a&password=b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /save HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
    b"Content-Length: 63\r\n\r\n"
    b"ssid.0=a%20b&password.0=%E7%9B%B8&has.sensor.vflip=1&values=%7B",
    b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n",
    b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7captive\5apple\3com\0\0\1\0\1",
)


def mutated(chance):
    """Return a request that was cut, doubled, or has other bytes in it, as a bytearray."""
    data = bytearray(chance.choice(REQUESTS))
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(data) + 1)
        what = chance.randrange(4)
        if what == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif what == 1:
            del data[at : at + chance.randrange(20)]
        elif what == 2:
            data[at:at] = data[max(0, at - chance.randrange(200)) : at]
        else:
            data[at:at] = chance.choice(
                (b"\r\n", b"%", b"\0", b"&=", b":", b"9" * 30, b"\xff" * 50)
            )
    return data


def test_whatever_comes_is_answered_or_hung_up(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(form.Draft, "check", lambda self: self.mistakes.update({"": "no"}))
    point = Names(
        address="127.0.0.1",
        name="thingscam-0203",
        networks=[(b"Yard\xff", -60, True)],
        scan=lambda: None,
        station=Names(isconnected=lambda: False),
    )
    found = portal.Portal(point, Notes(), Names(look=lambda query: b"\xff\xd8" + bytes(9000)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    web = server.Server("127.0.0.1", port, found.answer, found.refusal, found.is_ours)
    names = dns.Dns("127.0.0.1", port, "192.0.2.1")
    descriptors = len(os.listdir("/proc/self/fd"))
    chance = random.Random(7)
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    lines = []
    try:
        for _ in range(ROUNDS):
            data = mutated(chance)
            phone.sendto(data, ("127.0.0.1", port))
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setblocking(False)
            lines.append((sock, data))
            for each, rest in list(lines):
                try:
                    done = each.send(rest[: chance.randrange(1, 400)])
                    del rest[:done]
                    each.recv(4096)
                except BlockingIOError:
                    pass
                except OSError:
                    each.close()
                    lines.remove((each, rest))
            if len(lines) > 5 or chance.randrange(3) == 0:
                each, rest = lines.pop(chance.randrange(len(lines)))
                each.close()
            names.step()
            web.step()
            assert len(web._clients) <= 6
        for each, _ in lines:
            each.close()
        for _ in range(20):
            web.step()
        # It is as good as new.
        with socket.create_connection(("127.0.0.1", port)) as sock:
            sock.sendall(REQUESTS[1])
            sock.settimeout(0.01)
            answer = b""
            for _ in range(200):
                web.step()
                try:
                    data = sock.recv(4096)
                except TimeoutError:
                    continue
                if not data:
                    break
                answer += data
        assert answer.startswith(b"HTTP/1.1 200 ")
    finally:
        web.close()
        names.close()
        phone.close()
    assert len(os.listdir("/proc/self/fd")) <= descriptors

# The virtual board's sockets and names, as lwIP's and MicroPython's, and the session above them.

import contextlib
import socket
import ssl
import threading
import time

import pytest
import trustme

from tests.host.virtualboard.test_board_wifi import JOIN, echo
from tests.support.board import execute, running
from tests.support.site import site
from tools.host import filesystem

# What is measured in board time, at ten times its speed, under load.
SLACK_MS = 1500

ASK = JOIN + (
    "import socket, select, errno\n"
    "def join():\n"
    "    if not wlan.isconnected(): wlan.connect('net', 'secret')\n"
    "    for _ in range(600):\n"
    "        if wlan.isconnected(): return\n"
    "        time.sleep_ms(50)\n"
    "    raise OSError('not joined', wlan.status())\n"
    "join()\n"
    "def timed(call, *arguments):\n"
    "    start = time.ticks_ms()\n"
    "    try:\n"
    "        result = call(*arguments)\n"
    "    except OSError as e:\n"
    "        result = e.errno\n"
    "    return result, time.ticks_diff(time.ticks_ms(), start)\n"
)


@contextlib.contextmanager
def online(**options):
    with running(speed=10, fair=True, **options) as board:
        board.network("net", "secret", -55)
        yield board


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_second_connect_tells_the_outcome():
    text = ASK + (
        "def dial(port):\n"
        "    s = socket.socket()\n"
        "    s.setblocking(False)\n"
        "    address = ('127.0.0.1', port)\n"
        "    print(timed(s.connect, address)[0] == errno.EINPROGRESS)\n"
        "    p = select.poll()\n"
        "    p.register(s, select.POLLIN | select.POLLOUT)\n"
        "    print(p.poll(5000)[0][1])\n"
        "    print(timed(s.connect, address)[0])\n"
        "    print(timed(s.recv, 1)[0])\n"
        "    s.close()\n"
        "for port in PORTS: dial(port)\n"
    )
    with echo() as port, online() as board:
        found = execute(board, text.replace("PORTS", "({}, {})".format(port, closed_port())))
    # Connected: EISCONN, and nothing to read. Refused: ready for all, ENOTCONN, ECONNRESET.
    good = ["True", "4", "106", "11"]
    assert found.splitlines() == [*good, "True", "5", "107", "104"]


def test_a_connection_that_nobody_answers():
    text = ASK + (
        "s = socket.socket()\n"
        "s.settimeout(2)\n"
        "print(*timed(s.connect, ('127.0.0.1', 9)))\n"
        "s = socket.socket()\n"
        "print(*timed(s.connect, ('127.0.0.1', 9)))\n"
    )
    for version, first_ms in (("1.27", 2000), ("1.21", 18000)):
        with online(micropython=version) as board:
            board.internet(False)
            lines = [line.split() for line in execute(board, text).splitlines()]
        # ETIMEDOUT by the timeout, which 1.21 does not know; ECONNABORTED when lwIP gives up.
        assert lines[0][0] == ("110" if version == "1.27" else "103")
        assert lines[1][0] == "103"
        assert first_ms <= int(lines[0][1]) <= first_ms + SLACK_MS
        assert 18000 <= int(lines[1][1]) <= 18000 + SLACK_MS


@pytest.mark.parametrize("servers", [1, 3])
def test_a_look_up_without_an_answer_lets_nothing_in(servers):
    text = ASK + (
        "from machine import Timer\n"
        "count = 0\n"
        "def tick(_):\n"
        "    global count\n"
        "    count += 1\n"
        "t = Timer(0)\n"
        "t.init(period=100, callback=tick)\n"
        "time.sleep_ms(1000)\n"
        "count = 0\n"
        "number, ms = timed(socket.getaddrinfo, 'api.example.com', 80)\n"
        "print(number, ms, count <= 1)\n"
        "t.deinit()\n"
    )
    with online() as board:
        board.dns(False, servers=servers)
        number, ms, quiet = execute(board, text).split()
    assert (number, quiet) == ("-202", "True")
    assert 7000 * servers <= int(ms) <= 7000 * servers + SLACK_MS


def test_what_waits_in_a_socket_lets_callbacks_in():
    text = ASK + (
        "from machine import Timer\n"
        "count = 0\n"
        "def tick(_):\n"
        "    global count\n"
        "    count += 1\n"
        "t = Timer(0)\n"
        "t.init(period=100, callback=tick)\n"
        "s = socket.socket()\n"
        "s.settimeout(3)\n"
        "s.connect(('127.0.0.1', {}))\n"
        "count = 0\n"
        "print(timed(s.recv, 1)[0], 15 < count <= 31)\n"
        "t.deinit()\n"
    )
    with echo() as port, online() as board:
        assert execute(board, text.format(port)) == "110 True\n"


def test_a_look_up_gives_one_address():
    text = ASK + "for _ in range(4): print(len(a := socket.getaddrinfo('x', 80)), a[0][4][0])\n"
    with online() as board:
        board.dns(True, names={"x": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]})
        found = execute(board, text).splitlines()
        board.dns(True, late_s=3)
        late = execute(board, ASK + "print(timed(socket.getaddrinfo, 'localhost', 80)[1])\n")
    assert found == ["1 127.0.0.2", "1 127.0.0.3", "1 127.0.0.4", "1 127.0.0.2"]
    assert 3000 <= int(late) <= 3000 + SLACK_MS


def test_a_timeout_is_in_turns_and_one_more():
    text = (
        "import socket, time\n"
        "sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "sock.bind(('127.0.0.1', 0))\n"
        "sock.settimeout(0.25)\n"
        "begin = time.ticks_ms()\n"
        "try:\n    sock.recv(1)\nexcept OSError:\n"
        "    print(time.ticks_diff(time.ticks_ms(), begin) >= 290)\n"
    )
    with running() as board:
        assert execute(board, text) == "True\n"


def test_there_are_ten_sockets():
    text = ASK + (
        "held = [socket.socket() for _ in range(10)]\n"
        "print(timed(socket.socket)[0])\n"
        "held.pop().close()\n"
        "socket.socket().close()\n"
    )
    with online() as board:
        assert execute(board, text) == "23\n"


@pytest.mark.parametrize("version", ["1.22", "1.24"])
def test_no_delay_before_1_23_is_a_warning(version):
    text = ASK + (
        "print(hasattr(socket, 'TCP_NODELAY'))\n"
        "s = socket.socket()\n"
        "s.connect(('127.0.0.1', {0}))\n"
        "s.setsockopt(6, 1, 1)\n"
        "s.close()\n"
        "print('session')\n"
        "from thingscam.http.session import Session\n"
        "try:\n"
        "    Session(timeout=2).post('http://127.0.0.1:{0}/', b'1')\n"
        "except OSError as e:\n"
        "    print(type(e).__name__)\n"
    )
    with echo() as port, online(micropython=version, files=library()) as board:
        plain, _, ours = execute(board, text.format(port)).partition("session\n")
    assert ours == "ResponseError\n"  # its own request comes back
    warning = "Warning: lwip.setsockopt() option not implemented\n"
    assert plain == ("False\n" + warning if version == "1.22" else "True\n")


def library():
    """The device code, without its programs: a Ctrl-C must not come in the middle of them."""
    found = filesystem.firmware_files()
    return {path: found[path] for path in found if path not in ("boot.py", "main.py")}


POST = ASK + (
    "from thingscam.board import rtc\n"
    "from thingscam.http.session import Session\n"
    "class Store:\n"
    "    load = lambda self: rtc.recall(rtc.ADDRESS)\n"
    "    save = lambda self, data: rtc.remember(rtc.ADDRESS, data)\n"
    "client = Session(timeout=15, store=Store())\n"
    "def post(url):\n"
    "    try:\n"
    "        return client.post(url, b'1').status_code\n"
    "    except OSError as e:\n"
    "        return e.args[0]\n"
    "    finally:\n"
    "        client.close()\n"
)


@contextlib.contextmanager
def answering(host):
    """A server at `host` that takes every request in; yields its port."""

    def serve():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server((host, 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def test_a_third_address_is_found_and_kept():
    """Two are dead; a board is told one of them a look-up."""
    with answering("127.0.0.4") as port, online(files=library()) as board:
        board.dns(True, names={"api.example": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]})
        ask = "for _ in range(3): print(post('http://api.example:{}/'))\n".format(port)
        assert execute(board, POST + ask).split() == ["111", "111", "200"]
        # From now on no name is needed, over a restart that keeps RTC memory either.
        board.dns(False, servers=3)
        ask = "print(*timed(post, 'http://api.example:{}/'))\n".format(port)
        status, ms = execute(board, POST + ask).split()
        assert status == "200" and int(ms) < 2000


def test_connecting_ends_by_its_deadline():
    """Twice the timeout, and what the look-up takes on top."""
    with online(files=library()) as board:
        board.internet(False)
        ask = "print(*timed(post, 'http://127.0.0.1:9/'))\n"
        status, ms = execute(board, POST + ask).split()
        # lwIP gives up before that.
        assert status == "110" and 18000 <= int(ms) <= 18000 + SLACK_MS
        ask = "print(*timed(post, 'http://api.example/'))\n"
        status, ms = execute(board, POST + ask).split()
        assert status == "-202" and 7000 <= int(ms) <= 7000 + SLACK_MS


class Slow:
    """A server whose TLS handshake comes in pieces of `size` bytes, `pause_s` apart."""

    def __init__(self, size, pause_s):
        self._size, self._pause_s = size, pause_s
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca = trustme.CA()
        self._ca.issue_cert("localhost").configure_cert(self._context)
        self.der = ssl.PEM_cert_to_DER_cert(self._ca.cert_pem.bytes().decode())
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.count += 1
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(came, goes, server_side=True)
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                came.write(data)
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                data = goes.read()
                for start in range(0, len(data), self._size):
                    connection.sendall(data[start : start + self._size])
                    time.sleep(self._pause_s)


def test_a_handshake_in_pieces_never_ends_in_safe_mode(tmp_path):
    """250 bytes, 13 s apart: neither a watchdog's reset nor an end to photographing."""
    speed = 30
    with Slow(100, 13 / speed) as slow:
        cloud = {"endpoint": "https://localhost:{}".format(slow.port), "timeout_s": 15}
        options = {"cloud": cloud, "power": {"watchdog_s": 60}, "trigger": {"every_s": 30}}
        with site(tmp_path, tls=True, files={"ca.der": slow.der}, **options) as place:
            place.board.set_speed(speed)
            place.wait_for("WARNING upload failed", 4)
            output = place.board.output
            assert output.count("rst:") == 1 and slow.count >= 4
            # In ten to twenty seconds each, and their pauses, the pictures went on.
            assert output.count("INFO kept") >= 4
            assert "no answer in time" in output

# The virtual board's Wi-Fi: joining, losing, coming back, and what sockets do meanwhile.

import contextlib
import socket
import threading

import pytest

from tests.support import certificates
from tests.support.board import execute, running, until

JOIN = """
import network, time
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
def join(ssid="net", key="secret"):
    wlan.connect(ssid, key)
    while not wlan.isconnected():
        time.sleep_ms(50)
"""


@contextlib.contextmanager
def echo(context=None):
    """A server that sends back what it gets, over TLS with a context; yields its port."""
    connections = []

    def serve(connection):
        with contextlib.suppress(OSError):
            if context is not None:
                connection = context.wrap_socket(connection, server_side=True)
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept():
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                connections.append(connection)
                threading.Thread(target=serve, args=[connection], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                connection.close()


@pytest.fixture
def board():
    with running(speed=10) as board:
        board.network("net", "secret", -55)
        board.network("other", "geheim", -80)
        yield board


def test_joining_takes_time_and_says_who_and_how_strong(board):
    text = (
        "import network, time\n"
        "w = network.WLAN(network.STA_IF)\n"
        "print(w.active(), w.active(True), w.status() == network.STAT_IDLE)\n"
        "t = time.ticks_ms()\n"
        "w.connect('net', 'secret')\n"
        "print(w.isconnected(), w.status() == network.STAT_CONNECTING, w.ifconfig()[0])\n"
        "while not w.isconnected(): time.sleep_ms(20)\n"
        "t = time.ticks_diff(time.ticks_ms(), t)\n"
        "print(1000 < t < 10000, w.status() == network.STAT_GOT_IP, w.config('essid'))\n"
        "print(w.status('rssi'), w.ifconfig()[0])\n"
    )
    assert execute(board, text).splitlines() == [
        "False True True",
        "False True 0.0.0.0",
        "True True net",
        "-55 192.168.4.101",
    ]


def test_scan_finds_the_networks_that_are_up(board):
    board.wifi(False, "other")
    text = JOIN + "print([(n[0], n[3]) for n in wlan.scan()])"
    assert execute(board, text) == "[(b'net', -55)]\n"
    board.wifi(True, "other", rssi=-40)
    assert execute(board, text) == "[(b'other', -40), (b'net', -55)]\n"


WATCH = JOIN + (
    "wlan.config(reconnects=2)\n"
    "def watch(ssid, key, least_s, last=None):\n"
    "    # What status() tells, each once, for so long and until it is `last`.\n"
    "    seen = [wlan.status()]\n"
    "    wlan.connect(ssid, key)\n"
    "    end = time.ticks_add(time.ticks_ms(), least_s * 1000)\n"
    "    while not wlan.isconnected() and (\n"
    "        time.ticks_diff(end, time.ticks_ms()) > 0 or last and seen[-1] != last\n"
    "    ):\n"
    "        if wlan.status() not in (seen[-1], 1010): seen.append(wlan.status())\n"
    "        time.sleep_ms(10)\n"
    "    return seen\n"
)


@pytest.mark.parametrize("version", ["1.21", "1.22", "1.27", "head"])
def test_the_reason_stays_until_there_is_an_address(version):
    text = WATCH + (
        "print(watch('nowhere', 'secret', 12, 201))\n"
        "print(watch('auth', 'wrong', 16, 202))\n"
        "print(watch('fail', 'wrong', 16, FAIL))\n"
        "print(watch('net', 'wrong', 5, 15))\n"
        "print(watch('auth', 'wrong', 16, 202))\n"
        "print(watch('net', 'secret', 9), wlan.isconnected())\n"
    )
    text = text.replace("FAIL", "205" if version == "1.21" else "202")
    with running(speed=20, micropython=version) as board:
        board.network("net", "secret")
        board.network("auth", "secret", refusal=202)
        board.network("fail", "secret", refusal=205)
        found = execute(board, text).splitlines()
    old = [
        "[1000, 1001, 201]",
        "[201, 1001, 202]",
        "[202, 1001, 205]",
        "[205, 1001, 15]",
        "[15, 1001, 202]",
        "[202, 1001] True",
    ]
    new = [
        "[1000, 1001, 201]",
        "[201, 202]",
        "[202]",
        "[202, 1001, 15]",
        "[15, 1001, 202]",
        "[202] True",
    ]
    assert found == (old if version == "1.21" else new)


def test_the_event_of_a_disconnect_comes_later(board):
    text = JOIN + (
        "wlan.config(reconnects=2)\n"
        "print(wlan.config('reconnects'))\n"
        "join()\n"
        "wlan.disconnect()\n"
        "print(wlan.isconnected())\n"
        "time.sleep_ms(100)\n"
        "print(wlan.isconnected(), wlan.status() == network.STAT_IDLE)\n"
        "wlan.connect('net', 'wrong')\n"
        "for call in (lambda: wlan.connect('net', 'secret'), lambda: wlan.config(reconnects=2)):\n"
        "    try:\n"
        "        call()\n"
        "    except OSError as e:\n"
        "        print(e)\n"
        "print(wlan.scan())\n"
        "wlan.active(False)\n"
        "wlan.active(True)\n"
        "print(len(wlan.scan()))\n"
    )
    board.set_speed(1)
    assert execute(board, text).splitlines() == [
        "2",
        "True",
        "False True",
        "Wifi Internal State Error",
        "Wifi Internal State Error",
        "[]",
        "2",
    ]


def test_three_tries_with_two_reconnects(board):
    text = WATCH + (
        "t = time.ticks_ms()\n"
        "wlan.connect('net', 'wrong')\n"
        "while wlan.status() == network.STAT_CONNECTING: time.sleep_ms(20)\n"
        "print(wlan.status(), 10000 < time.ticks_diff(time.ticks_ms(), t) < 14000)\n"
    )
    assert execute(board, text) == "15 True\n"


def test_access_points_of_one_name(board):
    board.network("net", "secret", -88, bssid=1, channel=1)
    board.network("net", "secret", -45, bssid=2, channel=11)
    board.network("hidden", "secret", -40, hidden=True)
    board.network(b"\xd0\xa1\xc3\xd7", "secret", -50)
    board.network("a name of as many as 32 bytes...", "secret")
    text = JOIN + (
        "for n in wlan.scan()[:3]: print(n[0], n[1][5], n[3], n[5])\n"
        "join()\n"
        "print(wlan.status('rssi'))\n"
        "def again(name, bssid=None):\n"
        "    wlan.disconnect()\n"
        "    time.sleep_ms(500)\n"
        "    wlan.connect(name, 'secret', bssid=bssid)\n"
        "    while not wlan.isconnected(): time.sleep_ms(50)\n"
        "again('net', b'\\2\\0\\0\\0\\0\\2')\n"
        "print(wlan.status('rssi'))\n"
        "again(b'\\xd0\\xa1\\xc3\\xd7')\n"
        "try:\n"
        "    print(wlan.config('essid'))\n"
        "except UnicodeError:\n"
        "    print('no text')\n"
        "again('a name of as many as 32 bytes...')\n"
        "print(wlan.config('essid'))\n"
    )
    assert execute(board, text).splitlines() == [
        "b'' 0 -40 False",
        "b'net' 2 -45 False",
        "b'\\xd0\\xa1\\xc3\\xd7' 0 -50 False",
        "-88",
        "-45",
        "no text",
        "a name of as many as 32 bytes...secret",
    ]
    # The one that it is joined to changes under it.
    board.network("a name of as many as 32 bytes...", "secret", -80)
    assert execute(board, "import network; print(network.WLAN(0).status('rssi'))") == "-80\n"


def test_an_access_point_without_addresses_and_one_that_throws_out(board):
    board.network("mute", "secret", dhcp=False)
    board.network("rude", "secret", drops_s=3)
    text = WATCH + (
        "print(watch('mute', 'secret', 20), wlan.ifconfig()[0])\n"
        "wlan.disconnect()\n"
        "watch('rude', 'secret', 20)\n"
        "print(wlan.isconnected())\n"
        "while wlan.isconnected(): time.sleep_ms(50)\n"
        "print(wlan.status())\n"
        "while not wlan.isconnected(): time.sleep_ms(50)\n"
        "print('again')\n"
    )
    assert execute(board, text).splitlines() == [
        "[1000, 1001] 0.0.0.0",
        "True",
        "1001",
        "again",
    ]


def test_without_reconnects_it_tries_for_ever(board):
    text = JOIN + (
        "wlan.connect('net', 'wrong')\n"
        "time.sleep(20)\n"
        "print(wlan.status() == network.STAT_CONNECTING)\n"
        "wlan.disconnect()\n"
        "print(wlan.status() == network.STAT_CONNECTING)\n"
    )
    assert execute(board, text) == "True\nFalse\n"


def test_a_network_that_vanishes_is_noticed_later_and_joined_again(board):
    text = JOIN + (
        "join()\n"
        "print('joined')\n"
        "while wlan.isconnected(): time.sleep_ms(50)\n"
        "print('lost', wlan.status() == network.STAT_CONNECTING)\n"
        "while not wlan.isconnected(): time.sleep_ms(50)\n"
        "print('again')\n"
        "time.sleep(1000)\n"
    )
    with running(text, speed=20) as board:
        board.network("net", "secret")
        board.wait_for("joined\n")
        board.wifi(False)
        assert "lost" not in board.output
        board.wait_for("lost True\n")
        board.wifi(True)
        board.wait_for("again\n")


def test_wifi_outlives_a_soft_reset_and_no_other(board):
    assert execute(board, JOIN + "join(); print('in')") == "in\n"
    asked = "import network; print(network.WLAN(network.STA_IF).isconnected())"
    assert execute(board, asked) == "True\n"
    board.press_reset()
    assert execute(board, asked) == "False\n"


def test_sockets_fail_while_there_is_no_network(board):
    text = JOIN + (
        "import socket\n"
        "try:\n"
        "    socket.getaddrinfo('example.com', 80)\n"
        "except OSError as e:\n"
        "    print(e.errno)\n"
        "s = socket.socket()\n"
        "try:\n"
        "    s.connect(('127.0.0.1', 80))\n"
        "except OSError as e:\n"
        "    print(e)\n"
        "import ntptime\n"
        "try:\n"
        "    ntptime.time()\n"
        "except OSError as e:\n"
        "    print(e.errno)\n"
    )
    found = execute(board, text).splitlines()
    assert found == ["-202", "[Errno 113] EHOSTUNREACH", "-202"]


def test_the_usual_calls_of_a_socket(board):
    with echo() as port:
        text = JOIN + (
            "import socket, select\n"
            "join()\n"
            "address = socket.getaddrinfo('localhost', {})[0]\n"
            "print(address[:3], address[4])\n"
            "s = socket.socket()\n"
            "s.settimeout(5)\n"
            "s.connect(address[-1])\n"
            "print(s.send(b'hello\\nworld'), s.readline(), s.recv(100))\n"
            "big = bytes(range(256)) * 200\n"
            "p = select.poll()\n"
            "p.register(s, select.POLLIN | select.POLLOUT)\n"
            "print(p.poll(100)[0][1] == select.POLLOUT)\n"
            "p.modify(s, select.POLLIN)\n"
            "print(p.poll(100))\n"
            "sent, back = 0, b''\n"
            "s.setblocking(False)\n"
            "while len(back) < len(big):\n"
            "    if sent < len(big):\n"
            "        sent += s.write(memoryview(big)[sent:]) or 0\n"
            "    back += s.read(4096) or b''\n"
            "    for _ in p.ipoll(20): pass\n"
            "print(back == big)\n"
            "try:\n"
            "    s.recv(1)\n"
            "except OSError as e:\n"
            "    print(e)\n"
            "s.settimeout(1)\n"
            "try:\n"
            "    s.recv(1)\n"
            "except OSError as e:\n"
            "    print(e)\n"
            "s.close()\n"
        ).format(port)
        assert execute(board, text).splitlines() == [
            "(2, 1, 0) ('127.0.0.1', {})".format(port),
            "11 b'hello\\n' b'world'",
            "True",
            "[]",
            "True",
            "[Errno 11] EAGAIN",
            "[Errno 110] ETIMEDOUT",
        ]


def test_a_connection_refused(board):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    text = JOIN + (
        "import socket\n"
        "join()\n"
        "try:\n"
        "    socket.socket().connect(('127.0.0.1', {}))\n"
        "except OSError as e:\n"
        "    print(e)\n"
    ).format(port)
    assert execute(board, text) == "[Errno 104] ECONNRESET\n"  # lwIP's ERR_RST


CONNECTED = JOIN + (
    "import socket\n"
    "join()\n"
    "s = socket.socket()\n"
    "s.settimeout({timeout})\n"
    "s.connect(('127.0.0.1', {port}))\n"
    "print('connected')\n"
)


def test_an_open_connection_hangs_without_wifi_and_goes_on_with_it():
    program = CONNECTED + (
        "while True:\n"
        "    time.sleep(1)\n"
        "    s.write(b'x')\n"
        "    try:\n"
        "        print('got', s.recv(1))\n"
        "    except OSError as e:\n"
        "        print('trouble', e)\n"
    )
    with echo() as port:
        program = program.format(port=port, timeout=3)
        with running(program, speed=20) as board:
            board.network("net", "secret")
            board.wait_for("got b'x'")
            board.wifi(False)
            board.wait_for("trouble [Errno 110] ETIMEDOUT", count=2)
            count = board.output.count("got")
            board.wifi(True)
            board.wait_for("got b'x'", count=count + 2)


def test_a_new_address_ends_the_connections():
    program = CONNECTED + "try:\n    s.recv(1)\nexcept OSError as e:\n    print('trouble', e)\n"
    with echo() as port, running(program.format(port=port, timeout=None), speed=20) as board:
        board.network("net", "secret")
        board.wait_for("connected")
        board.wifi(False, new_address=True)
        until(lambda: board.state()["wifi"]["status"] != 1010)
        assert "trouble" not in board.output
        board.wifi(True)
        board.wait_for("trouble [Errno 103] ECONNABORTED")


def test_the_internet_may_be_gone_with_the_wifi_there(board):
    board.internet(False)
    text = JOIN + (
        "import socket\n"
        "join()\n"
        "print(wlan.isconnected())\n"
        "try:\n"
        "    socket.getaddrinfo('localhost', 80)\n"
        "except OSError as e:\n"
        "    print(e.errno)\n"
    )
    assert execute(board, text) == "True\n-202\n"


def test_sending_takes_the_time_of_a_radio(board):
    with echo() as port:
        text = CONNECTED.format(port=port, timeout=30) + (
            "t = time.ticks_ms()\n"
            "data = bytes(25000)\n"
            "for _ in range(20): s.write(data)\n"
            "print(time.ticks_diff(time.ticks_ms(), t) > 800)\n"
        )
        board.set_speed(1)
        assert execute(board, text) == "connected\nTrue\n"


@pytest.mark.parametrize("tls", [False, True])
def test_an_interrupt_runs_while_a_socket_waits(tls, tmp_path):
    program = CONNECTED.format(port="{port}", timeout=30) + (
        "import machine\nmachine.Pin(13).irq(lambda p: print('moved'), machine.Pin.IRQ_RISING)\n"
    )
    if tls:
        program += (
            "import ssl\n"
            "context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
            "with open('ca.der', 'rb') as f:\n"
            "    context.load_verify_locations(cadata=f.read())\n"
            "s = context.wrap_socket(s, server_hostname='localhost')\n"
            "s.write(b'hello')\n"
            "print('echo', s.read(5))\n"
        )
    program += "print('waiting')\nprint('read', s.read(1))\n"
    context = certificates.make(tmp_path)["good"]
    files = {"ca.der": (tmp_path / "ca.der").read_bytes()}
    with (
        echo(context if tls else None) as port,
        running(program.format(port=port), files=files) as board,
    ):
        board.network("net", "secret")
        board.wait_for("waiting")
        if tls:
            assert "echo b'hello'" in board.output
        board.pin(13, 1)
        board.wait_for("moved", timeout=5)
        assert "read" not in board.output.split("waiting")[1]

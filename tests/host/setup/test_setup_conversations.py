# Whole conversations with setup, made up by hypothesis: nothing raises, nothing waits, no secret
# comes back, and what was configured is changed by nobody else's page.

import contextlib
import json
import os
import pathlib
import socket
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.device.fakeboard import Names, Notes
from thingscam.setup import dns, portal, server, vendor

ADDRESS = "127.0.0.1"
SECRETS = ("hidden-token-77", "hidden-key-88", "hidden-wifi-99", "hidden-point-66")
CONFIG = {
    "wifi": [{"ssid": "Yard", "password": SECRETS[2]}],
    "cloud": {
        "endpoint": "http://api.example.com",
        "access_token": SECRETS[0],
        "identifier": "image",
        "project_key": SECRETS[1],
        "region": "cn-1",
    },
    "setup": {"password": SECRETS[3]},
    "trigger": {"every_s": 60},
}
STEP_S = 0.5  # what a turn may take on a loaded computer; the camera has its own behind it

anything = st.binary(max_size=300)
numbers = st.sampled_from(
    (b"0", b"3", b"30", b"8192", b"8193", b"-1", b"+3", b" 3 ", b"3, 3", b"0x3", b"9" * 40, b"")
)
hosts = st.sampled_from(
    (b"127.0.0.1",) * 3 + (b"127.0.0.1:80", b"captive.apple.com", b"evil.example", b"", b"\xff")
)
origins = st.sampled_from(
    (b"http://127.0.0.1", b"http://evil.example", b"null", b"http://127.0.0.1.evil.example", b"")
)
header = st.one_of(
    st.tuples(st.sampled_from((b"Host", b"HOST")), hosts),
    st.tuples(st.sampled_from((b"Origin", b"Referer")), origins),
    st.tuples(st.just(b"Content-Length"), numbers),
    st.tuples(st.just(b"Transfer-Encoding"), st.sampled_from((b"chunked", b"gzip, chunked"))),
    st.tuples(
        st.just(b"Content-Type"),
        st.sampled_from((b"multipart/form-data; boundary=x", b"application/json", b"text/plain")),
    ),
    st.tuples(st.just(b"Expect"), st.just(b"100-continue")),
    st.tuples(st.just(b"Upgrade"), st.sampled_from((b"h2c", b"websocket"))),
    st.tuples(st.just(b"Accept-Language"), st.sampled_from((b"zh", b"en", b"\xff", b"," * 99))),
    st.tuples(st.binary(max_size=20), st.binary(max_size=60)),
)
paths = st.sampled_from(
    (b"/", b"/?lang=zh", b"/state", b"/picture?board=x&brightness=9", b"/save", b"/scan", b"/test")
    + (b"/api/wifilist?refresh=1", b"/api/wifisave?ssid=a&password=bcdefghi", b"/api/info")
    + (b"/generate_204", b"http://127.0.0.1/", b"//", b"/../config.json", b"/config.json", b"*")
    + (b"/%", b"/?%zz", b"/?" + b"a&" * 70, b"/" + b"x" * 1100)
)
values = st.one_of(
    st.sampled_from(("", "1", "-1", "Yard", "{", "[" * 400, '{"cloud": {"region": "x"}}', "#a=b")),
    st.sampled_from(("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "📷" * 20)),
    st.text(max_size=40),
)
names = st.sampled_from(
    ("ssid.0", "password.0", "ssid.3", "cloud.endpoint", "cloud.access_token", "cloud.region")
    + ("camera.board", "camera.rotate", "has.sensor.vflip", "sensor.brightness", "values", "ca")
    + ("trigger.every_s", "fresh", "untried", "setup.password", "__init__", "")
)


@st.composite
def form(draw):
    pairs = draw(st.lists(st.tuples(names, values), max_size=8))
    return b"&".join(
        "".join("%%%02x" % byte for byte in name.encode()).encode()
        + b"="
        + "".join("%%%02x" % byte for byte in text.encode("utf-8", "replace")).encode()
        for name, text in pairs
    )


@st.composite
def multipart(draw):
    part = b'--x\r\nContent-Disposition: form-data; name="ca"\r\n\r\n%b\r\n'
    return b"".join(part % each for each in draw(st.lists(anything, max_size=3))) + b"--x--\r\n"


@st.composite
def chunked(draw):
    pieces = draw(st.lists(anything, max_size=3))
    return b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in pieces) + b"0\r\n\r\n"


@st.composite
def request(draw):
    method = draw(st.sampled_from((b"GET", b"POST", b"POST", b"HEAD", b"OPTIONS", b"get", b"\0")))
    headers = draw(st.lists(header, max_size=6))
    body = draw(st.one_of(form(), form(), multipart(), chunked(), anything))
    if draw(st.booleans()):  # as a browser
        headers = [(b"Host", b"127.0.0.1"), (b"Content-Length", b"%d" % len(body)), *headers[:2]]
    head = b"%b %b HTTP/1.%d\r\n" % (method, draw(paths), draw(st.sampled_from((1, 1, 0, 9))))
    return head + b"".join(b"%b: %b\r\n" % each for each in headers) + b"\r\n" + body


@st.composite
def question(draw):
    labels = draw(st.lists(st.binary(max_size=70), max_size=5))
    name = b"".join(
        bytes([len(each) & draw(st.sampled_from((0xFF, 0x3F)))]) + each for each in labels
    )
    tail = draw(st.sampled_from((b"\0\0\1\0\1", b"\0\0\x1c\0\1", b"\xc0\x0c\0\1\0\1", b"", b"\0")))
    counts = draw(st.sampled_from((b"\0\1\0\0\0\0\0\0", b"\0\2\0\0\0\0\0\0", b"\xff" * 8)))
    return draw(st.binary(min_size=4, max_size=4)) + counts + name + tail


client = st.tuples(
    st.one_of(request(), request(), request(), st.binary(max_size=4000)),
    st.lists(st.integers(1, 2000), max_size=6),  # it sends so many bytes at a time
    st.booleans(),  # and hangs up
)


@contextlib.contextmanager
def house(folder):
    """A portal with its two servers in `folder`; the value has what a test asks of them."""
    before = os.getcwd()
    os.chdir(folder)
    vendor.chip.machine = Names(unique_id=lambda: b"\x24\x6f\x28\1\2\3")
    point = Names(
        address=ADDRESS,
        name="thingscam-0203",
        networks=[(b"Yard\xff", -60, True), (b"<b>", -70, False), (b"a\0b", -71, False)],
        scan=lambda: None,
        join=lambda ssid, password: None,
        joined=lambda: True,
        station=Names(isconnected=lambda: False),
    )
    notes = Notes()
    found = portal.Portal(point, notes, Names(look=lambda query: b"\xff\xd8" + bytes(9000)))
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        port = free.getsockname()[1]
    web = server.Server(ADDRESS, port, found.answer, found.refusal, found.is_ours)
    names = dns.Dns(ADDRESS, port, "192.0.2.1")
    try:
        yield Names(portal=found, web=web, names=names, port=port, notes=notes)
    finally:
        web.close()
        names.close()
        vendor.chip.machine = None  # a computer has none
        os.chdir(before)


def turn(place):
    """Go round once, as the board does, and see that it takes no time."""
    begin = time.monotonic()
    place.names.step()
    place.web.step()
    place.portal.step()
    assert sum(each.state != server._CLOSED for each in place.web._clients) <= 6
    return time.monotonic() - begin


def talk(place, clients, packets):
    """Let all of them talk at once; return what came back, by client, and the slowest turn."""
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    phone.setblocking(False)
    lines, slowest = [], 0
    try:
        for packet in packets:
            phone.sendto(packet, (ADDRESS, place.port))
        for data, sizes, hangs_up in clients:
            sock = socket.create_connection((ADDRESS, place.port))
            sock.setblocking(False)
            lines.append([sock, data, list(sizes), hangs_up, b""])
            turn(place)  # it lets one in a turn, and a few wait
        for _ in range(30):
            for line in lines:
                sock, data, sizes, hangs_up, _ = line
                with contextlib.suppress(OSError):
                    size = sizes.pop(0) if sizes else len(data)
                    if data:
                        line[1] = data[sock.send(data[:size]) :]
                    elif hangs_up:
                        sock.shutdown(socket.SHUT_RDWR)
                    line[4] += sock.recv(65536)
            slowest = max(slowest, turn(place))
        answers = []
        with contextlib.suppress(OSError):
            while True:
                answers.append(phone.recv(600))
    finally:
        phone.close()
        for line in lines:
            line[0].close()
    for _ in range(3):
        turn(place)
    return [line[4] for line in lines] + answers, slowest


def page(place):
    """Return the answer to one who asks for the page behind all that."""
    text = b"GET /?lang=en HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with socket.create_connection((ADDRESS, place.port)) as sock:
        sock.setblocking(False)
        sock.send(text)
        found = b""
        for _ in range(2000):
            turn(place)
            try:
                data = sock.recv(65536)
            except BlockingIOError:
                time.sleep(0.001)
                continue
            if not data:
                break
            found += data
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portal")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    with house(folder) as found:
        yield found


@settings(
    max_examples=int(os.environ.get("THINGSCAM_EXAMPLES", "150")),
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),  # a conversation takes too long to be made smaller
    suppress_health_check=list(HealthCheck),
)
@given(
    st.lists(client, min_size=1, max_size=7), st.lists(st.one_of(question(), anything), max_size=4)
)
def test_no_conversation_does_harm(place, clients, packets):
    path = pathlib.Path("config.json")
    before = path.read_bytes()
    descriptors = len(os.listdir("/proc/self/fd"))
    answers, slowest = talk(place, clients, packets)
    assert slowest < STEP_S
    well = page(place)
    assert well.startswith(b"HTTP/1.1 200 ") and well.endswith(b"</html>\n")
    said = b"\n".join([well, *answers]) + "\n".join(place.notes.lines).encode()
    for secret in SECRETS:
        assert secret.encode() not in said
    # What is there is whole, always; and only a form of this page, or none, has changed it.
    found = json.loads(path.read_bytes())
    assert isinstance(found, dict)
    sent = [data for data, _, _ in clients]
    if not any(b"/save" in data or b"/api/wifisave" in data for data in sent):
        assert path.read_bytes() == before
    assert len(os.listdir("/proc/self/fd")) <= descriptors

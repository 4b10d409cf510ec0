# Setup by telephone at its sockets: the page, its form, phones that look around, slow clients.

import binascii
import json
import os
import socket
import sys

from fakeboard import Names, Notes
from support import env, new_folder, raises
from thingscam.setup import dns, form, portal, server
from thingscam.util.compat import sleep_ms, ticks_ms

ADDRESS = "127.0.0.1"
CLOUD = {
    "endpoint": "https://api.example.com",
    "access_token": "t0ken-abcdef",
    "identifier": "image",
    "project_key": "s3cret-key-7x",
    "region": "cn-1",
}
WHOLE = {
    "wifi": [{"ssid": "Yard", "password": "wifi-pass-word"}],
    "cloud": CLOUD,
    "trigger": {"every_s": 60},
    "outbox": {"order": "newest"},
}
# What a form may hold: quotes, what HTML and URLs mean something by, 63 bytes, other scripts.
SPECIAL = "\"'<b>&amp;;&=%41+#\\/ 相机📷"


class Point:
    """An access point without a radio; `outcome` is what becomes of a Wi-Fi that is tried."""

    address = ADDRESS
    name = "thingscam-0203"

    def __init__(self):
        self.networks = [(b"Yard", -60, True), (b"<i>\xff", -70, False), (b"A&B", -71, False)]
        self.outcome = True
        self.tried = []
        self.scans = 0
        self.station = Names(isconnected=lambda: False)

    def scan(self):
        self.scans += 1

    def join(self, ssid, password):
        self.tried.append((ssid, password))

    def joined(self):
        return self.outcome


class Site:
    """A portal behind a real socket, in a folder of its own with this config.json."""

    def __init__(self, config=None, ca=b"x"):
        self._home = os.getcwd()
        os.chdir(new_folder())
        with open("ca.der", "wb") as file:
            file.write(ca)
        if config is not None:
            with open("config.json", "w") as file:
                file.write(config if isinstance(config, str) else json.dumps(config))
        self.point = Point()
        self.log = Notes()
        self.portal = portal.Portal(self.point, self.log)
        self.server, self.port = listening(
            lambda port: server.Server(
                ADDRESS, port, self.portal.answer, self.portal.refusal, self.is_ours
            )
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()
        os.chdir(self._home)

    def is_ours(self, address):
        """As the portal's; the unix port has addresses of another form."""
        return isinstance(address, int) or self.portal.is_ours(address)

    def client(self, data=b""):
        """Connect, and send `data`."""
        sock = socket.socket()
        sock.connect(socket.getaddrinfo(ADDRESS, self.port)[0][-1])
        sock.setblocking(False)
        if data:
            sock.send(data)
        return sock

    def answer(self, sock, turns=400):
        """Let the server work until it hangs up; return what came."""
        found = b""
        for _ in range(turns):
            self.server.step()
            try:
                data = sock.recv(65536)
            except OSError:
                sleep_ms(1)
                continue
            if not data:
                break
            found += data
            if found[9:12] == b"403":
                break  # the server waits a second for what was on its way
        sock.close()
        return found

    def ask(self, method, path, body=b"", headers="", host=ADDRESS):
        """Make a request; return (status, head, body)."""
        text = "{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n"
        request = text.format(method, path, host, len(body), headers).encode() + body
        head, _, rest = self.answer(self.client(request)).partition(b"\r\n\r\n")
        return int(head.split()[1]), str(head, "utf-8"), str(rest, "utf-8")

    def send(self, values, headers=""):
        """Send the form, and return the page behind it."""
        status, head, _ = self.ask("POST", "/save", quoted(values), headers)
        assert status == 303, head
        self.portal.step()
        return self.ask("GET", "/")[2]

    def saved(self):
        """Return what config.json holds."""
        with open("config.json", "rb") as file:
            return json.loads(file.read())


def listening(make):
    """Return (what make(port) returns, port) at a port that is free."""
    for port in range(21000 + ticks_ms() % 9000, 40000):
        try:
            return make(port), port
        except OSError:
            pass
    raise AssertionError("no port is free")


def quoted(values):
    """Return a dict of texts as a form sends it."""
    return "&".join(
        "=".join("".join("%%%02X" % byte for byte in text.encode()) for text in pair)
        for pair in values.items()
    ).encode()


def filled(**changes):
    """Return a form with all that is needed; a change has _ for each dot."""
    values = {"ssid.0": "Yard", "password.0": "wifi-pass-word", "trigger.every_s": "60"}
    for name in CLOUD:
        values["cloud." + name] = CLOUD[name]
    for name in changes:
        values[name.replace("__", ".")] = changes[name]
    return values


def test_a_board_without_configuration_is_set_up():
    with Site() as site:
        status, head, page = site.ask("GET", "/")
        assert status == 200
        assert "text/html; charset=utf-8" in head
        for part in ("thingscam-0203", "Yard", "-60 dBm", "A&amp;B", 'name="cloud.endpoint"'):
            assert part in page, part
        assert "\ufffd" not in page
        # One file, small before it is compressed, and nothing from elsewhere.
        assert len(page.encode()) < 30000
        for outside in ('src="http', 'href="http', "src=http", "href=http", "url(", "@import"):
            assert outside not in page, outside
        page = site.send(filled(camera__board="xiao-esp32s3-sense"))
        assert "Saved." in page
        assert site.point.tried == [("Yard", "wifi-pass-word")]
        saved = site.saved()
        assert saved["wifi"] == WHOLE["wifi"] and saved["cloud"] == CLOUD
        assert saved["camera"] == {"board": "xiao-esp32s3-sense"}
        assert saved["trigger"] == {"every_s": 60}


def test_mistakes_are_shown_at_their_fields_and_nothing_is_written():
    with Site(WHOLE) as site:
        page = site.send(
            filled(ssid__1="Shed", password__1="short", cloud__endpoint="api.example")
        )
        chinese = site.ask("GET", "/?lang=zh")[2]
        for key, why, zh in (
            ("password.1", "must be 8 to 63 bytes", "必须是 8 到 63 字节"),
            (
                "cloud.endpoint",
                "must begin with http:// or https://",
                "必须以 http:// 或 https:// 开头",
            ),
        ):
            for text, what in ((page, why), (chinese, zh)):
                small = text.split('id="e.{}">'.format(key))[1].split("</small>")[0]
                assert ">" + what in small, small
            assert 'aria-describedby="e.{}"'.format(key) in page
        assert "thingscam.setup.zh" not in sys.modules or sys.implementation.name == "cpython"
        assert "2 to put right" in page
        assert site.saved() == WHOLE and site.point.tried == []


def test_no_secret_is_sent_and_an_empty_field_keeps_it():
    with Site(WHOLE) as site:
        page = site.ask("GET", "/")[2]
        for secret in ("wifi-pass-word", CLOUD["access_token"], CLOUD["project_key"]):
            assert secret not in page
        assert page.count("One is set. Empty: it stays.") == 4
        site.send({"ssid.0": "Yard", "password.0": "", "cloud.region": "cn-2"})
        saved = site.saved()
        assert saved == dict(WHOLE, cloud=dict(CLOUD, region="cn-2"))
        assert site.point.tried == []  # it is the old one


def test_a_wifi_that_does_not_work_changes_nothing():
    with Site(WHOLE) as site:
        site.point.outcome = None
        page = site.send(filled(ssid__0="Barn", password__0="typed-pass-1"))
        assert "Trying Wi-Fi Barn" in page and "http-equiv" in page
        assert site.saved() == WHOLE
        site.point.outcome = "refused"
        site.portal.step()
        page = site.ask("GET", "/")[2]
        assert "The password seems to be wrong." in page
        assert site.saved() == WHOLE
        assert "typed-pass-1" not in page and "typed-pass-1" not in "".join(site.log.lines)
        # What was typed is still there, but for the secret, which is kept.
        assert 'value="Barn"' in page
        page = site.send(filled(ssid__0="Barn", password__0="typed-pass-2", untried="1"))
        assert "Saved." in page
        assert site.saved()["wifi"] == [{"ssid": "Barn", "password": "typed-pass-2"}]


def test_what_cannot_be_written_is_told_in_words():
    with Site(WHOLE) as site:
        os.mkdir("config.new")  # in the place of the file
        page = site.send(filled(cloud__region="cn-2"))
        assert "Nothing is saved: The flash fails" in page and "Errno" not in page
        assert "没有保存：存储器出错" in page
        assert site.log.count("ERROR", "config.json cannot be written (", "21") == 1
        assert site.saved() == WHOLE
        os.rmdir("config.new")
        assert "Saved." in site.send(filled(cloud__region="cn-2"))


def test_a_refusal_is_a_page_in_its_readers_language():
    with Site() as site:
        status, head, text = site.ask("GET", "/nothing")
        assert status == 404 and "text/html; charset=utf-8" in head
        assert "There is no such page" in text and "没有这个页面" in text  # nobody has chosen
        site.ask("GET", "/?lang=zh")
        for path, body, status, part in (
            ("/nothing", b"", 404, "没有这个页面"),
            ("/picture", b"", 404, "没有这个页面"),
            ("/save", b"%%%", 400, "没有看懂"),
            ("/save", b"x" * 9000, 413, "太长"),
        ):
            found, _, text = site.ask("POST" if body else "GET", path, body)
            assert found == status and part in text and "no such" not in text, text
            assert '<a href="/">' in text


def test_special_characters_come_through():
    with Site() as site:
        name, password = SPECIAL[:20], '"%&;+=é' + "x" * 55
        assert len(password.encode()) == 63
        page = site.send(filled(ssid__0=name, password__0=password, cloud__region=SPECIAL))
        # The region cannot be that, the network may be called so.
        assert 'id="e.cloud.region"' in page and "<b>" not in page
        assert site.send(filled(ssid__0=name, password__0=password)).count("Saved.") == 1
        assert site.saved()["wifi"] == [{"ssid": name, "password": password}]
        assert site.point.tried == [(name, password)]


def test_values_are_pasted_in_one():
    cases = (
        json.dumps({"cloud": CLOUD}),
        json.dumps(CLOUD),
        "http://192.0.2.1/#" + quoted(CLOUD).decode(),
    )
    for text in cases:
        with Site() as site:
            site.send(
                {"ssid.0": "Yard", "password.0": "", "trigger.every_s": "60", "values": text}
            )
            assert site.saved()["cloud"] == CLOUD
    with Site(WHOLE) as site:
        page = site.send({"values": "{nothing"})
        assert 'id="e.values"' in page and site.saved() == WHOLE


def test_a_ca_certificate_is_saved_with_the_rest():
    def found():
        with open(site.saved()["cloud"].get("ca", "ca.der"), "rb") as file:
            return file.read()

    with open(env("FILES") + "/service_tls/ca.der", "rb") as file:
        der = file.read()
    text = str(binascii.b2a_base64(der), "ascii")
    pem = "-----BEGIN CERTIFICATE-----\r\n" + text + "-----END CERTIFICATE-----\r\n"
    with Site(WHOLE, b"") as site:
        # An app that could not start is nobody's setup.
        page = site.send({"cloud.region": "cn-2"})
        assert "This is needed." in page.split('id="e.ca">')[1] and site.saved() == WHOLE
        for wrong in ("nothing", pem + pem, pem[:300], pem.replace("MII", "AAA"), "{}"):
            page = site.send({"ca": wrong, "ssid.0": "Yard"})
            assert 'id="e.ca"' in page and found() == b"", wrong
        # Not before all the rest is right.
        page = site.send({"ca": pem, "cloud.region": "cn 2"})
        assert 'id="e.cloud.region"' in page and 'id="e.ca"' not in page
        assert found() == b"" and site.saved() == WHOLE
        page = site.send({"ca": "", "cloud.region": "cn-2"})
        assert "Saved." in page and found() == der
        assert page.count("One is set. Empty: it stays.") == 4
        # Another one is not written over it.
        names = []
        for _ in range(3):
            site.send({"ca": text})
            names.append(site.saved()["cloud"]["ca"])
            assert found() == der
            assert [name for name in os.listdir() if name[-4:] == ".der"] == names[-1:]
        assert names[0] != names[1] and names[0] == names[2]


def test_a_broken_file_is_begun_anew():
    with Site('{"cloud": ') as site:
        site.send(filled())
        assert site.saved()["cloud"] == CLOUD
    # A mistake in what the form does not have is told, and can be thrown away.
    with Site(dict(WHOLE, power={"mode": "maximum"})) as site:
        page = site.send(filled())
        assert "power.mode: must be one of" in page
        site.send(filled(fresh="1", password__0="wifi-pass-word"))
        assert "power" not in site.saved() and "outbox" not in site.saved()


def test_a_power_cut_leaves_one_configuration_or_the_other():
    with Site(WHOLE) as site:
        new = dict(WHOLE, cloud=dict(CLOUD, region="cn-2"))
        text = json.dumps(new)
        for size in (0, 1, len(text) // 2, len(text) - 1, len(text)):
            with open("config.new", "w") as file:
                file.write(text[:size])
            assert form.load() == WHOLE  # it was not put in the old one's place
        os.remove("config.json")  # on FAT: the cut came between the two steps
        assert form.load() == new and site.saved() == new
        assert raises(OSError, os.stat, "config.new")


def test_phones_are_led_to_the_page():
    probes = (
        ("connectivitycheck.gstatic.com", "/generate_204"),
        ("www.google.com", "/gen_204"),
        ("captive.apple.com", "/hotspot-detect.html"),
        ("www.msftconnecttest.com", "/connecttest.txt"),
        ("www.msftconnecttest.com", "/redirect"),
        ("www.msftncsi.com", "/ncsi.txt"),
        ("detectportal.firefox.com", "/canonical.html"),
        ("detectportal.firefox.com", "/success.txt?ipv4"),
    )
    with Site() as site:
        for host, path in probes:
            status, head, body = site.ask("GET", path, host=host)
            assert status == 302 and "\r\nLocation: http://127.0.0.1/\r\n" in head, head
            assert body == ""


def test_why_a_test_picture_did_not_arrive_is_said_in_the_pages_language():
    why = "errcode 1480 <No> device: check cloud.access_token, and that the device is enabled in "
    why += "the console"
    with Site(WHOLE) as site:
        site.portal.say("unsent", why)
        english = site.ask("GET", "/?lang=en")[2]
        chinese = site.ask("GET", "/?lang=zh")[2]
        assert (
            "did not arrive: errcode 1480 &lt;No&gt; device: check cloud.access_token" in english
        )
        assert (
            "测试照片没有送达：errcode 1480 &lt;No&gt; device：检查 cloud.access_token" in chinese
        )
        for name in ("zh", "outcome_zh"):
            name = "thingscam.setup." + name
            assert name not in sys.modules or sys.implementation.name == "cpython"


def test_other_pages_change_nothing():
    with Site(WHOLE) as site:
        body = quoted(filled(cloud__region="cn-9"))
        for headers in (
            "Origin: http://evil.example\r\n",
            "Origin: null\r\n",
            "Referer: http://evil.example/127.0.0.1\r\n",
            "Referer: http://127.0.0.1.evil.example/\r\n",
        ):
            assert site.ask("POST", "/save", body, headers)[0] == 403, headers
            assert site.ask("GET", "/api/wifisave?ssid=x", b"", headers)[0] == 403, headers
        # A name of somebody else's that leads here.
        assert site.ask("POST", "/save", body, host="evil.example")[0] == 403
        assert site.ask("GET", "/save?ssid.0=x")[0] == 405
        assert site.saved() == WHOLE
        own = "Origin: http://127.0.0.1\r\nReferer: http://127.0.0.1/?lang=zh\r\n"
        site.send(filled(cloud__region="cn-9"), own)
        assert site.saved()["cloud"]["region"] == "cn-9"


def test_the_vendors_calls():
    with Site(WHOLE) as site:
        found = json.loads(site.ask("GET", "/api/wifilist?refresh=1")[2])
        yard = {"v": "Yard", "e": "WPA2", "r": "80", "R": "-60", "q": "l"}
        assert found["wifi"][0] == yard and len(found["wifi"]) == 2
        assert json.loads(site.ask("GET", "/api/wifistatus")[2])["result"] is True
        assert json.loads(site.ask("GET", "/api/wifisave?password=x")[2]) == {"result": False}
        call = "/api/wifisave?ssid=A%26B&password=new-pass-1&customer_id=7"
        assert json.loads(site.ask("GET", call)[2]) == {"result": True}
        site.portal.step()
        assert site.point.tried == [("A&B", "new-pass-1")]
        assert site.saved()["wifi"][1] == {"ssid": "A&B", "password": "new-pass-1"}
        assert site.ask("GET", "/api/nothing")[0] == 404
        assert json.loads(site.ask("GET", "/api/reset")[2]) == {"result": True}
        assert site.portal.done


def test_what_is_no_request_is_refused():
    cases = (
        (b"GET\r\n\r\n", 400),
        (b"GET / FTP/1.0\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 4000, 431),
        (b"POST /save HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", 413),
        (b"POST /save HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /save HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /save HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\n%%%", 400),
        (b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 405),
        (b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404),
    )
    with Site() as site:
        for request, status in cases:
            sock = site.client(request)
            found = b""
            for _ in range(400):
                site.server.step()
                try:
                    found += sock.recv(4096)
                except OSError:
                    sleep_ms(1)
                if b"\r\n\r\n" in found:
                    break
            sock.close()
            assert found[9:12] == str(status).encode(), (request, found)


def test_slow_clients_hold_nobody_up():
    with Site() as site:
        slow = [site.client(b"GET / HTTP/1.1\r\nHost: ") for _ in range(3)]
        for _ in range(5):
            site.server.step()
        silent = [site.client() for _ in range(3)]  # a browser's, for later
        for _ in range(5):
            site.server.step()
        assert site.ask("GET", "/state")[0] == 200
        for sock in slow:
            sock.send(b"127.0.0.1\r\n\r\n")
        for sock in slow:
            assert site.answer(sock)[9:12] == b"200"
        for sock in silent:
            sock.close()


def test_every_name_is_the_board():
    def packet(name, kind=1, flags=b"\1\0"):
        parts = b"".join(bytes((len(part),)) + part for part in name.split(b"."))
        return b"\x12\x34" + flags + b"\0\1\0\0\0\0\0\0" + parts + bytes((0, 0, kind, 0, 1))

    served, port = listening(lambda port: dns.Dns(ADDRESS, port, "192.0.2.1"))
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        phone.connect(socket.getaddrinfo(ADDRESS, port)[0][-1])
        phone.setblocking(False)

        def answer(question):
            phone.send(question)
            for _ in range(50):
                served.step()
                try:
                    return phone.recv(600)
                except OSError:
                    sleep_ms(1)
            return None

        question = packet(b"captive.apple.com")
        found = answer(question)
        assert found[:2] == question[:2] and found[2:8] == b"\x85\0\0\1\0\1"
        assert found[12 : len(question)] == question[12:]
        assert found[-4:] == bytes((192, 0, 2, 1))
        assert answer(packet(b"captive.apple.com", 28))[6:8] == b"\0\0"  # AAAA: there is none
        for wrong in (b"", b"x", question[:-1], packet(b"a", flags=b"\x81\0"), question[:12]):
            assert answer(wrong) is None, wrong
        assert answer(question) == found
    finally:
        phone.close()
        served.close()

# The login by HTTP: who gets in, for how long, and what is shown to everybody else: nothing.

import concurrent.futures
import hashlib
import socket
import time

import argon2
import pytest
import requests

from tests.support import certificates
from tests.support.cloud import (
    ATTRIBUTES,
    CAMERA,
    HEADERS,
    KEY,
    TOKEN,
    UPLOAD,
    picture,
    settled,
)  # fmt: skip
from tests.support.receiver import CHEAP, PASSWORD, Person, guarded
from tools.cloud.index.users import IDLE, LASTS
from tools.cloud.page.login import FROM_ALL, FROM_ONE, WINDOW
from tools.cloud.receiver.passwords import HASHER, hashed
from tools.cloud.receiver.proxies import Networks, Proxies

OTHER = "another long password"


def name_of(answer):
    return answer.json()["image_url"].rpartition("/")[2]


def test_without_a_session_nothing_is_shown_but_to_devices(tmp_path):
    with guarded(tmp_path) as cloud:
        answer = cloud.upload(picture())
        assert answer.json()["result"] == 1
        assert cloud.message({"version": "1"}).json() == {"result": 1}
        headers = {"Project-Key": KEY}
        assert cloud.get(ATTRIBUTES.format(token=TOKEN), headers=headers).json()["attributes"]
        image = "/images/" + name_of(answer)
        person = Person(cloud.url)
        for path in ("/", "/?before=x", "/cameras", CAMERA, image, "/page/older", "/page/cameras"):
            found = person.get(path)
            assert found.status_code == 303, path
            assert found.headers["Location"].startswith("/login?next=%2F"), path
            # What is no page of its own, as a picture in one, is told so.
            found = requests.get(cloud.url + path, timeout=10, allow_redirects=False)
            assert found.status_code == 401 and len(found.content) < 100, path
        for path in (CAMERA + "/settings", CAMERA + "/command"):
            assert person.post(path, {"name": "restart"}).status_code == 401, path
        assert person.get("/page/login.css").status_code == 200
        assert person.get("/login").status_code == 200


def test_each_path_asks_for_a_session_unless_named(tmp_path):
    """A path that is added later is closed, unless somebody opens it."""
    found = set()
    with guarded(tmp_path) as cloud:
        for resource in cloud.app.router.resources():
            path = resource.canonical
            for place in ("token", "identifier", "name", "label", "file", "path"):
                path = path.replace("{%s}" % place, "x")
            for method in {route.method for route in resource} - {"*"}:
                answer = requests.request(
                    method, cloud.url + path, timeout=10, allow_redirects=False, stream=True
                )
                answer.close()
                if answer.status_code != 401:
                    found.add(resource.canonical)
    assert found == {
        "/login",
        "/device/v1/{token}/{identifier}/image",
        "/device/v1/{token}/attributes",
        "/device/v1/{token}/event/report",
        "/app/device/v1/{token}/attributes",
    }


def test_who_knows_the_password_gets_in_and_goes_on(tmp_path):
    with guarded(tmp_path) as cloud:
        name = name_of(cloud.upload(picture()))
        person = Person(cloud.url)
        onward = person.get("/cameras?sort=name").headers["Location"]
        assert onward == "/login?next=%2Fcameras%3Fsort%3Dname"
        assert 'name="next" value="/cameras?sort=name"' in person.get(onward).text
        answer = person.log_in(onward="/cameras?sort=name")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/cameras?sort=name")
        assert person.get("/cameras?sort=name").status_code == 200
        assert person.get(f"/images/{name}").content == picture()
        assert person.get("/login").headers["Location"] == "/"
    assert [event for event, _ in cloud.told] == ["login"]


def test_the_cookie(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        cookie = person.log_in().headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
        assert "Domain" not in cookie and "Secure" not in cookie
        token = person.http.cookies["thingscam-session"]
        assert len(token) >= 40
    held = b"".join(path.read_bytes() for path in tmp_path.glob("users.db*"))
    assert token.encode() not in held and PASSWORD.encode() not in held


def test_the_cookie_under_https_is_bound_to_it(tmp_path):
    context = certificates.make(tmp_path)["good"]
    with guarded(tmp_path / "tls", ssl_context=context) as cloud:
        person = Person(cloud.url, verify=str(tmp_path / "ca.pem"))
        answer = person.log_in()
        assert answer.status_code == 303
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-thingscam-session=") and "Secure" in cookie
        assert person.get("/").status_code == 200
    with guarded(tmp_path / "proxy", proxies=Proxies(Networks(["127.0.0.1"]))) as cloud:
        told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cam.example"}
        person = Person(cloud.url)
        page = person.get("/login", headers=told)
        assert "__Host-thingscam-form=" in page.headers["Set-Cookie"]
        person.http.cookies.clear()
        form = page.headers["Set-Cookie"].partition(";")[0]
        token = form.partition("=")[2]
        sent = {"name": "admin", "password": PASSWORD, "csrf": token}
        answer = person.post("/login", sent, "https://cam.example", Cookie=form, **told)
        assert answer.headers["Set-Cookie"].startswith("__Host-thingscam-session=")


@pytest.mark.parametrize(
    "name, password",
    [
        ("admin", "wrong password"),
        ("nobody", PASSWORD),
        ("admin", ""),
        ("", ""),
        ("Admin", PASSWORD),
    ],
)
def test_what_is_wrong_is_not_told(tmp_path, name, password):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        answer = person.log_in(password, name)
        assert answer.status_code == 401
        assert "Name or password is wrong." in answer.text
        assert not password or password not in answer.text
        assert "thingscam-session" not in person.http.cookies
        assert person.get("/").status_code == 303


class Counting:
    """A hasher that notes what it compares with."""

    def __init__(self):
        self.compared = []

    def hash(self, password):
        return CHEAP.hash(password)

    def verify(self, hash, password):
        self.compared.append(hash)
        return CHEAP.verify(hash, password)


def test_a_user_there_is_not_takes_as_long(tmp_path):
    """One comparison each, of equal cost."""
    hasher = Counting()
    with guarded(tmp_path, hasher=hasher) as cloud:
        costs = []
        for name in ("admin", "nobody", ""):
            Person(cloud.url).log_in("wrong password", name)
            (compared,) = hasher.compared
            hasher.compared.clear()
            costs.append(argon2.extract_parameters(compared))
    assert costs[0] == costs[1] == costs[2]


def test_a_real_hash_costs_what_is_recommended():
    """RFC 9106, section 4: the second recommended option."""
    found = argon2.extract_parameters(hashed(PASSWORD))
    assert found.type is argon2.Type.ID
    assert (found.memory_cost, found.time_cost, found.parallelism) == (65536, 3, 4)


def test_next_leads_to_no_other_site(tmp_path):
    wrong = (
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example", "javascript:alert(1)", "///evil.example", "/%0a/x\r\nSet-Cookie: a=b",
        "evil", "", "/login?next=/login", "/logout", "/" + "a" * 3000, "/ä",
    )  # fmt: skip
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        for onward in wrong:
            page = person.get("/login", params={"next": onward})
            assert 'name="next" value="/"' in page.text, onward
        answer = person.log_in(onward="//evil.example")
        assert answer.headers["Location"] == "/"


def test_a_form_of_another_site_does_not_log_anybody_in(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        token = person.token("/login")
        form = {"name": "admin", "password": PASSWORD, "csrf": token}
        assert person.post("/login", form, "https://evil.example").status_code == 403
        assert person.post("/login", {**form, "csrf": "made up"}).status_code == 403
        assert person.post("/login", {**form, "csrf": ""}).status_code == 403
        assert Person(cloud.url).post("/login", form).status_code == 403  # without its cookie
        assert "thingscam-session" not in person.http.cookies
        assert person.post("/login", form).status_code == 303


def test_each_form_needs_the_token_of_its_session(tmp_path):
    with guarded(tmp_path) as cloud:
        person, other = Person(cloud.url), Person(cloud.url)
        person.log_in()
        other.log_in()
        token, others = person.token(CAMERA), other.token(CAMERA)
        assert token != others
        page = person.get(CAMERA).text
        assert page.count("<form ") == page.count('name="csrf"') > 3
        for path, form in (
            (CAMERA + "/settings", {"trigger_every_s": "60"}),
            (CAMERA + "/command", {"name": "restart"}),
            ("/logout", {}),
        ):
            for wrong in ({}, {"csrf": ""}, {"csrf": others}, {"csrf": token[:-1]}):
                assert person.post(path, {**form, **wrong}).status_code == 403, (path, wrong)
            right = {**form, "csrf": token}
            assert person.post(path, right, "https://evil.example").status_code == 403, path
        assert person.get("/").status_code == 200
        for path, form in (
            (CAMERA + "/settings", {"trigger_every_s": "60"}),
            (CAMERA + "/command", {"name": "restart"}),
        ):
            assert person.post(path, {**form, "csrf": token}).status_code == 303, path


def test_logging_out_ends_the_session_everywhere(tmp_path):
    with guarded(tmp_path, fresh=5) as cloud:
        person = Person(cloud.url)
        person.log_in()
        token = person.http.cookies["thingscam-session"]
        assert person.get("/").status_code == 200
        assert person.log_out().headers["Location"] == "/login"
        assert "thingscam-session" not in person.http.cookies
        thief = Person(cloud.url)
        thief.http.cookies.set("thingscam-session", token)
        assert thief.get("/").status_code == 303


def test_a_new_password_ends_all_sessions(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        person.log_in()
        assert person.get("/").status_code == 200
        cloud.index.users.set_password("admin", hashed(OTHER, CHEAP)).result(10)
        assert person.get("/").status_code == 303
        assert person.log_in().status_code == 401
        assert person.log_in(OTHER).status_code == 303


def test_a_session_ends_by_itself(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        person.log_in()
        id_hash = hashlib.sha256(person.http.cookies["thingscam-session"].encode()).hexdigest()

        def seen():
            return cloud.index.users.session(id_hash).seen_at == cloud.time.seconds

        for _ in range(int(LASTS / (IDLE - 10))):  # used again and again it goes on
            cloud.time.seconds += IDLE - 10
            assert person.get("/").status_code == 200
            settled(seen)
        cloud.time.seconds += LASTS % (IDLE - 10)
        assert person.get("/").status_code == 303
        person.log_in()
        cloud.time.seconds += IDLE + 1
        assert person.get("/").status_code == 303


def cookies(person):
    return "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())


def stream(cloud, person, path="/page/changes"):
    """Open a stream of events; return its socket, past the head."""
    connection = socket.create_connection(("127.0.0.1", cloud.port), timeout=10)
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies(person)}\r\n\r\n"
    connection.sendall(head.encode())
    assert b"200" in connection.recv(20)
    return connection


def ends(connection):
    while connection.recv(4096):
        pass
    return True


def test_streams_end_with_their_session(tmp_path):
    with guarded(tmp_path, fresh=0.1) as cloud:
        person, other = Person(cloud.url), Person(cloud.url)
        person.log_in()
        other.log_in()
        with stream(cloud, person) as mine, stream(cloud, other) as others:
            person.log_out()
            assert ends(mine)
            # Changed by a command, in another process.
            others.settimeout(0.3)
            with pytest.raises(TimeoutError):
                ends(others)
            others.settimeout(10)
            cloud.index.users.set_password("admin", hashed(OTHER, CHEAP)).result(10)
            assert ends(others)


def test_tries_of_one_address_are_limited(tmp_path):
    with guarded(tmp_path, proxies=Proxies(Networks(["127.0.0.1"]))) as cloud:

        def attempt(address, password="wrong password"):
            return Person(cloud.url).log_in(password, **{"X-Forwarded-For": address})

        for _ in range(FROM_ONE):
            assert attempt("203.0.113.5").status_code == 401
        answer = attempt("203.0.113.5", PASSWORD)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= WINDOW
        assert "try again in 15 min" in answer.text
        assert attempt("203.0.113.6", PASSWORD).status_code == 303
        # Of IPv6 a household has 2 ** 64 of them.
        for number in range(FROM_ONE):
            assert attempt(f"2001:db8::{number + 1}").status_code == 401
        assert attempt("2001:db8::ffff", PASSWORD).status_code == 429
        assert attempt("2001:db8:0:1::1", PASSWORD).status_code == 303
        cloud.time.seconds += WINDOW + 1
        assert attempt("203.0.113.5", PASSWORD).status_code == 303
        for _ in range(FROM_ONE - 1):  # who got it right begins anew
            assert attempt("203.0.113.5").status_code == 401
        assert attempt("203.0.113.5", PASSWORD).status_code == 303
    assert "login limited" in [event for event, _ in cloud.told]


def test_tries_of_all_are_limited_but_not_for_whom_we_know(tmp_path):
    with guarded(tmp_path, proxies=Proxies(Networks(["127.0.0.1"]))) as cloud:
        users = cloud.index.users

        def attempt(address):
            told = {"X-Forwarded-For": address}
            return Person(cloud.url).log_in(PASSWORD, **told).status_code

        assert attempt("198.51.100.1") == 303
        for number in range(FROM_ALL):
            address = f"10.{number}.0.1"
            assert users.attempt(address, FROM_ONE, FROM_ALL, WINDOW).result(10) == 0
        assert attempt("203.0.113.7") == 429
        assert attempt("198.51.100.1") == 303
        cloud.time.seconds += WINDOW + 1
        assert attempt("203.0.113.7") == 303


def test_many_tries_at_once_are_no_way_around_the_limit(tmp_path):
    with guarded(tmp_path) as cloud:
        people = [Person(cloud.url) for _ in range(FROM_ONE + 10)]
        forms = [
            {"name": "admin", "password": "wrong password", "csrf": person.token("/login")}
            for person in people
        ]
        with concurrent.futures.ThreadPoolExecutor(len(people)) as pool:
            found = list(pool.map(lambda p, f: p.post("/login", f).status_code, people, forms))
    # The rest of those let through did not wait in the queue: it is bounded.
    assert found.count(429) == 10 and found.count(401) + found.count(503) == FROM_ONE
    assert found.count(401) >= 8


def test_a_restart_forgets_no_tries_and_no_sessions(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        person.log_in()
        token = person.http.cookies["thingscam-session"]
        for _ in range(FROM_ONE):
            Person(cloud.url).log_in("wrong password")
    with guarded(tmp_path, password=None) as cloud:
        person = Person(cloud.url)
        assert person.log_in().status_code == 429
        person.http.cookies.set("thingscam-session", token)
        assert person.get("/").status_code == 200


def test_without_a_password_it_is_open_until_there_is_one(tmp_path):
    with guarded(tmp_path, required=False, password=None) as cloud:
        person = Person(cloud.url)
        assert person.get("/").status_code == 200
        assert "Log out" not in person.get("/").text
        assert person.get("/login").headers["Location"] == "/"
        # But not for the world, through a proxy that somebody put before it.
        assert person.get("/", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 303
        cloud.index.users.set_password("admin", hashed(OTHER, CHEAP)).result(10)
        assert person.get("/").status_code == 303
        assert person.log_in(OTHER).status_code == 303


def test_where_a_login_is_needed_and_there_is_none_the_page_says_how(tmp_path):
    with guarded(tmp_path, password=None) as cloud:
        person = Person(cloud.url)
        assert person.get("/").status_code == 303
        assert "thingscam receiver password" in person.get("/login").text
        assert person.log_in().status_code == 401


def test_a_form_that_is_none(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        for body in (b"\xff\xfe", b"a=1&" * 5000, b"&".join([b"a=1"] * 50)):
            answer = person.http.post(cloud.url + "/login", data=body, timeout=10)
            assert answer.status_code == 400, body[:10]
        assert person.http.post(cloud.url + "/login", data=b"", timeout=10).status_code == 403


def test_pages_are_kept_by_nobody_and_shown_in_no_frame(tmp_path):
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        for path in ("/login", "/", "/cameras"):
            if path == "/":
                person.log_in()
            headers = person.get(path).headers
            assert headers["Cache-Control"] == "no-store", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path


def test_any_name_of_the_server_is_good_in_a_session(tmp_path):
    """Where a browser keeps a cookie for a name, it was logged in under that name."""
    with guarded(tmp_path) as cloud:
        person = Person(cloud.url)
        person.log_in()
        sent = {"Host": "cam.example", "Cookie": cookies(person)}
        assert person.get("/cameras", headers=sent).status_code == 200


def test_devices_go_on_while_many_log_in(tmp_path):
    with guarded(tmp_path, password=hashed(PASSWORD), hasher=HASHER) as cloud:
        people = [Person(cloud.url) for _ in range(3)]
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            logins = [pool.submit(person.log_in, "wrong password") for person in people]
            slowest = 0
            while not all(login.done() for login in logins):
                started = time.monotonic()
                answer = requests.post(
                    cloud.url + UPLOAD, data=picture(), headers=HEADERS, timeout=10
                )
                assert answer.json()["result"] == 1
                slowest = max(slowest, time.monotonic() - started)
    assert slowest < 2, slowest


def test_old_sessions_and_tries_are_cleared_away(tmp_path):
    with guarded(tmp_path) as cloud:
        for _ in range(3):
            Person(cloud.url).log_in()
            cloud.time.seconds += LASTS + 1
        settled(lambda: Person(cloud.url).log_in().status_code == 303)
        users = cloud.index.users
        ids = users._database.read(
            lambda connection: connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar()
        )
    assert ids == 1

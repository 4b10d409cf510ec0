# The update over the air, in the loop: asked for, fetched, switched to, confirmed or given up.

import errno
import json
import os

from test_app import House, arrived

import bundles
import thingscam.report  # noqa: F401 - so that the played board is in its place there too
from fakeboard import Gone
from support import Script, env, fault, http, new_folder, raises, ticks_diff, ticks_ms
from thingscam import extras, loop
from thingscam.board import places, rtc
from thingscam.update import choose, updater
from thingscam.update.bundle import clear

NEW = "9.0.0"
HOUR_MS = 3600000


class Updated(House):
    """A house whose board takes updates, from a web server with Range or another URL."""

    def __init__(self, url=None, **sections):
        update = {"url": url or env("UPDATES") + "/latest.json", "window_s": 0}
        update.update(sections.pop("update", {}))
        super().__init__(update=update, **sections)

    def __enter__(self):
        super().__enter__()
        self._folder = choose.FOLDER
        choose.FOLDER = new_folder() + "/slot"
        os.mkdir(choose.FOLDER)
        for path in (choose.FOLDER + "/__init__.py", "update.pub"):
            with open(path, "w") as file:
                file.write("%0512x\n" % bundles.KEY)
        return self

    def __exit__(self, *arguments):
        clear(choose.FOLDER)
        choose.FOLDER = self._folder
        super().__exit__(*arguments)

    def start(self):
        self.app = extras.loop(loop.App)(self.config())
        return self.app

    def restart(self, cause="reset"):
        """Start again as boot.py does, and return the record that it went by."""
        self.esp.restart(cause)
        path = list(choose.sys.path)
        choose.start()
        choose.sys.path[:] = path
        self.start()
        return choose.read()


def publish(data=None, version=NEW, **index):
    """Put a bundle on the server, with an index."""
    data = bundles.make(version) if data is None else data
    folder = env("FILES") + "/updates/"
    with open(folder + "new.bundle", "wb") as file:
        file.write(data)
    with open(folder + "latest.json", "w") as file:
        file.write(json.dumps(dict(index, version=version, file="new.bundle")))


def fetched(house, ms=600000):
    """Let the board fetch what there is, until it restarts."""
    house.start()
    assert str(raises(Gone, house.turns, ms)) == "reset", house.lines()


def slot(letter):
    found = {}

    def walk(folder, prefix):
        for name in os.listdir(folder):
            path = folder + "/" + name
            if os.stat(path)[0] & 0x4000:
                walk(path, prefix + name + "/")
            elif name != "manifest":
                with open(path, "rb") as file:
                    found[prefix + name] = file.read()

    walk(choose.FOLDER + "/" + letter, "")
    return found


def test_from_the_server_to_a_picture_by_the_new_version():
    publish(bundles.make(NEW, bundles.files(NEW, 9, 3000)))
    for url in (env("UPDATES"), env("UPDATES_WHOLE")):
        with Updated(url + "/latest.json") as house:
            fetched(house)
            assert slot("a") == bundles.files(NEW, 9, 3000)
            record = house.restart()
            assert (record.good, record.trial, record.version) == (0, 1, NEW)
            # It takes a picture without being asked, and is good when that is accepted.
            count = len(arrived())
            house.turns(until=lambda: house.count("works, a picture was accepted"))
            assert len(arrived()) == count + 1
            record = choose.read()
            assert (record.good, record.trial) == (1, 0)
            assert house.restart().good == 1


def test_what_no_longer_counts_gives_its_room_back():
    publish()
    with Updated() as house:
        fetched(house)
        house.restart()
        house.turns(until=lambda: house.count("works, a picture was accepted"))
        assert slot("a") == bundles.files(NEW)
        # The next one: as soon as it is good, nobody goes back to the one before.
        publish(version="9.0.1")
        assert str(raises(Gone, later, house, 86400000)) == "reset", house.lines()
        assert house.restart().trial == 2
        assert slot("a") == bundles.files(NEW) and slot("b") == bundles.files("9.0.1")
        house.turns(until=lambda: house.count("works, a picture was accepted") == 2)
        house.turns(ms=20000)
        assert not is_there("a") and slot("b") == bundles.files("9.0.1")
        # One that is given up: it is never taken again.
        publish(version="9.0.2")
        assert str(raises(Gone, later, house, 86400000)) == "reset", house.lines()
        for _ in range(4):
            record = house.restart()
        assert (record.good, record.trial) == (2, 0) and slot("a")
        house.turns(ms=20000)
        assert not is_there("a") and slot("b") == bundles.files("9.0.1")
        # It is done once: what is fetched then goes on where it was after any start.
        assert house.restart().looks == 0


def test_a_flash_that_keeps_them_stops_nothing():
    def fails(folder):
        raise OSError(errno.EIO)

    publish()
    with Updated() as house:
        fetched(house)
        updater.clear = fails
        try:
            for _ in range(4):
                house.restart()
            house.turns(ms=60000)
        finally:
            updater.clear = clear
        assert house.count("/slot cannot be cleared: ") == 1, house.lines()
        house.restart()
        house.turns(ms=20000)
        assert not is_there("a")


def is_there(letter):
    return letter in os.listdir(choose.FOLDER)


def later(house, ms):
    """Let time pass, and go round a little."""
    house.esp.go(ms)
    house.turns(ms=20000)


def nothing_accepted():
    fault(*[{"errcode": 5001}] * 100)


def test_three_starts_that_come_to_nothing_and_the_old_one_is_back():
    publish()
    with Updated() as house:
        fetched(house)
        for cause in ("reset", "watchdog", "reset"):
            assert house.restart(cause).trial == 1
        record = house.restart()
        assert (record.good, record.trial, record.refused) == (0, 0, NEW)
        assert house.count("WARNING version 9.0.0 did not work (three starts") == 1
        # It is said once, and not taken again.
        assert house.restart().why == 0
        later(house, 86400000)
        assert house.count("is being fetched") == house.count("did not work") == 1
        # A start that came to something is none of the three; nor is a person's.
        publish(version="9.0.1")
        assert str(raises(Gone, later, house, 86400000)) == "reset", house.lines()
        for _ in range(5):
            assert house.restart("soft_reset").trial == 1
        nothing_accepted()
        for _ in range(5):
            assert house.restart().trial == 1
            later(house, 70000)


def test_no_picture_accepted_and_the_old_one_is_back():
    publish()
    with Updated(update={"trial": 3}) as house:
        fetched(house)
        house.restart()
        nothing_accepted()
        hours = 0
        while house.count("no picture was accepted: back") == 0:
            assert choose.read().trial == 1 and hours < 5
            try:
                later(house, HOUR_MS)
            except Gone as e:
                assert str(e) == "reset"
            hours += 1
        assert hours >= 3
        house.restart()
        assert house.count("did not work (no picture was accepted)") == 1
        # Without a network nobody can tell.
        publish(version="9.0.1")
        assert str(raises(Gone, later, house, 86400000)) == "reset", house.lines()
        house.restart()
        house.esp.air.vanish("home")
        for _ in range(9):
            later(house, HOUR_MS)
        assert choose.read().trial == 1


def test_what_is_refused_changes_nothing():
    cases = (
        (bundles.make(NEW, by=bundles.OTHER), "not signed by the key"),
        (bundles.make(NEW, mpy="99"), ".mpy format 99"),
        (bundles.make(NEW, micropython="99.0.0"), "MicroPython 99.0.0 or later"),
        (bundles.make(NEW, boards="m5-wide,xiao"), "this one is ai-thinker"),
        (bundles.make("9.0.1"), "not what was announced"),
        (b"<html>" + bytes(9000), "does not begin as a bundle"),
        (bundles.make(NEW)[:-1], "no update now: "),
        (b"", "no update now: "),
    )
    for url in (env("UPDATES"), env("UPDATES_WHOLE")):
        with Updated(url + "/latest.json") as house:
            for data, why in cases:
                publish(data)
                house.start()
                house.turns(ms=9000)
                assert house.count(why), (why, house.lines())
                assert choose.read().number == 0
                house.esp.go(4 * 86400000)
    # An older one, but if both index and bundle say so; and the one that runs.
    with Updated() as house:
        for version, extra in (("0.0.1", False), ("0.1.0", True), ("0.0.1", True)):
            publish(version=version, downgrade=extra)
            house.start()
            house.turns(ms=15000)
            house.esp.go(86400000)
        assert house.count("is being fetched") == house.count("no higher than 0.1.0") == 1
        publish(bundles.make("0.0.1", downgrade="yes"), "0.0.1", downgrade=True)
        house.esp.go(86400000)
        fetched(house)
        assert house.restart().version == "0.0.1"


def test_servers_that_do_as_they_like():
    index = json.dumps({"version": NEW, "file": "x"})
    good = bundles.make(NEW)
    part = "HTTP/1.1 206 X\r\nContent-Length: %d\r\n\r\n"
    wrong = (
        [http(404, "no")],
        [http(302, "", "Location: https://elsewhere.example/\r\n")],
        [http(200, "{}")],
        [http(200, "[1]")],
        [http(200, index[:-1])],
        [http(200, index.replace(NEW, "new"))],
        [http(200, index), "HTTP/1.1 200 X\r\n\r\n" + "x" * 60000],
        [http(200, index), part % 4096 + "x" * 100],
        [http(200, index), part % 100000 + "x" * 100000],
        [http(200, index), "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nxxxxx\r\n"],
    )
    for answers in wrong:
        steps = []
        for answer in answers:
            steps.append([["head"], ["send", answer], ["close"]])
        script = Script(*steps)
        with Updated(script.url + "/latest.json") as house:
            house.start()
            house.turns(ms=30000)
            assert house.count("no update now") + house.count("is not taken") == 1, house.lines()
            assert choose.read().number == 0 and len(arrived()) >= 0
        script.report()
    assert good


def test_servers_that_stall_or_never_end():
    index = http(200, json.dumps({"version": NEW, "file": "x"}))
    whole = "HTTP/1.1 200 X\r\n\r\n"
    part = "HTTP/1.1 206 X\r\nContent-Length: 4096\r\n\r\n"
    begun = ["drip", "TCU1\0\1\0\0" + "x" * 99, 0.1]
    asked = [["head"], ["send", index], ["close"]]
    late = str(errno.ETIMEDOUT)
    for connections, why in (
        ([[["head"], ["pause", 9]]], late),
        ([[["head"], ["drip", index, 0.1]]], late),
        ([[["head"], ["send", whole + index * 99]]], "JSON"),
        ([asked, [["head"], ["pause", 9]]], late),
        ([asked, [["head"], ["send", part + "TCU1"], ["pause", 9]]], late),
        ([asked, [["head"], ["send", part], begun]], late),
        ([asked, [["head"], ["send", whole], begun]], late),
    ):
        script = Script(*connections)
        with Updated(script.url + "/latest.json", cloud={"timeout_s": 1}) as house:
            house.start()
            begin = ticks_ms()
            house.turns(until=lambda house=house: house.count("no update now: "))
            assert ticks_diff(ticks_ms(), begin) < 5000, connections
            assert house.count("WARNING no update now: ", why) == 1, house.lines()
            assert choose.read().number == 0
            # Pictures go as before.
            count = len(arrived())
            house.esp.pulse()
            house.turns(until=lambda count=count: len(arrived()) > count)
        script.report()


def test_pictures_go_first():
    publish(bundles.make(NEW, bundles.files(NEW, 9, 6000)))
    with Updated() as house:
        house.start()
        house.turns(until=lambda: house.count("is being fetched"))
        # One that waits, and the service is to be asked again soon: nothing is fetched meanwhile.
        fault(errcode=5001)
        house.esp.pulse()
        house.turns(until=lambda: house.count("upload failed"))
        asked = house.app._extras[0]._unpacker.at
        house.turns(ms=5000)
        assert house.app._extras[0]._unpacker.at == asked
        house.turns(until=lambda: house.app.status()["sent"] == 1)
        assert str(raises(Gone, house.turns)) == "reset"
        assert house.app.status()["waiting"] == 0


def test_a_sleeper_fetches_in_its_wakes_and_is_confirmed_by_one():
    publish(bundles.make(NEW, bundles.files(NEW, 9, 6000)))
    update = {"trial": 2}
    power, trigger = {"mode": "deepsleep"}, {"every_s": 3600}
    with Updated(update=update, power=power, trigger=trigger) as house:
        house.sleep()
        assert house.count("on trial from the next start")
        assert choose.read().trial == 1
        house.wake()
        choose.start()
        count = len(arrived())
        house.sleep()
        assert len(arrived()) == count + 1 and choose.read().good == 1
        # And back, by wakes without one.
        publish(version="9.0.1")
        while choose.read().trial != 2:
            house.wake()
            house.sleep()
        for _ in range(30):
            house.wake()
            choose.start()
            if not choose.read().trial:
                break
            nothing_accepted()
            house.sleep()
        record = choose.read()
        assert (record.good, record.trial, record.refused) == (1, 0, "9.0.1")
        # A moment of a wake is enough to give its room back.
        for _ in range(3):
            house.sleep()
            house.wake()
        assert not is_there("b") and choose.read().looks == 0


def test_a_sleeper_on_motion_alone_tries_it_by_itself():
    publish()
    with Updated(power={"mode": "deepsleep"}) as house:
        assert house.sleep() == 1000 and choose.read().trial == 1
        house.wake()
        choose.start()
        count = len(arrived())
        assert house.sleep() != 1000
        assert len(arrived()) == count + 1 and choose.read().good == 1, house.lines()
        assert house.count("INFO kept", " update, ") == 1, house.lines()


def test_a_report_must_be_accepted_too_where_there_are_any():
    publish()
    endpoints = env("SERVICE"), "http://127.0.0.1:9"
    for endpoint, power in ((e, p) for e in endpoints for p in ("awake", "deepsleep")):
        sections = {"cloud": {"device_endpoint": endpoint}, "power": {"mode": power}}
        with Updated(update={"trial": 2}, trigger={"every_s": 7200}, **sections) as house:
            if power == "awake":
                fetched(house)
                house.restart()
                house.turns(until=lambda house=house: choose.read().why or choose.read().good)
            else:
                house.sleep()
                house.wake()
                choose.start()
                house.sleep()
            if endpoint == env("SERVICE"):
                house.turns(ms=30000) if power == "awake" else None
                assert choose.read().good == 1 and house.count("report sent"), house.lines()
                assert not house.count("but no report")
                continue
            # The fault may be the endpoint's: at the end of the trial the picture is enough.
            assert choose.read().trial == 1
            for _ in range(3):
                if power == "awake":
                    later(house, HOUR_MS)
                else:
                    house.wake()
                    choose.start()
                    house.sleep()
            assert choose.read().good == 1 and choose.read().why == 0, house.lines()
            assert house.count("works, a picture was accepted, but no report") == 1


def test_how_many_are_offered_it_and_when():
    publish(percent=0)
    with Updated(update={"window_s": 3600}) as house:
        house.start()
        later(house, HOUR_MS)
        assert house.count("is being fetched") == 0
        share = house.app._extras[0]._share()
        assert 0 <= share < 100
        publish(percent=share + 1)
        house.esp.go(2 * 86400000)
        assert str(raises(Gone, house.turns)) == "reset"


def test_one_camera_is_offered_a_bundle_from_afar():
    publish(percent=0)
    with Updated() as house:
        house.start()
        house.turns(until=lambda: house.app._extras[0]._asks.left_ms() > HOUR_MS)
        offer = house.app.updater.offer
        url = env("UPDATES") + "/new.bundle"
        for wrong in (
            (None, None),
            (url, "0.0.1"),
            (url, "x"),
            ("ftp://x/y", NEW),
            (5, NEW),
            (url, 9),
        ):
            offer(*wrong)
        house.turns(ms=5000)
        assert house.count("is being fetched") == 0
        offer(url, NEW)
        assert str(raises(Gone, house.turns)) == "reset"
        assert choose.read().version == NEW
        assert house.restart().trial and house.app.status()["update"] == "on trial"


def test_a_record_is_whole_or_is_none():
    assert choose.TRIES == places.UPDATE_TRIES and choose.CRASHES == rtc.CRASHES
    with Updated():
        record = choose.Record()
        for number in range(1, 6):
            record.looks = number
            choose.write(record)
            assert choose.read().looks == number
        newer, older = [choose.FOLDER + "/" + "01"[n & 1] for n in (5, 4)]
        with open(newer, "rb") as file:
            data = file.read()
        for at in range(len(data)):
            for wrong in (data[:at], data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]):
                with open(newer, "wb") as file:
                    file.write(wrong)
                assert choose.read().looks == 4
        os.remove(older)
        assert (choose.read().number, choose.read().good, choose.read().trial) == (0, 0, 0)
        # Slots of another firmware's .mpy files are left alone.
        record.good, record.mpy = 1, choose.mpy() + 1
        choose.write(record)
        path = list(choose.sys.path)
        choose.start()
        assert choose.sys.path == path
        record.mpy = choose.mpy()
        choose.write(record)
        choose.start()
        assert choose.sys.path[0] == choose.FOLDER + "/a"
        choose.sys.path[:] = path

# sender.Sender against the stand-in service: direct, kept, refused, and when it may go on.

import errno
import json
import os

from fakeboard import Names, Notes, on_board
from support import (
    KEY,
    TOKEN,
    env,
    fault,
    new_folder,
    no_faults,
    note_in,
    photo,
    raises,
    request,
    uploads,
)
from thingscam.board import rtc
from thingscam.board.counters import Counters
from thingscam.cloud.errcodes import PACE
from thingscam.cloud.failing import Failing
from thingscam.config import config
from thingscam.http import HttpError
from thingscam.outbox import record as kept_files
from thingscam.outbox.policy import Outbox
from thingscam.sender import Sender

TAKEN = 1790000000


class Post:
    """A Sender with an outbox and a log; the host of the sender as well."""

    def __init__(
        self, endpoint=None, order="oldest", exif=True, folder=None, forget=True, **cloud
    ):
        cloud.update(
            endpoint=endpoint or env("SERVICE"),
            access_token=TOKEN,
            identifier="image",
            project_key=KEY,
            timeout_s=15,
        )
        cloud.setdefault("region", "demo")
        found = {
            "cloud": cloud,
            "outbox": {"order": order},
            "camera": {"exif": exif},
        }
        self.config = config.parse(json.dumps(found).encode())
        self.notes = Notes()
        self.counters = Counters()
        self.folder = folder or new_folder()
        self.outbox = Outbox(self.folder, 10000000, "drop_oldest", self.notes)
        self.too_large_sizes = []
        self.dates = {}
        self.rooms = 0
        self.interrupted = False
        self.chokes = None  # the begin of a note, or what tells by it, and what they meet
        self.choking = {"errcode": 5001}
        self.offered = {}  # how often by note
        self.standing = None  # what the stand-in was told to choke on
        self.sender = Sender(self.config, self.outbox, self.notes, self.counters, self)
        self.upload = self.sender._uploader.upload
        self.sender._uploader.upload = self.choke
        if forget:
            no_faults()

    def keep(self, *notes):
        for note in notes:
            assert self.outbox.put(photo(note), TAKEN, "pir")

    def pause(self, esp):
        """Wait as the app does; return for how long."""
        left = self.sender.left_ms()
        esp.go(left)
        return left

    def waiting(self):
        """Return how many pictures wait, counted in a new look at the folder."""
        return len(Outbox(self.folder, 10000000))

    def run(self, esp, minutes, what=None):
        """Let time pass as the app does; keep a small picture, of note what(i), each 2 minutes."""
        for i in range(minutes * 6):
            if what is not None and i % 12 == 0:
                self.outbox.put(dot(what(i // 12)), TAKEN, "pir")
            if len(self.outbox) and self.sender.blocked_reason() is None:
                self.sender.send_kept()
            if len(self.notes.lines) > 200:  # MicroPython's heap is small
                self.notes.lines = [line for line in self.notes.lines if "rejected/" in line]
            esp.go(10000)

    def rejected(self):
        try:
            return len(os.listdir(self.folder + "/rejected"))
        except OSError:
            return 0

    def progress(self, sent):
        if self.interrupted:
            raise KeyboardInterrupt

    def dated(self, stamp):
        return self.dates.get(stamp, stamp)

    def free_memory(self):
        assert self.sender.needs_clock, "no room is needed"
        self.rooms += 1

    def choke(self, image):
        if self.chokes is not None:
            begin = bytearray(1000)
            image.readinto(begin)
            image.seek(0)
            note = note_of(begin)
            if self.chokes(note) if callable(self.chokes) else note.startswith(self.chokes):
                self.offered[note] = self.offered.get(note, 0) + 1
                self.stand()
        return self.upload(image)

    def stand(self):
        """Have the stand-in choke on this request: told once, where all of a name are meant."""
        if callable(self.chokes) or len(self.chokes) < 3:
            fault(self.choking)
        elif self.standing != (self.chokes, self.choking):
            fault(dict(self.choking, containing=self.chokes, times=1000000))
            self.standing = self.chokes, self.choking

    def too_large(self, size):
        self.too_large_sizes.append(size)


def bodies():
    """Return the pictures that the service has stored since no_faults(), in order."""
    found = []
    for each in uploads():
        if each["stored"]:
            status, body = request("GET", env("SERVICE") + "/images/" + each["stored"])
            assert status == 200
            found.append(body)
    return found


def arrived():
    return [note_of(body) for body in bodies()]


def dot(note):
    """Return a GIF of one pixel with a note: the stand-in looks at it sooner than at a photo."""
    note = b"\x21\xfe" + bytes([len(note)]) + note.encode() + b"\0"
    begin = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
    return begin + note + b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;"


def note_of(data):
    return str(data[22 : 22 + data[21]], "utf-8") if data[:3] == b"GIF" else note_in(data)


@on_board
def test_direct(esp):
    post = Post()
    assert post.sender.blocked_reason() is None and post.sender.left_ms() == 0
    assert post.sender.send_frame(photo("one"), TAKEN, "pir")
    assert arrived() == ["one"]
    (line,) = post.notes.lines
    size = len(photo("one"))
    start = "INFO upload {} bytes pir -> {}/images/".format(size, env("SERVICE"))
    assert line.startswith(start), line
    assert line.endswith(" 0 ms")  # the board's clock stands still
    assert post.counters.as_dict()["sent"] == 1


@on_board
def test_kept(esp):
    post = Post()
    post.sender.send_kept()  # nothing there
    post.keep("one")
    post.sender.send_kept()
    assert arrived() == ["one"]
    assert len(post.outbox) == 0 and post.waiting() == 0
    assert post.counters.as_dict()["sent"] == 1
    assert post.notes.count("INFO upload", "pir", "->") == 1


@on_board
def test_the_service_has_its_ten_seconds(esp):
    # After a success and after any failure, direct and kept.
    for what in ({}, {"errcode": 5001}, {"errcode": 4004}, {"no_answer": "close"}):
        for kept in (False, True):
            esp.power_cut()
            post = Post()
            if what:
                fault(what)
            if kept:
                post.keep("one")
                post.sender.send_kept()
            else:
                post.sender.send_frame(photo(), TAKEN, "pir")
            assert len(uploads()) == 1
            assert post.sender.left_ms() >= 10000, what
            assert post.sender.blocked_reason() is not None
            esp.go(9999)
            assert post.sender.left_ms() >= 1
            # It holds over a deep sleep.
            esp.wake(0)
            post = Post(folder=post.folder)
            assert post.sender.left_ms() >= 1
            esp.go(post.sender.left_ms())
            assert post.sender.blocked_reason() is None


@on_board
def test_a_reset_in_the_middle_of_a_request(esp):
    # By the watchdog, or by a person's Ctrl-C.
    post = Post()

    post.interrupted = True
    for cause in ("watchdog", "soft_reset", None):
        raises(KeyboardInterrupt, post.sender.send_frame, photo(), TAKEN, "pir")
        if cause is not None:
            esp.restart(cause)
            assert Post().sender.left_ms() > 9000, cause
            esp.go(10000)
    assert post.sender.left_ms() == 10000


@on_board
def test_why_it_is_silent(esp):
    post = Post()
    post.sender.send_frame(photo(), TAKEN, "pir")
    assert post.sender.blocked_reason() == PACE
    esp.go(10000)
    assert post.sender.blocked_reason() is None
    fault(errcode=4008)
    post.sender.send_frame(photo(), TAKEN, "pir")
    assert (
        "4008" in post.sender.blocked_reason() and "cloud.region" in post.sender.blocked_reason()
    )
    esp.go(10000)
    assert "4008" in post.sender.blocked_reason()
    # After a deep sleep nobody remembers the words.
    esp.wake(10000)
    post = Post()
    assert "before the last start" in post.sender.blocked_reason()


# What the service may say, and what becomes of the picture and the next.
RETRIES = ({"errcode": 5001}, {"errcode": 4009}, {"errcode": 9999}, {"html": True})
RETRIES += ({"no_answer": "close"}, {"reset_after": 1000}, {"garbage": 300})
WAITS = (({"errcode": 4291}, 10), ({"errcode": 403}, 60), ({"errcode": 413}, 3600))
STOPS = ({"errcode": 4008}, {"errcode": 401}, {"redirect": "https://other.example/"})
DROPS = ({"errcode": 4003}, {"errcode": 4004}, {"errcode": 4005})


@on_board
def test_retry_keeps_the_picture(esp):
    for what in RETRIES:
        esp.power_cut()
        post = Post()
        post.keep("one")
        fault(what)
        post.sender.send_kept()
        assert post.waiting() == 1 and post.rejected() == 0, what
        assert post.counters.as_dict()["retried"] == 1
        assert post.notes.count("WARNING upload failed, next try in 10 s") == 1, post.notes.lines
        assert len(post.notes.lines) == 1
        assert post.sender.trouble.action == "retry"
        assert post.pause(esp) == 10000
        post.sender.send_kept()
        assert post.waiting() == 0 and arrived() == ["one"]
        assert post.sender.trouble is None
        assert post.counters.as_dict()["sent"] == 1


@on_board
def test_wait_gives_the_service_its_time(esp):
    for what, wait_s in WAITS:
        esp.power_cut()
        post = Post()
        post.keep("one")
        fault(what)
        post.sender.send_kept()
        assert post.waiting() == 1
        assert post.counters.as_dict()["retried"] == 1
        assert post.notes.count("next try in {} s".format(wait_s)) == 1
        assert post.pause(esp) == wait_s * 1000
        post.sender.send_kept()
        assert arrived() == ["one"]


@on_board
def test_too_soon_after_a_start_is_nobody_elses_doing(esp):
    # After a power cut nobody knows when the last request was, and when the service took it in.
    for start, blames in (
        (esp.power_cut, 0),
        (lambda: esp.restart("watchdog"), 0),
        (lambda: esp.restart("soft_reset"), 1),
        (lambda: esp.wake(20000), 1),
    ):
        for errcode in (4291, 4292):
            start()
            post = Post()
            post.keep("one")
            for told in (blames, blames + 1):
                fault(errcode=errcode)
                post.sender.send_kept()
                assert post.notes.count("errcode {}".format(errcode)) == 1 + told - blames
                assert post.notes.count("another sender") == told, post.notes.lines
                post.pause(esp)
            assert post.notes.count("one was sent before this start") == 1 - blames
            post.sender.send_kept()
            assert arrived() == ["one"]


@on_board
def test_stop_is_said_once_and_probed(esp):
    for what in STOPS:
        esp.power_cut()
        post = Post()
        post.keep("one", "two")
        fault(dict(what, times=4))
        waits = []
        for _ in range(4):
            post.sender.send_kept()
            waits.append(post.pause(esp))
        assert waits == sorted(waits) and waits[0] == 600000
        assert 900000 <= waits[1] <= 1200000 and waits[3] <= 3600000
        assert post.waiting() == 2
        assert post.notes.count("ERROR stopped until this is fixed") == 1
        assert len(post.notes.lines) == 1
        assert post.sender.trouble.action == "stop"
        # Mended in the console: everything goes.
        post.sender.send_kept()
        assert post.pause(esp) == 10000
        post.sender.send_kept()
        assert arrived() == ["one", "two"]
    # Another trouble is said as well.
    post = Post()
    post.keep("one")
    fault({"errcode": 4008}, {"errcode": 1023}, {"errcode": 4008})
    for _ in range(3):
        post.sender.send_kept()
        post.pause(esp)
    assert post.notes.count("ERROR stopped") == 3


@on_board
def test_drop_sets_the_picture_aside(esp):
    for what in DROPS:
        esp.power_cut()
        post = Post()
        post.keep("one", "two")
        fault(what)
        post.sender.send_kept()
        assert post.waiting() == 1 and post.rejected() == 1
        counts = post.counters.as_dict()
        assert (counts["dropped"], counts["retried"], counts["sent"]) == (1, 0, 0)
        assert post.notes.count("ERROR picture refused for good") == 1
        # Nothing is wrong with the next.
        assert post.sender.blocked_reason() == PACE
        assert post.pause(esp) == 10000
        post.sender.send_kept()
        assert arrived() == ["two"]


@on_board
def test_direct_and_refused(esp):
    # Whether it is settled: what is not is put into the outbox by the caller.
    for what, settled, count in (
        ({"errcode": 5001}, False, "retried"),
        ({"errcode": 403}, False, "retried"),
        ({"errcode": 4008}, False, "retried"),
        ({"errcode": 4004}, True, "dropped"),
    ):
        esp.power_cut()
        post = Post()
        fault(what)
        assert post.sender.send_frame(photo(), TAKEN, "pir") is settled, what
        assert post.counters.as_dict()[count] == 1, what
        assert post.counters.as_dict()["sent"] == 0


@on_board
def test_too_large_makes_smaller_pictures(esp):
    post = Post()
    post.keep("one")
    fault(errcode=4005)
    post.sender.send_kept()
    assert post.too_large_sizes == [len(photo("one"))]
    post.pause(esp)
    fault(errcode=4005)
    post.sender.send_frame(photo(), TAKEN, "pir")
    assert post.too_large_sizes[1:] == [len(photo())]


@on_board
def test_backoff_holds_over_deep_sleep(esp):
    post = Post()
    post.keep("one")
    waits = []
    for _ in range(4):
        fault(errcode=5001)
        post.sender.send_kept()
        left = post.sender.left_ms()
        waits.append(left)
        esp.wake(left // 2)
        post = Post(folder=post.folder)
        assert left // 2 - 2000 <= post.sender.left_ms() <= left // 2 + 1000
        esp.go(post.sender.left_ms())
        assert post.sender.blocked_reason() is None
    assert waits[0] == 10000 and 15000 <= waits[1] <= 20000
    assert 30000 <= waits[2] <= 40000 and 60000 <= waits[3] <= 80000
    post.sender.send_kept()
    assert arrived() == ["one"]
    assert post.sender.left_ms() == 10000


@on_board
def test_oldest_or_newest_first(esp):
    for order, wanted in (
        ("oldest", ["1", "2", "3", "4"]),
        ("newest", ["3", "4", "2", "1"]),
    ):
        post = Post(order=order)
        post.keep("1", "2", "3")
        for i in range(4):
            esp.go(10000)
            post.sender.send_kept()
            if not i:
                post.keep("4")  # taken meanwhile
        assert arrived() == wanted


@on_board
def test_a_stubborn_picture_does_not_hold_up_the_others(esp):
    # The service chokes on one, a firewall on the way answers in its place, or resets.
    for what in (
        {"errcode": 5001},
        {"html": True, "status": 403},
        {"errcode": 4008},
        {"redirect": "https://blocked.example/"},
        {"reset_after": 5000},
    ):
        for order, stubborn in (("oldest", "1"), ("newest", "4")):
            esp.power_cut()
            post = Post(order=order)
            post.keep("1", "2", "3", "4")
            post.chokes, post.choking = stubborn, what
            for _ in range(8):
                post.pause(esp)
                post.sender.send_kept()
            assert sorted(arrived()) == [each for each in "1234" if each != stubborn], what
            # What comes new need not wait for it, nor for its pauses.
            post.keep("5")
            post.pause(esp)
            post.sender.send_kept()
            assert arrived()[-1] == "5" and post.waiting() == 1
            # Its trouble over, it goes as well.
            post.chokes = None
            for _ in range(3):
                post.pause(esp)
                post.sender.send_kept()
            assert post.waiting() == 0 and arrived()[-1] == stubborn


def until_settled(esp, post, each_s=60, most=600):
    """Keep a picture each so many seconds and send, until the first is settled."""
    first = post.outbox.oldest().number
    tries = 0
    begin = esp.ticks
    for i in range(most):
        if i % 3 == 0:
            post.keep("new %d" % i)
        for _ in range(3):
            if post.sender.blocked_reason() is None:
                tries += 1
                post.sender.send_kept()
            esp.go(each_s * 333)
        found = post.outbox.oldest()
        if found is None or found.number != first:
            return tries, (esp.ticks - begin) // 1000
    raise AssertionError(post.notes.lines[-3:])


@on_board
def test_a_picture_that_fails_alone_is_set_aside_in_the_end(esp):
    post = Post()
    post.keep("bad")
    post.chokes, post.choking = "bad", {"html": True, "status": 403}
    _, took_s = until_settled(esp, post)
    assert 1800 <= took_s <= 2 * 3600, took_s
    assert post.rejected() == 1
    assert post.offered["bad"] <= 12
    assert post.notes.count("ERROR picture", "is set aside in rejected/", "others did not") == 1
    assert post.counters.as_dict()["dropped"] == 1
    assert "bad" not in arrived()


@on_board
def test_that_holds_over_deep_sleep(esp):
    offered = {}
    folder = new_folder()
    for i in range(120):
        post = Post(folder=folder, forget=False)
        post.offered = offered
        post.chokes, post.choking = "bad", {"html": True, "status": 403}
        post.keep("bad" if not i else "new %d" % i)
        for _ in range(4):
            if post.sender.blocked_reason() is None:
                post.sender.send_kept()
            esp.go(10000)
        esp.wake(60000)
        if post.rejected():
            break
    assert post.rejected() == 1 and offered["bad"] <= 12, (offered, i)
    assert post.waiting() <= 2


@on_board
def test_nothing_is_set_aside_when_the_service_fails(esp):
    # For hours it refuses all, or most by chance; then all arrives, in about their order.
    for what in ({"html": True, "status": 403}, {"errcode": 5001}, {"no_answer": "close"}):
        esp.power_cut()
        post = Post()
        post.keep("1", "2", "3", "4", "5")
        fault(dict(what, times=1000))
        for _ in range(40):
            esp.go(max(post.sender.left_ms(), 10000))
            post.sender.send_kept()
        assert post.waiting() == 5 and post.rejected() == 0, what
        no_faults()
        for _ in range(40):
            esp.go(max(post.sender.left_ms(), 10000))
            post.sender.send_kept()
        assert sorted(arrived()) == ["1", "2", "3", "4", "5"], what
        assert post.counters.as_dict()["dropped"] == 0


@on_board
def test_every_second_picture_refused_for_six_hours(esp):
    # By a firewall on the way: each of the others goes out at once, each of these is given up.
    for order, what in (
        ("oldest", {"html": "firewall", "status": 403}),
        ("newest", {"redirect": "https://blocked.example/"}),
    ):
        esp.power_cut()
        post = Post(order=order)
        post.chokes, post.choking = "bad", what
        post.run(esp, 360, lambda i: "bad %d" % i if i % 2 else "good %d" % i)
        counts = post.counters.as_dict()
        assert counts["sent"] == 90, (order, counts)
        assert post.sender.unanswered == 0
        # The last of them still wait.
        post.run(esp, 120, lambda i: "more %d" % i)
        counts = post.counters.as_dict()
        assert counts["sent"] == 150 and counts["dropped"] == 90, (order, counts)
        assert post.waiting() == 0 and post.rejected() == 5
        assert post.notes.count("is set aside in rejected/") == 90
        assert len(post.offered) == 90 and max(post.offered.values()) <= 12, post.offered


@on_board
def test_many_that_fail_do_not_hold_up_the_others(esp):
    # Forty wait, in heaps, when the board comes on the air; then good ones come.
    for order in ("oldest", "newest"):
        esp.power_cut()
        post = Post(order=order)
        for i in range(40):
            post.outbox.put(dot("%s %d" % ("bad" if i % 8 < 5 else "good", i)), TAKEN, "pir")
        post.chokes, post.choking = "bad", {"html": "text", "status": 403}
        post.run(esp, 8)
        assert post.counters.as_dict()["sent"] == 15, (order, arrived())
        for i in range(5):
            post.keep("new %d" % i)
            post.run(esp, 1)
            assert arrived()[-1] == "new %d" % i
        post.run(esp, 300, lambda i: "more %d" % i)
        assert post.waiting() == 0 and post.counters.as_dict()["dropped"] == 25
        assert max(post.offered.values()) <= 12


@on_board
def test_a_service_that_fails_by_chance_loses_nothing(esp):
    # Three in four requests, for five hours.
    seed = [1]

    def chance(_note):
        seed[0] = (seed[0] * 1103515245 + 12345) & 0x7FFFFFFF
        return seed[0] >> 16 & 3 > 0

    post = Post()
    post.chokes, post.choking = chance, {"html": "gateway", "status": 502}
    post.run(esp, 300, lambda i: "%d" % i)
    post.chokes = None
    post.run(esp, 120)
    counts = post.counters.as_dict()
    assert (counts["sent"], counts["dropped"]) == (150, 0), counts
    assert post.waiting() == 0


@on_board
def test_an_answer_that_is_not_understood_repeats_a_picture_twice_at_most(esp):
    # It has been taken in, though nobody can read the answer: gzip, another form, nothing.
    for raw in (
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + "x" * 9999,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\nx",
        'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"ok": true}',
    ):
        esp.power_cut()
        post = Post()
        post.keep("1", "2", "3")
        fault(raw=raw, times=1000)
        for _ in range(20):
            esp.go(max(post.sender.left_ms(), 10000))
            post.sender.send_kept()
        assert post.waiting() == 0 and post.rejected() == 3, (raw, post.notes.lines)
        assert len(uploads()) == 9
        assert post.notes.count("ERROR", "probably stored") == 3
    assert post.notes.count('it begins "{"ok": true}"') > 0, post.notes.lines
    # One that was sent from memory first is the same picture.
    esp.power_cut()
    post = Post()
    fault(raw=raw, times=1000)
    assert not post.sender.send_frame(photo("1"), TAKEN, "pir")
    post.keep("1")
    for _ in range(5):
        esp.go(max(post.sender.left_ms(), 10000))
        post.sender.send_kept()
    assert post.rejected() == 1 and len(uploads()) == 3


@on_board
def test_where_no_answer_can_be_read_the_others_wait_for_one(esp):
    # Each is stored, and each answer cut short; rejected/ is for those that a person looked at.
    post = Post()
    fault(content_length=100, close=True, times=10000)
    post.run(esp, 60, lambda i: "%d" % i)
    assert post.counters.as_dict()["retried"] <= 30 + 12
    post.run(esp, 1200)
    aside = sorted(os.listdir(post.folder + "/rejected"))
    assert len(aside) == 5 and post.waiting() == 25
    assert post.notes.count("ERROR", "probably stored", "cut short", "it begins") == 5
    assert post.counters.as_dict()["retried"] <= 30 * 4
    no_faults()
    post.keep("new")
    post.run(esp, 30)
    assert post.waiting() == 0 and post.counters.as_dict()["sent"] == 26
    assert sorted(os.listdir(post.folder + "/rejected")) == aside


@on_board
def test_a_page_to_sign_in_takes_nothing_in(esp):
    post = Post()
    post.keep("1")
    fault(html=True, times=1000)
    for _ in range(12):
        esp.go(max(post.sender.left_ms(), 10000))
        post.sender.send_kept()
    assert post.waiting() == 1 and post.rejected() == 0
    assert post.notes.count("the answer is not the service's: HTTP 200, it begins") > 1


@on_board
def test_a_fault_of_the_flash_is_told_as_one_and_waits_for_no_network(esp):
    post = Post()
    post.keep("bad", "2", "3")
    post.outbox = Wearing(post.outbox)
    post.sender = Sender(post.config, post.outbox, post.notes, post.counters, post)
    post.sender.send_kept()
    assert post.notes.count("WARNING upload failed, others go first: the picture's file") == 1
    assert post.sender.backoff.left_ms() == 0 and post.sender.unanswered == 0
    for _ in range(2):
        post.pause(esp)
        post.sender.send_kept()
    assert arrived() == ["2", "3"] and post.waiting() == 1
    assert post.sender.trouble is None
    # Alone it is tried ever more seldom, and nobody waits awake for it.
    tries = len(uploads())
    for _ in range(720):
        if post.sender.blocked_reason() is None:
            post.sender.send_kept()
        esp.go(10000)
    assert 3 <= len(uploads()) - tries <= 10
    assert post.sender.waits_ms() > 0 and "put off" in post.sender.blocked_reason()
    # With others it ends in rejected/.
    for i in range(400):
        if post.rejected():
            break
        if i % 6 == 0:
            post.keep("new {}".format(i))
        if post.sender.blocked_reason() is None:
            post.sender.send_kept()
        esp.go(60000)
    assert post.rejected() == 1 and post.counters.as_dict()["dropped"] == 1, post.notes.lines[-9:]


@on_board
def test_what_is_refused_from_memory_can_be_looked_at(esp):
    post = Post()
    fault(errcode=4004)
    assert post.sender.send_frame(photo(), TAKEN, "pir")
    assert post.rejected() == 1 and post.waiting() == 0
    assert post.counters.as_dict()["dropped"] == 1


@on_board
def test_what_is_refused_from_memory_is_counted_once_where_the_flash_fails(esp):
    post = Post()
    fault(errcode=4004)
    write, kept_files.write = kept_files.write, full
    try:
        assert post.sender.send_frame(photo(), TAKEN, "pir")
    finally:
        kept_files.write = write
    # What the outbox has lost is counted as well: by who keeps pictures.
    assert post.counters.as_dict()["dropped"] + post.outbox.dropped == 1


def full(*_):
    raise OSError(28)


@on_board
def test_what_is_refused_from_memory_takes_no_place_of_what_waits(esp):
    for policy in ("drop_oldest", "keep_oldest"):
        post = Post()
        size = len(photo("1"))
        post.outbox = Outbox(post.folder, 3 * size, policy, post.notes)
        post.sender = Sender(post.config, post.outbox, post.notes, post.counters, post)
        post.keep("1", "2", "3")
        fault(errcode=4004)
        assert post.sender.send_frame(photo("4"), TAKEN, "pir")
        assert post.rejected() == 1 and post.waiting() == 3 and post.outbox.dropped == 0
        assert post.outbox.oldest().size == size


@on_board
def test_senseless_records_do_no_harm(esp):
    size = rtc.FAILING[1]
    for data in (b"\xff" * size, bytes(i & 255 for i in range(size)), b"\1\0\0\0\xff" * 40):
        esp.power_cut()
        rtc.remember(rtc.FAILING, data[:size])
        post = Post()
        post.keep("1", "2")
        post.run(esp, 60)
        assert sorted(arrived()) == ["1", "2"]
    # As if more answers had been unclear than can be.
    row = b"\0\0\0\0\x08" + bytes(10) + b"\1\7\0\0\0\0\0\0\6"
    rtc.remember(rtc.FAILING, row + bytes(size - len(row)))
    assert Failing().failed(7, True) is None


@on_board
def test_a_file_that_cannot_be_read_is_stepped_over(esp):
    # When it is opened, and when it is read.
    for failing in ("open", "seek", "readinto"):
        esp.power_cut()
        post = Post()
        post.keep("one", "two")
        kept = post.outbox.oldest()
        broken = Broken(kept, failing)
        post.outbox.oldest, oldest = (lambda *_, broken=broken: broken), post.outbox.oldest
        post.sender.send_kept()
        post.outbox.oldest = oldest
        assert post.waiting() == 2 and post.rejected() == 0, failing
        assert post.notes.count("WARNING", "cannot be read") == 1, post.notes.lines
        assert broken.closed == broken.opened
        assert uploads() == []
        post.pause(esp)
        post.sender.send_kept()
        assert arrived() == ["two"]
        # Nothing is lost: a restart offers it again.
        post.outbox = Outbox(post.folder, 10000000)
        assert post.outbox.oldest().number == kept.number


class Broken:
    """A kept picture whose file fails."""

    def __init__(self, kept, failing):
        self._kept = kept
        self._failing = failing
        self.number, self.size = kept.number, kept.size
        self.captured_at, self.cause = kept.captured_at, kept.cause
        self.opened = self.closed = 0

    def open(self):
        self._fail("open")
        self.opened += 1
        return Names(
            seek=lambda *_: self._fail("seek") or 9,
            tell=lambda: 0,
            readinto=lambda _: self._fail("readinto") or 0,
            close=self._close,
        )

    def _close(self):
        self.closed += 1

    def _fail(self, name):
        if name == self._failing:
            raise OSError(5, "EIO")


class Wearing:
    """An outbox of which the first picture can be looked at, but not be read to its end."""

    def __init__(self, outbox):
        self._outbox = outbox
        self._number = outbox.oldest().number

    def __len__(self):
        return len(self._outbox)

    def __getattr__(self, name):
        found = getattr(self._outbox, name)
        if name in ("oldest", "newest", "get"):
            return lambda *values: self._worn(found(*values))
        return found

    def _worn(self, kept):
        if kept is not None and kept.number == self._number:
            return Worn(kept, None)
        return kept


class Worn(Broken):
    """One whose file can be looked at, but not be read to its end."""

    def open(self):
        file = self._kept.open()

        def readinto(buffer):
            if file.tell() > 20000:
                raise OSError(5, "EIO")
            return file.readinto(buffer)

        return Names(seek=file.seek, tell=file.tell, readinto=readinto, close=file.close)


@on_board
def test_tells_when_and_why_it_was_taken(esp):
    post = Post()
    post.keep("one")
    post.sender.send_kept()
    esp.go(10000)
    post.sender.send_frame(photo("two"), TAKEN, "timer")
    for body, cause in zip(bodies(), (b"pir", b"timer")):  # noqa: B905
        assert body[6:12] == b"Exif\0\0"
        assert b"2026:09:21" in body[:400] and cause in body[:400]
        # Nothing else is changed.
        length = body[4] << 8 | body[5]
        assert body[:2] + body[4 + length :] in (photo("one"), photo("two"))
    # Kept while the clock was not set, and known since.
    assert post.outbox.put(photo("three"), None, "pir")
    post.dates[None] = TAKEN
    esp.go(10000)
    post.sender.send_kept()
    assert b"2026:09:21" in bodies()[-1][:400]
    post = Post(exif=False)
    post.keep("one")
    esp.go(10000)
    post.sender.send_kept()
    assert bodies() == [photo("one")]


@on_board
def test_exif_only_where_it_fits(esp):
    data = photo("one")
    for limit, fits in ((len(data), False), (len(data) + 20, False), (len(data) + 400, True)):
        for kept in (True, False):
            esp.power_cut()
            post = Post(limit_bytes=limit)
            if kept:
                post.outbox.put(data, TAKEN, "pir")
                post.sender.send_kept()
            else:
                assert post.sender.send_frame(data, TAKEN, "pir")
            (body,) = bodies()
            assert (b"Exif" in body[:20]) is fits
            assert len(body) <= limit
            if not fits:
                assert body == data


@on_board
def test_the_secrets_stay_here(esp):
    post = Post()
    post.keep("one")
    for what in RETRIES + STOPS + DROPS:
        post.keep("one")
        fault(what)
        post.sender.send_kept()
        post.pause(esp)
        assert TOKEN not in str(post.sender.blocked_reason())
    text = "\n".join(post.notes.lines)
    assert len(post.notes.lines) >= len(STOPS + DROPS)
    assert TOKEN not in text and KEY not in text


@on_board
def test_silences_are_answers_that_did_not_come(esp):
    post = Post()
    post.keep("one")
    for i in range(3):
        fault(no_answer="close")
        post.sender.send_kept()
        assert post.sender.unanswered == i + 1
        post.pause(esp)
    # An answer, whatever it says, tells that the network is there.
    fault(errcode=5001)
    post.sender.send_kept()
    assert post.sender.unanswered == 0


@on_board
def test_a_certificate_refused_is_no_silence(esp):
    post = Post(env("SERVICE_TLS"), ca=env("FILES") + "/ca.der")
    assert post.sender.needs_clock
    post.keep("one")
    post.sender.send_kept()
    assert post.sender.trouble.action == "stop"
    assert post.notes.count("ERROR stopped", "certificate") == 1
    assert post.rooms == 1  # it may have been for lack of memory
    assert post.sender.unanswered == 0


@on_board
def test_no_way_out_waits_as_after_a_failure(esp):
    post = Post()
    post.keep("one")
    post.sender.note_offline("no Wi-Fi")
    assert post.sender.left_ms() == 10000
    assert post.sender.blocked_reason() == "no Wi-Fi"
    esp.go(10000)
    post.sender.note_offline("no Wi-Fi")
    assert 15000 <= post.sender.left_ms() <= 20000
    assert uploads() == []


@on_board
def test_a_look_up_that_is_put_off_is_no_failure(esp):
    post = Post()
    session = post.sender.session
    ask = session.post

    def put_off(*_args, **_options):
        raise HttpError(errno.EAGAIN, "no look-up now: it would block")

    session.post = put_off
    post.keep("one")
    post.sender.send_kept()
    assert not post.sender.send_frame(photo("two"), TAKEN, "pir") and uploads() == []
    assert post.counters.as_dict()["retried"] == 0 and post.sender.unanswered == 0
    assert post.notes.lines == [] and post.sender.trouble is None
    assert post.sender.left_ms() == 10000  # the pace, and no pause
    session.post = ask
    esp.go(10000)
    post.sender.send_kept()
    assert len(uploads()) == 1 and not len(post.outbox)


@on_board
def test_whether_it_needs_the_clock(esp):
    assert not Post().sender.needs_clock
    assert not Post(env("SERVICE_TLS"), verify=False).sender.needs_clock


@on_board
def test_the_clock_may_be_set(esp):
    post = Post()
    post.keep("one")
    fault(errcode=4008)
    post.sender.send_kept()
    esp.go(100000)
    rtc.set_clock(esp.real_time())
    esp.wake(100000)
    assert 399000 <= Post(folder=post.folder).sender.left_ms() <= 400000

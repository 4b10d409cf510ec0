# capture.Capture: a trigger becomes a picture that is kept or sent, whatever else goes on.

import json
import os

from fakeboard import NOW, Board, Notes
from photocamera import Photographer
from support import new_folder, note_in, photo, raises
from thingscam import bursts, capture  # noqa: F401 bursts: for the played board's clock
from thingscam.board import profiles as boards
from thingscam.board import rtc, watchdog
from thingscam.board.clock import Clock
from thingscam.board.counters import Counters
from thingscam.config import config
from thingscam.outbox.policy import Outbox

CLOUD = {
    "endpoint": "http://127.0.0.1:9",
    "access_token": "a",
    "identifier": "b",
    "project_key": "c",
    "region": "d",
}


class Watcher:
    """A Capture on a board with a camera."""

    def __init__(
        self, esp, camera, max_bytes=10000000, light=False, limit=512000, quality=85, **trigger
    ):
        self.esp = esp
        self.camera = camera
        self.notes = Notes()
        self.counters = Counters()
        self.folder = new_folder()
        self.outbox = Outbox(self.folder, max_bytes, "drop_oldest", self.notes)
        trigger.setdefault("cooldown_s", 0)
        found = {
            "cloud": dict(CLOUD, limit_bytes=limit),
            "camera": {"warmup_frames": 0, "light": light, "quality": quality},
            "trigger": trigger,
        }
        self.clock = Clock([], self.notes, None, None, None)
        self.config = config.parse(json.dumps(found).encode())
        self.start()

    def start(self):
        """Begin anew, as after a restart of the board."""
        parts = (self.outbox, self.clock, self.notes, self.counters)
        self.capture = capture.Capture(self.config, boards.find("ai-thinker"), *parts)

    def pulse(self):
        """Let the sensor see something, a second after the last picture."""
        self.esp.go(1000)
        self.esp.pulse()

    def deliver(self, direct):
        """Photograph; what direct() returns, a function or None, may send it from memory."""
        sends = []

        def may_send():
            sends.append(direct())
            return sends[0] is not None

        shot = self.capture.photograph(may_send)
        if shot is None:
            return
        accepted = False
        try:
            accepted = sends[0](*shot)
        finally:
            self.capture.settle(accepted)

    def stamps(self):
        """Return what the outbox holds as the capture time of all that wait."""
        found = []
        while True:
            numbers = [kept.number for kept in found]
            kept = self.outbox.oldest(numbers)
            if kept is None:
                return [each.captured_at for each in found]
            found.append(kept)

    def kept(self):
        """Return the notes of the pictures that wait, oldest first; take them out."""
        found = []
        while len(self.outbox):
            kept = self.outbox.oldest()
            file = kept.open()
            data = bytearray(kept.size)
            assert file.readinto(data) == kept.size
            file.close()
            assert data == photo(note_in(data))
            found.append(note_in(data))
            self.outbox.remove(kept)
        return found


def watched(psram=False, **options):
    def decorate(test):
        def run():
            with Board(psram=psram) as esp, Photographer() as camera:
                test(Watcher(esp, camera, **options))

        return run

    return decorate


@watched()
def test_motion_is_kept(watcher):
    watcher.capture.photograph()
    assert watcher.kept() == [] and watcher.camera.starts == 0
    watcher.pulse()
    watcher.capture.photograph()
    watcher.capture.photograph()
    assert watcher.counters.as_dict()["captured"] == 1
    kept = watcher.outbox.oldest()
    assert kept.cause == "pir" and kept.captured_at < 0  # the clock is not set
    assert len(watcher.kept()) == 1


@watched()
def test_time_cause_and_note_are_kept(watcher):
    watcher.esp.set_clock()
    watcher.capture.note = "3.71V low"
    watcher.pulse()
    watcher.capture.photograph()
    kept = watcher.outbox.oldest()
    assert kept.captured_at == watcher.esp.real_ms // 1000
    assert kept.cause == "pir 3.71V low"


def moved(esp, off_s=0):
    """Have the clock set to what time it is, or wrongly, as by NTP."""
    rtc.set_clock(esp.time.gmtime(esp.real_ms // 1000 - esp.offset_s + off_s))


@watched()
def test_the_time_is_found_out_when_the_clock_is_set(watcher):
    esp, clock = watcher.esp, watcher.clock
    moments = []
    for ends in (None, "deep_sleep", "reset", "watchdog", "soft_reset"):
        if ends == "deep_sleep":
            esp.wake(600000)
        elif ends:
            esp.restart(ends)
        watchdog.started()
        watcher.start()
        watcher.pulse()
        watcher.capture.photograph()
        moments.append(esp.real_ms // 1000)
        assert clock.dated(watcher.outbox.newest().captured_at) is None
        esp.go(60000)

    def found():
        return [clock.dated(stamp) for stamp in watcher.stamps()]

    # By one that lies, and then by one that does not; later it goes a little wrong.
    for off_s in (86400, 0, -5):
        moved(esp, off_s)
        assert all(abs(a - b - off_s) <= 1 for a, b in zip(found(), moments)), found()  # noqa: B905
    watcher.pulse()
    watcher.capture.photograph()
    assert watcher.stamps()[-1] > NOW
    # What was taken before the power was cut stays without, though the clock begins alike.
    for memory in (b"", esp.rtc):  # the button EN may leave RTC memory as it was
        esp.power_cut()
        esp.rtc = memory
        watchdog.started()
        watcher.start()
        watcher.pulse()
        watcher.capture.photograph()
        assert watcher.stamps()[-1] < 0
        moved(esp)
        assert found()[:5] == [None] * 5
        assert abs(found()[-1] - esp.real_ms // 1000) <= 1


@watched()
def test_is_ready_before_the_first_picture(watcher):
    watcher.capture.ready()
    assert watcher.camera.starts == 1
    watcher.pulse()
    watcher.capture.photograph()
    assert watcher.camera.starts == 1


@watched()
def test_a_camera_that_fails(watcher):
    watcher.camera.broken = OSError(5)
    watcher.capture.ready()
    for _ in range(2):
        watcher.pulse()
        watcher.capture.photograph()
    counts = watcher.counters.as_dict()
    assert (counts["captured"], counts["capture_failed"]) == (0, 2)
    assert watcher.notes.count("ERROR", "camera.board") == 3
    # It heals by itself.
    watcher.camera.broken = None
    watcher.pulse()
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1


@watched()
def test_one_that_fails_during_an_upload_is_taken_behind_it(watcher):
    watcher.camera.broken = OSError(12)
    watcher.pulse()
    for _ in range(5):
        watcher.capture.meanwhile()  # it does not try again and again
    assert watcher.notes.count("WARNING", "once more when the upload is over") == 1
    watcher.camera.broken = None
    assert len(watcher.outbox) == 0
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1
    counts = watcher.counters.as_dict()
    assert (counts["captured"], counts["capture_failed"]) == (1, 0)


@watched()
def test_memory_that_is_too_short_during_an_upload(watcher):
    put = watcher.outbox.put

    def short(*_):
        raise MemoryError

    watcher.outbox.put = short
    watcher.pulse()
    for _ in range(3):
        watcher.capture.meanwhile()
    watcher.outbox.put = put
    assert watcher.notes.count("WARNING out of memory; once more when the upload is over") == 1
    assert watcher.counters.as_dict()["dropped"] == 1
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1
    assert watcher.counters.as_dict()["captured"] == 2


@watched()
def test_a_fault_of_ours_is_none_of_the_network(watcher):
    # What progress() raises would be told as a failed upload: it reaches the loop.
    put = watcher.outbox.put
    watcher.outbox.put = lambda *_: {}[0]
    watcher.pulse()
    watcher.capture.meanwhile()
    watcher.pulse()
    watcher.capture.meanwhile()  # one is enough
    watcher.outbox.put = put
    assert watcher.counters.as_dict()["captured"] == watcher.counters.as_dict()["dropped"] == 1
    raises(KeyError, watcher.capture.photograph)
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1
    # In the loop it is raised at once, and counted.
    watcher.outbox.put = lambda *_: {}[0]
    watcher.pulse()
    raises(KeyError, watcher.capture.photograph)
    assert watcher.counters.as_dict()["dropped"] == 2


@watched(psram=True)
def test_what_cannot_be_kept_meanwhile_is_kept_behind(watcher):
    put = watcher.outbox.put
    tried = []

    def short(*_):
        tried.append(watcher.esp.ticks)
        raise MemoryError

    def send(*_):
        watcher.outbox.put = short
        for _ in range(60):
            watcher.esp.go(100)
            watcher.capture.meanwhile()
        watcher.outbox.put = put
        return False

    watcher.pulse()
    watcher.deliver(lambda: send)
    assert len(tried) == 3
    assert len(watcher.kept()) == 1
    watcher.capture.photograph()
    assert watcher.counters.as_dict()["dropped"] == 0
    assert watcher.counters.as_dict()["captured"] == 1


@watched(psram=True)
def test_what_has_no_room_to_be_sent_from_memory_is_kept(watcher):
    def in_pieces(_size):
        raise MemoryError

    capture.bytearray = in_pieces
    try:
        for _ in range(2):
            watcher.pulse()
            watcher.deliver(lambda: lambda *_: True)
            assert len(watcher.kept()) == 1
    finally:
        del capture.bytearray
    assert watcher.counters.as_dict()["dropped"] == 0


@watched(max_bytes=100000)
def test_what_the_outbox_drops_is_counted(watcher):
    for _ in range(5):
        watcher.pulse()
        watcher.capture.photograph()
    assert len(watcher.outbox) == 2
    assert watcher.counters.as_dict()["dropped"] == 3


@watched()
def test_what_the_outbox_finds_damaged_is_counted(watcher):
    for _ in range(2):
        watcher.pulse()
        watcher.capture.photograph()
    (folder,) = os.listdir(watcher.folder)
    for name in os.listdir(watcher.folder + "/" + folder):
        with open("{}/{}/{}".format(watcher.folder, folder, name), "r+b") as file:
            file.seek(1000)
            file.write(b"damage")
    assert watcher.outbox.oldest() is None
    for _ in range(2):
        watcher.capture.count_losses()
        assert watcher.counters.as_dict()["dropped"] == 2


@watched(psram=True)
def test_one_may_be_sent_from_memory(watcher):
    sent = []

    def send(frame, captured_at, cause):
        sent.append((bytes(frame), captured_at, cause))
        return True

    watcher.pulse()
    watcher.deliver(lambda: send)
    assert len(sent) == 1 and sent[0][1] < 0 and sent[0][2] == "pir"
    assert sent[0][0] == photo(note_in(sent[0][0]))
    assert watcher.kept() == []
    assert watcher.counters.as_dict()["captured"] == 1
    # It is asked when there is a picture, not before.
    watcher.deliver(lambda: 1 / 0)
    watcher.pulse()
    watcher.deliver(lambda: None)
    assert len(sent) == 1 and len(watcher.kept()) == 1


@watched(psram=True)
def test_what_is_not_settled_is_kept(watcher):
    watcher.pulse()
    watcher.deliver(lambda: lambda *_: False)
    assert len(watcher.kept()) == 1


@watched(psram=True)
def test_what_cannot_be_sent_now_is_kept(watcher):
    watcher.pulse()
    watcher.deliver(lambda: None)
    assert len(watcher.kept()) == 1


@watched(psram=True)
def test_what_a_person_interrupts_is_kept(watcher):
    # Ctrl-C, as every mpremote sends it; also a fault of ours, which restarts the board.
    for error in (KeyboardInterrupt, KeyError):
        for late in (False, True):

            def send(frame, captured_at, cause, error=error, late=late):
                if late:
                    watcher.esp.go(5000)
                    watcher.capture.meanwhile()
                raise error

            watcher.pulse()
            raises(error, watcher.deliver, lambda send=send: send)
            assert len(watcher.kept()) == 1
            watcher.esp.go(20000)


@watched(psram=True)
def test_what_takes_long_to_send_is_kept_meanwhile(watcher):
    for settled in (True, False):
        waiting = []

        def send(frame, captured_at, cause, settled=settled, waiting=waiting):
            for _ in range(5):
                watcher.esp.go(1000)
                watcher.capture.meanwhile()  # as progress() does
                waiting.append(len(watcher.outbox))
            return settled

        watcher.pulse()
        watcher.deliver(lambda send=send: send)
        # Within two seconds, and once.
        assert waiting == [0, 1, 1, 1, 1]
        assert len(watcher.kept()) == (0 if settled else 1)
        watcher.esp.go(20000)


@watched(psram=True)
def test_one_that_does_not_fit_the_outbox_is_sent_all_the_same(watcher):
    def send(frame, captured_at, cause):
        watcher.esp.go(5000)
        watcher.capture.meanwhile()
        return True

    watcher.outbox.put = lambda *_: False
    watcher.pulse()
    watcher.deliver(lambda: send)
    assert len(watcher.outbox) == 0


@watched()
def test_without_psram_all_go_through_the_outbox(watcher):
    watcher.pulse()
    watcher.deliver(lambda: 1 / 0)
    assert len(watcher.kept()) == 1


@watched(psram=True)
def test_what_was_sent_takes_no_other_picture_with_it(watcher):
    # The flash spoils the copy: the outbox then shows the one before.
    watcher.outbox.put(photo("a longer note than a frame's"), None, "pir")
    newest = watcher.outbox.newest

    def send(*_):
        watcher.outbox.newest = watcher.outbox.oldest
        watcher.esp.go(3000)
        watcher.capture.meanwhile()
        watcher.outbox.newest = newest
        return True

    watcher.pulse()
    watcher.deliver(lambda: send)
    assert watcher.kept()[0] == "a longer note than a frame's"


@watched(psram=True)
def test_a_trigger_while_one_is_sent(watcher):
    # The frame being sent is not touched by the one taken meanwhile.
    sent = []

    def send(frame, captured_at, cause):
        before = bytes(frame)
        sent.append(note_in(before))
        watcher.pulse()
        watcher.capture.meanwhile()
        assert len(watcher.outbox) == 1
        watcher.capture.close()  # as free_memory() does
        assert bytes(frame) == before == photo(note_in(before))
        return False

    watcher.pulse()
    watcher.deliver(lambda: send)
    kept = watcher.kept()
    assert len(kept) == len(set(kept)) == 2
    assert kept[1] == sent[0]  # that one came last into the outbox
    assert watcher.counters.as_dict()["captured"] == 2


@watched()
def test_an_interrupt_only_notes(watcher):
    # Whatever goes on: the stack may be deep, and what is raised there is lost.
    watcher.pulse()
    assert watcher.camera.starts == 0 and len(watcher.outbox) == 0
    watcher.capture.meanwhile()
    assert len(watcher.kept()) == 1
    watcher.pulse()
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1 and watcher.esp.printed == []


@watched()
def test_motion_while_nothing_is_let_in(watcher):
    # As in a look-up of a name: eight callbacks wait, and one note is enough.
    watcher.esp.shut()
    for _ in range(20):
        watcher.pulse()
    watcher.esp.let_in()
    watcher.capture.photograph()
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1


@watched()
def test_an_interrupt_while_the_camera_is_closed(watcher):
    # As free_memory() does it, in an upload.
    watcher.capture.ready()
    watcher.camera.on_close = watcher.esp.pulse
    watcher.capture.close()
    assert not watcher.camera.running and watcher.camera.starts == 1
    watcher.camera.on_close = None
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1


@watched()
def test_motion_while_the_camera_exposes_is_the_next_picture(watcher):
    watcher.camera.on_capture = watcher.esp.pulse
    watcher.pulse()
    watcher.capture.photograph()
    assert watcher.counters.as_dict()["captured"] == 1
    watcher.camera.on_capture = None
    watcher.esp.go(1000)
    watcher.capture.photograph()
    assert watcher.counters.as_dict()["captured"] == 2
    assert len(set(watcher.kept())) == 2


@watched(light=True)
def test_light_on_only_for_the_capture(watcher):
    seen = []
    watcher.capture.ready()
    assert watcher.esp.outputs[4] == 0
    watcher.camera.on_capture = lambda: seen.append(watcher.esp.outputs[4])
    watcher.pulse()
    watcher.capture.photograph()
    assert seen and set(seen) == {1}
    assert watcher.esp.outputs[4] == 0


@watched()
def test_no_light_unless_it_is_set(watcher):
    watcher.pulse()
    watcher.capture.photograph()
    assert 4 not in watcher.esp.outputs


def test_smaller_pictures_after_a_refusal():
    # Also when the camera has not been started yet, and after a deep sleep.
    with Board() as esp, Photographer() as camera:
        Watcher(esp, camera).capture.too_large(40000)
        for _ in range(2):
            watcher = Watcher(esp, camera)
            esp.pulse()
            watcher.capture.photograph()
            # These photographs get no smaller, whatever is set: there is none then.
            assert watcher.counters.as_dict()["captured"] == 0
            assert watcher.notes.count("ERROR picture too large", "limit 35000") == 1
            esp.wake(1000)
        esp.power_cut()
        watcher = Watcher(esp, camera)
        esp.pulse()
        watcher.capture.photograph()
        assert len(watcher.kept()) == 1


def test_the_larger_are_tried_again_after_a_day():
    # These photographs get no smaller, whatever is set: while the limit holds there is none.
    with Board() as esp, Photographer() as camera:
        for restarts in (False, True):
            watcher = Watcher(esp, camera)
            watcher.capture.too_large(40000)
            watcher.capture.too_large(60000)  # one that had waited: the lower limit holds
            for hours, count in ((0, 0), (23, 0), (2, 1), (1, 2)):
                esp.go(hours * 3600000)
                if hours == 23:  # for the first time, and by one that lies
                    moved(esp, 19 * 86400)
                    moved(esp)
                if restarts:
                    watcher = Watcher(esp, camera)
                watcher.pulse()
                watcher.capture.photograph()
                assert watcher.counters.as_dict()["captured"] == count, hours
            esp.power_cut()


def test_a_refusal_is_of_its_frame_size_and_quality():
    with Board() as esp, Photographer() as camera:
        for quality in (85, 60):
            Watcher(esp, camera).capture.too_large(40000)
            watcher = Watcher(esp, camera, quality=quality)
            watcher.pulse()
            watcher.capture.photograph()
            assert len(watcher.kept()) == (quality == 60)


@watched()
def test_close_gives_the_camera_back(watcher):
    watcher.capture.close()
    watcher.capture.ready()
    watcher.capture.close()
    assert not watcher.camera.running
    watcher.capture.ready()
    assert watcher.camera.running
    watcher.capture.close()
    watcher.pulse()
    watcher.capture.photograph()
    assert len(watcher.kept()) == 1


def causes(watcher):
    """Return the causes of the pictures that wait, oldest first."""
    found = []
    while len(found) < len(watcher.outbox):
        found.append(watcher.outbox.oldest((), found[-1].number + 1 if found else None))
    return [kept.cause for kept in found]


def pass_by(watcher, ms, look):
    """Let `ms` go by, and look() as often as the loop or an upload does."""
    for _ in range(ms // 100):
        look()
        watcher.esp.go(100)


@watched(psram=True, burst=3, burst_ms=500)
def test_a_burst_is_kept_one_by_one(watcher):
    watcher.pulse()
    pass_by(watcher, 2000, watcher.capture.photograph)
    assert causes(watcher) == ["pir 1/3", "pir 2/3", "pir 3/3"]
    assert watcher.kept() == ["frame 0002", "frame 0003", "frame 0004"]


@watched(burst=3, burst_ms=500)
def test_a_burst_while_something_is_sent(watcher):
    watcher.pulse()
    watcher.capture.photograph()  # an upload begins behind it
    pass_by(watcher, 2000, watcher.capture.meanwhile)
    assert causes(watcher) == ["pir 1/3", "pir 2/3", "pir 3/3"]


@watched(burst=4, burst_ms=500)
def test_one_that_fails_is_the_only_one_of_a_burst(watcher):
    watcher.pulse()
    watcher.capture.photograph()
    watcher.esp.go(500)
    watcher.camera.broken = RuntimeError("no frame")
    watcher.capture.photograph()
    watcher.camera.broken = None
    pass_by(watcher, 2000, watcher.capture.photograph)
    assert causes(watcher) == ["pir 1/4", "pir 3/4", "pir 4/4"]
    counts = watcher.counters.as_dict()
    assert counts["captured"] == 3 and counts["capture_failed"] == 1

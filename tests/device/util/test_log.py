# log.Log: short lines, secrets masked, repeats counted, a ring of two files in few writes.

import os

from fakeboard import on_board
from flash import Flash
from support import env
from thingscam.util import log

HOUR_MS = 3600000


class Folder:
    def __init__(self, name):
        self.path = env("FILES") + "/" + name
        for path in (self.path,):
            try:
                os.mkdir(path)
            except OSError:
                for file in os.listdir(path):
                    os.remove(path + "/" + file)

    def read(self, name):
        with open(self.path + "/" + name) as file:
            return file.read()


def lines(folder, name=log.NEWER):
    # Without the time at their head.
    return [line.split(" ", 1)[1] for line in folder.read(name).splitlines()]


def test_writes_levels_and_values():
    folder = Folder("log-levels")
    out = log.Log("info", folder=folder.path)
    out.debug("not seen")
    out.info("upload %d bytes %s", 48213, "pir")
    out.warning("100 % full")
    out.error("stop")
    out.flush()
    assert lines(folder) == ["INFO upload 48213 bytes pir", "WARNING 100 % full", "ERROR stop"]


def test_masks_secrets():
    folder = Folder("log-secrets")
    out = log.Log("debug", ("t0ken", "t0ken-and-more", "key0", "", "ab"), folder.path)
    out.debug("POST /v1/%s/image %s", "t0ken", "t0ken-and-more")
    out.info("key0 key0 ab")
    out.flush()
    assert lines(folder) == ["DEBUG POST /v1/***/image ***", "INFO *** *** ab"]


def test_one_event_is_one_line():
    folder = Folder("log-lines")
    out = log.Log("info", folder=folder.path)
    out.info("a\r\nINFO forged\x1b[2J\x7f %s", "x" * 1000)
    (line,) = lines(folder)
    assert line.startswith("INFO a??INFO forged?[2J? xxx")
    assert len(line) < 450


@on_board
def test_the_ring_is_bounded_and_keeps_the_newest(esp):
    folder = Folder("log-ring")
    out = log.Log("info", folder=folder.path, max_bytes=2000)
    for i in range(200):
        out.info("line {}".format(i))
        out.flush()
        esp.go(120000)
        sizes = [os.stat(folder.path + "/" + name)[6] for name in os.listdir(folder.path)]
        assert sum(sizes) <= 2100, sizes
    kept = lines(folder, log.OLDER) + (
        lines(folder) if log.NEWER in os.listdir(folder.path) else []
    )
    assert kept[-1] == "INFO line 199"
    assert len(kept) > 20
    first = int(kept[0].split()[-1])
    assert kept == ["INFO line %d" % i for i in range(first, 200)]


def test_a_missing_folder_stops_nothing():
    out = log.Log("info", folder=env("FILES") + "/no/such/folder")
    out.info("goes on")


def test_the_root_is_a_folder_too():
    assert log.Log(folder="/")._newer == "/log.txt"


class Counted(Folder):
    """A folder and a log on a board; `writes` counts how often the files were opened."""

    def __init__(self, esp, name, level="info", **options):
        super().__init__("log-" + name)
        self.esp = esp
        self.writes = 0
        self.seen = []
        self.log = log.Log(level, folder=self.path, max_bytes=1000000, **options)
        log.open, log.print = self._open, self.seen.append

    def _open(self, *arguments):
        self.writes += 1
        return open(*arguments)

    def go(self, seconds, each_s, level, text, *values):
        """Let time go on, the same line coming each `each_s` seconds, values growing."""
        for i in range(seconds):
            if i % each_s == 0:
                getattr(self.log, level)(text, *[value + i for value in values])
            self.log.step()
            self.esp.go(1000)


def counted(name, **options):
    def of(test):
        @on_board
        def run(esp):
            found = Counted(esp, name, **options)
            try:
                test(found)
            finally:
                del log.open, log.print

        return run

    return of


@counted("repeats")
def test_what_repeats_is_said_then_counted_then_said_seldom(out):
    # Numbers that change do not make it another text.
    out.go(6 * 3600, 11, "warning", "no time from %s, %d ms", 7, 100)
    out.log.flush()
    kept = lines(out)
    assert kept == out.seen
    assert kept[0] == "WARNING no time from 7, 100 ms" and kept[4].endswith("144 ms")
    assert len(kept) <= 5 + 6 + 6, kept
    counts = [int(line.split("(")[1].split()[0]) for line in kept[5:]]
    assert all(line.endswith(" times since)") for line in kept[5:])
    assert counts[0] == 5 and counts[-1] >= 320
    # Those that are said and those that are counted are all there were.
    assert 6 * 3600 // 11 - 330 <= len(kept) + sum(counts) <= 6 * 3600 // 11 + 1


@counted("apart")
def test_other_texts_are_said_meanwhile(out):
    out.go(3600, 10, "error", "the camera is gone")
    out.log.warning("Wi-Fi lost")
    out.log.flush()
    assert out.seen[-1] == lines(out)[-1] == "WARNING Wi-Fi lost"
    # And the same when it has been well for long.
    out.esp.go(3 * HOUR_MS)
    out.log.error("the camera is gone")
    assert out.seen[-1] == "ERROR the camera is gone"


@counted("events")
def test_the_console_has_each_picture_and_the_file_some(out):
    out.go(3600, 10, "info", "kept %d bytes", 100)
    out.log.flush()
    assert len(out.seen) == 360
    kept = lines(out)
    assert 12 <= len(kept) <= 20, kept
    assert kept[-1].endswith("(29 times since)")


@counted("writes")
def test_few_writes(out):
    # However many texts in turn, over restarts too; and none is hushed up.
    said = [0]

    def printed(_):
        said[0] += 1

    log.print = printed
    for count in (20, 30):
        said[0] = 0
        out.writes = 0
        if count == 30:
            os.remove(out.path + "/" + log.NEWER)
        for i in range(600):
            for k in range(count):
                getattr(out.log, ("info", "warning", "error")[k % 3])("trouble {} %d".format(k), i)
            out.log.step()
            out.esp.go(1000)
            if i % 300 == 299:
                out.log.flush()
                out.esp.restart("watchdog")
                out.log = log.Log(folder=out.path, max_bytes=1000000)
        assert 10 < out.writes <= 16 + 5, out.writes
        out.esp.go(HOUR_MS)
        out.log.info("the last")
        kept = out.read(log.NEWER).splitlines()
        gone = [int(line[1:].split()[0]) for line in kept if line[0] == "("]
        assert len(kept) - len(gone) <= 24 * out.writes
        assert max(map(len, kept)) < 450
    assert len(kept) - len(gone) + sum(gone) == said[0] > 10000
    first = out.writes
    out.go(3600, 1, "warning", "one alone")
    assert out.writes - first <= 14


@counted("delay")
def test_lines_wait_for_a_write_but_not_for_long(out):
    out.log.info("start")
    assert lines(out) == ["INFO start"]  # a board that restarts at once leaves that
    out.log.info("one")
    out.log.warning("two")
    assert len(lines(out)) == 1 and out.writes == 1
    out.esp.go(20000)
    out.log.step()
    assert lines(out)[1:] == ["INFO one", "WARNING two"] and out.writes == 2
    out.log.step()
    assert out.writes == 2
    # An error is there at once, with what waits.
    out.log.info("three")
    out.log.error("four")
    assert lines(out)[3:] == ["INFO three", "ERROR four"] and out.writes == 3
    for i in range(100):
        out.log.info("many {}".format(i))
    assert len(lines(out)) >= 5 + 90


@counted("interrupted")
def test_a_line_that_comes_while_others_are_written_waits(out):
    opened = log.open

    def open_and_be_interrupted(*arguments):
        log.open = opened
        out.log.error("from an interrupt")
        return opened(*arguments)

    log.open = open_and_be_interrupted
    out.log.error("first")
    out.log.flush()
    assert lines(out) == ["ERROR first", "ERROR from an interrupt"]


@counted("full")
def test_a_full_flash_stops_nothing(out):
    for trouble in (OSError(28), MemoryError()):

        def fails(*_, trouble=trouble):
            raise trouble

        log.open = fails
        out.log.error("not kept")
    assert len(out.seen) == 2


@counted("asleep")
def test_a_deep_sleeper_writes_seldom(out):
    # A sensor that never rests: it wakes each 10 s, for hours.
    log.print = lambda line: None
    for _ in range(360):
        out.esp.wake(9000)
        out.log = log.Log(folder=out.path, max_bytes=1000000, sparing=True)
        out.log.info("start: deep_sleep")
        out.log.error("the camera is gone")
        out.esp.go(1000)
        out.log.step()
        out.log.flush()
    assert 30 <= out.writes <= 8 + 30 + 1, out.writes
    kept = lines(out)
    assert kept[0] == "INFO start: deep_sleep"
    assert out.read(log.NEWER).count("(22 lines are not kept)") > 20
    # A person's start is told whole, and one after a rest.
    out.writes = 0
    log.Log(folder=out.path, max_bytes=1000000).info("start: power_on")
    assert out.writes == 1
    out.esp.wake(HOUR_MS)
    out.log = log.Log(folder=out.path, max_bytes=1000000, sparing=True)
    out.log.info("start: deep_sleep")
    out.log.flush()
    assert out.writes == 2


@counted("set-back")
def test_a_clock_that_is_set_back_silences_no_log(out):
    for _ in range(20):
        out.log = log.Log(folder=out.path, sparing=True)
        out.log.info("start")
        out.log.flush()
    count = out.writes
    out.esp.wall_ms -= 100000000
    out.log.info("start")
    out.log.flush()
    assert out.writes == count + 1


@counted("stopped")
def test_why_it_cannot_start_is_kept_as_well(out):
    out.log = log.Log(folder=out.path, secrets=("s3cret-token",))
    out.log.stopped(ValueError("camera.board: no s3cret-token"))
    assert lines(out) == ["STOPPED camera.board: no ***"] == out.seen


@counted("long")
def test_a_strangers_text_is_cut_before_it_is_looked_through(out):
    # Where a secret may begin at each character a board needs 10 ms for it.
    looked, mask = [], log.mask

    def counting(text, secrets):
        looked.append(len(text))
        return mask(text, secrets)

    log.mask = counting
    try:
        out.log = log.Log(secrets=("s3cret-token",))
        out.log.info("upload -> %s", "%" * 4000)
        out.log.info("upload -> %s", "x" * 580 + "s3cret-token")
    finally:
        log.mask = mask
    assert max(looked) <= 600 and all(len(line) <= 410 for line in out.seen)


class Erased(Flash):
    """A flash that counts its erased blocks."""

    erases = 0

    def ioctl(self, op, arg):
        self.erases += op == 6
        return super().ioctl(op, arg)


def test_lines_written_together_wear_the_flash_less():
    if not hasattr(os, "VfsLfs2"):
        return
    counts = []
    for together in (False, True):
        flash = Erased(4096, 32)
        os.VfsLfs2.mkfs(flash)
        os.mount(os.VfsLfs2(flash), "/worn")
        out = log.Log("debug", folder="/worn", max_bytes=100000)
        out.info("so that there is a file of some size " + "x" * 300)
        out.flush()
        before = flash.erases
        for i in range(20):
            out.info("line number {}".format(i))
            if not together:
                out.flush()
        out.flush()
        counts.append(flash.erases - before)
        os.umount("/worn")
    assert counts[0] >= 20 and counts[1] <= 2, counts

# log.Log: short lines, secrets masked, a ring of two files.

import os

from support import env
from thingscam import log


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
    assert lines(folder) == ["INFO upload 48213 bytes pir", "WARNING 100 % full", "ERROR stop"]


def test_masks_secrets():
    folder = Folder("log-secrets")
    out = log.Log("debug", ("t0ken", "t0ken-and-more", "key0", "", "ab"), folder.path)
    out.debug("POST /v1/%s/image %s", "t0ken", "t0ken-and-more")
    out.info("key0 key0 ab")
    assert lines(folder) == ["DEBUG POST /v1/***/image ***", "INFO *** *** ab"]


def test_one_event_is_one_line():
    folder = Folder("log-lines")
    out = log.Log("info", folder=folder.path)
    out.info("a\r\nINFO forged\x1b[2J\x7f %s", "x" * 1000)
    (line,) = lines(folder)
    assert line.startswith("INFO a??INFO forged?[2J? xxx")
    assert len(line) < 450


def test_the_ring_is_bounded_and_keeps_the_newest():
    folder = Folder("log-ring")
    out = log.Log("info", folder=folder.path, max_bytes=2000)
    for i in range(200):
        out.info("line %d", i)
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

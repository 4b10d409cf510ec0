# What one upload may cost, in numbers that are the same on every machine: a guard.
#
# `make bench` measures the same and more, with times. A figure here may fall at any time;
# one that rises needs a reason.

import pytest
from littlefs import LittleFS

from tools.bench import memory, startup, wire, world
from tools.host import filesystem

# Bytes on a kept connection beyond the picture, with this URL and these headers: the head
# over HTTP; over TLS 29 bytes a record besides. A record of Mbed TLS here holds 4 KB. In the
# head are 27 of "Accept-Encoding: identity": without it a proxy may compress an answer.
HEAD = 205
RECORD = 29
RECORD_HOLDS = 4096

# Bytes of heap after importing the app and all it needs, and in KB for its whole cycle; as .mpy.
IMPORTED = 149800
IN_PLACE = 86000  # where byte code and texts stay in the flash
CYCLE = {"http": 182, "https": 189}
# What a wake from deep sleep need not import before the picture is kept.
LATER = ("board.wifi", "sender", "cloud.uploader", "http.session", "config.checks")

# KB of flash that a version takes which a board has written; of the files' part of a flash of 4 MB
# (ports/esp32/partitions-4MiB.csv) what three of them must leave while one is on trial, and two
# before and after. The outbox lives there.
VERSION = 640
FILES = 2048
LEFT = {3: 150, 2: 768}

# Bytes of heap per upload, by where the picture comes from; 64-bit words.
HEAP = {"memory": 1248, "file": 1408, "outbox": 1408, "memory+exif": 1344, "outbox+exif": 1536}


@pytest.fixture(scope="module")
def bench():
    with world.World() as found:
        yield found


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("source", list(HEAP))
def test_heap_per_upload(bench, scheme, source):
    """At most 1.5 KB, whatever the size: a picture every 10 s must not wear the heap out."""
    found = [memory.allocated(bench, "ours", scheme, size, source) for size in ("20 KB", "500 KB")]
    assert found[0] == found[1]
    assert found[0] <= HEAP[source] <= memory.PER_UPLOAD


@pytest.mark.parametrize("source", ["memory", "outbox"])
@pytest.mark.parametrize("size", ["20 KB", "500 KB"])
def test_wire_per_upload(bench, size, source):
    """One connection for all, one write for the head, full records for the picture."""
    records = 1 + -(-world.SIZES[size] // RECORD_HOLDS)
    plain = wire.count(bench, "ours", "http", size, source)
    secure = wire.count(bench, "ours", "https", size, source)
    head = HEAD + len(str(world.SIZES[size]))
    assert plain["connections"] == secure["connections"] == 0
    assert plain["bytes"] == head
    assert secure["records"] == secure["writes"] == records
    assert secure["bytes"] == head + RECORD * records


def test_least_heap_is_the_same_for_every_size(bench):
    """500 KB from the outbox go through the same two buffers as 20 KB."""
    url = bench.url("https")
    base = memory.least(bench, "ours", "-", "-")
    boxes = [memory.outbox(bench, size) for size in ("20 KB", "500 KB")]
    found = [memory.least(bench, "ours", url, box) for box in boxes]
    assert abs(found[0] - found[1]) <= 4096 + 512  # a buffer, and the grain of the search
    assert max(found) - base <= 32 << 10


def test_heap_after_import(bench):
    assert memory.imported(bench)["kept"] <= IMPORTED
    assert memory.in_place(bench)["kept"] <= IN_PLACE


@pytest.mark.parametrize("scheme", list(CYCLE))
def test_heap_of_a_whole_cycle(bench, scheme):
    """From boot.py to the first upload; what the frame takes is not counted."""
    heap = (CYCLE[scheme] << 10) + world.SIZES["60 KB"]
    assert startup.works_in(bench, scheme, str(heap), bench.compiled())


def test_what_is_loaded_is_what_is_counted(bench):
    """Nothing that the start has let go, and nothing that a plain upload does without."""
    assert set(startup.loaded(bench, "http")) == set(memory.imported(bench)["modules"])


def test_a_board_that_wakes_imports_what_takes_a_picture(bench):
    startup.wake(bench, bench.compiled())
    _, loaded = startup.wake(bench, bench.compiled())
    assert "thingscam.capture" in loaded
    assert not {"thingscam." + name for name in LATER} & set(loaded)


def test_flash_of_a_version_and_what_is_left():
    """What came by cable, the version that is good, and the one on trial."""
    files = filesystem.library(compiled=True)
    # As MicroPython opens it on the flash: extmod/vfs_lfs.c, its cache is 4 times 32 bytes.
    system = LittleFS(
        block_size=4096, block_count=FILES // 4, read_size=32, prog_size=32, cache_size=128,
        lookahead_size=32,
    )  # fmt: skip
    before = system.used_block_count
    for number in (1, 2, 3):
        for name, data in files.items():
            path = f"{number}/{name}"
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            with system.open(path, "wb") as file:
                file.write(data)
        used = 4 * system.used_block_count
        assert FILES - used >= LEFT.get(number, 0), f"{number} versions leave {FILES - used} KB"
    each = (used - 4 * before) // 3
    assert each <= VERSION, f"a version takes {each} KB: merge small files, or take some out"

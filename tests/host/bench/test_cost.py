# What one upload may cost, in numbers that are the same on every machine: a guard.
#
# `make bench` measures the same and more, with times. A figure here may fall at any time;
# one that rises needs a reason.

import pytest

from tools.bench import memory, wire, world

# Bytes on a kept connection beyond the picture, with this URL and these headers: the head
# over HTTP; over TLS 29 bytes a record besides. A record of Mbed TLS here holds 4 KB. In the
# head are 27 of "Accept-Encoding: identity": without it a proxy may compress an answer.
HEAD = 205
RECORD = 29
RECORD_HOLDS = 4096

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

# Bundles: what is believed, and what is unpacked, whatever comes and whenever it ends.

import hashlib
import os

import bundles
from support import raises
from thingscam.update.bundle import BundleError, Unpacker, clear, is_signed, load_key

FOLDER = "/tmp/thingscam-bundle-%d" % (id(bundles) & 0xFFFFFFFF)


def unpacker(judge=lambda fields: None, key=bundles.KEY):
    return Unpacker(FOLDER + "/a", key, judge)


def run(found, data, piece=500, most=10000):
    """Feed a bundle from where it is wanted; return the bytes that were fed."""
    count = 0
    for _ in range(most):
        if found.done:
            break
        if found.looks:
            found.look()
            continue
        view = memoryview(data)[found.at : found.at + piece]
        assert len(view), "wants more than there is"
        used = found.feed(view)
        assert 0 < used <= len(view)
        count += used
    else:
        raise AssertionError("comes to no end")
    return count


def there(folder=FOLDER + "/a"):
    found = {}
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            found.update({name + "/" + key: data for key, data in there(path).items()})
        elif name != "manifest":
            with open(path, "rb") as file:
                found[name] = file.read()
    return found


def test_a_bundle_is_unpacked_in_pieces_of_any_size():
    data = bundles.make("0.2.0")
    for piece in (1, 7, 512, 100000):
        clear(FOLDER)
        seen = []
        found = unpacker(seen.append)
        assert run(found, data, piece) == len(data)
        assert there() == bundles.files("0.2.0")
        assert seen[0]["version"] == "0.2.0" and seen[0]["boards"] == "*"
    clear(FOLDER)


def test_what_is_there_is_not_fetched_again():
    clear(FOLDER)
    data = bundles.make("0.2.0")
    found = unpacker()
    while found.at < 2 * len(data) // 3:
        found.look() if found.looks else found.feed(memoryview(data)[found.at : found.at + 100])
    found.rewind()
    again = unpacker()
    left = run(again, data)
    assert left < 2 * len(data) // 3 and there() == bundles.files("0.2.0")
    # All is there; and one that was spoilt meanwhile is fetched.
    assert run(unpacker(), data) == 0
    with open(FOLDER + "/a/thingscam/0.mpy", "r+b") as file:
        file.write(b"x")
    assert run(unpacker(), data) == len(bundles.files("0.2.0")["thingscam/0.mpy"])
    assert there() == bundles.files("0.2.0")
    # Another version leaves nothing of it.
    more = bundles.make("0.3.0", bundles.files("0.3.0", 1))
    found = unpacker()
    found.forget()
    run(found, more)
    assert there() == bundles.files("0.3.0", 1)
    clear(FOLDER)


def test_each_byte_that_is_changed_is_noticed():
    data = bundles.make("0.2.0", bundles.files("0.2.0", 1, 60))
    end = 264 + int.from_bytes(data[4:8], "little")
    for at in range(len(data)):
        clear(FOLDER)
        wrong = bytearray(data)
        wrong[at] ^= 1 << at % 8
        found = unpacker()
        try:
            run(found, wrong + bytes(20000), 4096)
        except BundleError:
            pass
        else:
            raise AssertionError("byte %d" % at)
        assert at >= end or there() == {}
    clear(FOLDER)


def test_a_signature_is_the_whole_block():
    digest = hashlib.sha256(b"what is signed").digest()
    good = bundles.sign(b"what is signed")
    assert is_signed(good, digest, bundles.KEY)
    assert not is_signed(good, digest, bundles.OTHER)
    assert not is_signed(bundles.sign(b"what is signed", bundles.OTHER), digest, bundles.KEY)
    assert not is_signed(good[1:], digest, bundles.KEY)
    bigger = int.from_bytes(good, "big") + bundles.KEY  # another number for the same block
    if bigger >> 2048 == 0:
        assert not is_signed(bigger.to_bytes(256, "big"), digest, bundles.KEY)
    info = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
    for begin, info_ in (
        (b"\x00\x02", info),  # encryption's padding
        (b"\x00\x01", info[:-2] + b"\x04\x1f"),
        (b"\x00\x01", info[:13] + info[15:]),  # without the NULL
    ):
        rest = info_ + digest
        block = begin + b"\xff" * (253 - len(rest)) + b"\x00" + rest
        assert not is_signed(bundles.raw(block), digest, bundles.KEY)
    # Bleichenbacher's forgery: padding cut short, and anything behind the sum.
    block = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + digest
    assert not is_signed(bundles.raw(block + bytes(256 - len(block))), digest, bundles.KEY)
    for number in (0, 1, bundles.KEY - 1):
        assert not is_signed(number.to_bytes(256, "big"), digest, bundles.KEY)


def test_what_is_signed_may_yet_be_refused():
    clear(FOLDER)
    data = bundles.make("0.2.0")
    assert "not for me" in str(raises(BundleError, run, unpacker(lambda _: "not for me"), data))
    cases = (
        bundles.make("0.2.0", by=bundles.OTHER),
        bundles.make("0.2.0", boards=""),
        bundles.make("0.2.0", {"thingscam/../../main.py": b"import os"}),
        bundles.make("0.2.0", {"main.py": b"import os"}),
        b"TCU1\xff\xff\xff\xff" + data[8:],
        b"<html>" + data,
        bytes(5000),
    )
    for wrong in cases:
        clear(FOLDER)
        raises(BundleError, run, unpacker(), wrong + bytes(20000))
        assert there() == {}
    huge = bundles.make("0.2.0", {"thingscam/a.mpy": b"x"}).replace(
        b"a.mpy 1 ", b"a.mpy 9999999999999999 "
    )
    body = huge[264:]
    length = body.find(b"\n", body.find(b"file ")) + 1
    huge = b"TCU1" + length.to_bytes(4, "little") + bundles.sign(body[:length]) + body
    clear(FOLDER)
    e = raises(BundleError, run, unpacker(), huge)
    assert "KB on the flash" in str(e), e
    clear(FOLDER)


def test_the_key_is_read_as_it_is_written():
    clear(FOLDER)
    os.mkdir(FOLDER)
    path = FOLDER + "/update.pub"
    assert "no public key" in str(raises(BundleError, load_key, path))
    for text in ("", "zz", "ff\n", "%0512x\n" % (bundles.KEY >> 1)):
        with open(path, "w") as file:
            file.write(text)
        raises(BundleError, load_key, path)
    with open(path, "w") as file:
        file.write("%0512x\n" % bundles.KEY)
    assert load_key(path) == bundles.KEY
    clear(FOLDER)

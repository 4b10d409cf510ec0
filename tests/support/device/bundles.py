# Bundles for the device tests, signed by keys that everyone may know.

import hashlib

from thingscam.update import choose

KEY = int(
    "a67a4a2082f0a481817cc713e31c9a0a08abeea7cbc66e1e4873352502e56b3a19aaba79dac0ad7a"
    "55587919a8a1fd3091a65e5f80ab6436159bff15092e237da2cca11ce8d69f5661484d3192e841e9"
    "a4f32747b6e6272ad0f5e0959c95aaf9401b536106a826d62890c776c4ee933350694f2b5edb454c"
    "cccc9ecb680e52bb7415e1a3ada5285e28dd1e7b522336b67135d2d5cf414667f046f9d68b6fd191"
    "dad22a68461855c4f62471056e26c7b7a0fa64aefb67481fd94c2771f36ce46bf8cb604f06eea79d"
    "ef37e473fc672a35be0222c008f635f879ef3d9530f4c7e88461567c79547d05a8e703d32edafb15"
    "5d47e2e7fac19d56782ffced95a2858b",
    16,
)
_PRIVATE = int(
    "86ae46a4a882e82ff658179d872a99ccfb66f9862ba452fae787622d7c7b3895306cd883500a79dc"
    "56512a75d6c4a11001efdc80a17c3fe1d330bff8459b3ef2461ab63256f6ee882d34a5708692ddf1"
    "edcdc59338d01ef6d3b84202ab4334c32f2008ae2c5e49942bd45fb4cc89c0d578ee8ec0b32bec21"
    "f8666aea0973db33fbfa6949b05d7b990ea4978dca5a1e67905f328b64cedfa82ec1e0bdb7d2c9a7"
    "41a28cf0b28c1ac9eabdc6aee770b0d4562961355277ce70ad74efb77f457cc211f42b2b1e6fae17"
    "8e75306205cdf38ac78ef3b09912d87d7df59fe3b943d2c6a520e56fc2496d9caa4dbfc3d8b6e606"
    "915dd09a7dbae61a9a21e4542979121",
    16,
)
# Another pair.
OTHER = int(
    "e158ecd65f32f3610f5c7bf93712ddacc7b493f120d1c19db654d4d49d5af837f146c3151e3e536f"
    "0062739b848e4e7fa4322edbec26fc3e81eb6213f0eed8e991a17a0a97fe4adb0c5e48f6d9c05889"
    "7eb2f7eeea515987a96858024136f90574ef079846ee92fae22dd7b6047a28f7bc11f0abe8de34d3"
    "c6707f052dbbd6ffd396d90daf74caa91b73fa6a478b2571600f26946585e55f5a34b9ee3e74a6c1"
    "9912e8883cf3e75912e5063820994a5f47e9f52471af1ffefa74c82334b067ac67ed728d6e302975"
    "2f65e9e6454d1b6805558fc2df36ff17492f7bd14759755f7fa7c6d09053b94beaa3f6272bf9b010"
    "c7480bc608cfd20503396b4aa986c7ef",
    16,
)
_OTHERS_PRIVATE = int(
    "7535f3ba6d39eb2d88f7e9e3eea97973ed4c17c74bf2ce6a61f42ddf891950128904ed63869f9476"
    "2015155cc6cdde36b60904268fe6973d4c064ab56494576ee5b8bfe9d2b509ea75bc74e730cbc341"
    "810d45b8975848e12f547eb26d89526d6c2d081e4486c31c8b989ca2a821823d992d1ba9cf2e04fc"
    "4233315e583363d823264431c5c6d2a3b895393e6c9279adaa9423202532aea9db5c42bebeec00a1"
    "8c5b304ca510e6d6480b93432c65750d5fe395c7815060a3728942000d9afb9ed365f53c4fd45546"
    "50c041c0c8de7347eff8f43317ba04dd7d15eed971a8ff990547709e3059b01d5c19db7edb92b547"
    "733142bf07123ab8438353f98b58431",
    16,
)

_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def files(version, count=3, size=700):
    """Return {path: bytes} of a thingscam of that version."""
    found = {"thingscam/__init__.mpy": version.encode()}
    for i in range(count):
        name = "thingscam/%s%d.mpy" % ("room/" if i % 2 else "", i)
        found[name] = (version.encode() + bytes((i,))) * (size // 6 + i)
    return found


def make(version, found=None, by=KEY, **changed):
    """Return a bundle; `changed` are lines of its manifest, "" for none."""
    found = files(version) if found is None else found
    fields = {"version": version, "mpy": str(choose.mpy()), "micropython": "1.22.0"}
    fields.update({"boards": "*", "downgrade": "no"})
    fields.update(changed)
    order = ("version", "mpy", "micropython", "boards", "downgrade")
    lines = ["%s %s" % (name, fields[name]) for name in order if fields[name]]
    for path in sorted(found):
        sum_ = "".join("%02x" % each for each in hashlib.sha256(found[path]).digest())
        lines.append("file %s %d %s" % (path, len(found[path]), sum_))
    manifest = ("\n".join(lines) + "\n").encode()
    head = b"TCU1" + len(manifest).to_bytes(4, "little") + sign(manifest, by)
    return head + manifest + b"".join([found[path] for path in sorted(found)])


def sign(data, by=KEY):
    """Return the signature of `data` by one of the two keys, KEY or OTHER."""
    block = _SHA256 + hashlib.sha256(data).digest()
    return raw(b"\x00\x01" + b"\xff" * (253 - len(block)) + b"\x00" + block, by)


def raw(block, by=KEY):
    """Return `block` (256 bytes) signed as it is."""
    private = _PRIVATE if by == KEY else _OTHERS_PRIVATE
    return pow(int.from_bytes(block, "big"), private, by).to_bytes(256, "big")

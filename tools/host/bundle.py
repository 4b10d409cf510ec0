# A bundle: one version of thingscam in one signed file, for boards that take it over the air.
#
# MAGIC, the manifest's length (4 bytes, little-endian) and signature (256), the manifest, then the
# files one behind the other. The manifest is lines of ASCII: one for each of FIELDS, then "file
# PATH BYTES SHA-256" for each file. The signature is PKCS#1 v1.5 over its SHA-256; whoever trusts
# the manifest can trust each file by its sum.

import collections
import hashlib
import re
import struct

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .errors import ToolError

MAGIC = b"TCU1"
MPY = 6  # the format of .mpy files that MicroPython 1.19 and later take
LEAST = "1.22.0"  # of MicroPython, for thingscam itself
FIELDS = ("version", "mpy", "micropython", "boards", "downgrade")
MOST_BYTES = 32768  # of a manifest: a board keeps it on its flash
_HEAD = "<4sI256s"
_BITS, _E = 2048, 65537  # what a board reckons with
_VERSION = re.compile(r"\d{1,4}\.\d{1,4}\.\d{1,4}", re.ASCII)
_PATH = re.compile(r"(?:[a-z0-9_]+/)+[a-z0-9_]+\.mpy", re.ASCII)

Bundle = collections.namedtuple("Bundle", (*FIELDS, "files", "manifest", "signature"))


class BundleError(ToolError):
    """A bundle or a key that cannot be used; says what is wrong with it."""


def make(files, version, key, boards=(), downgrade=False):
    """Return the bytes of a bundle of `files`, {path: bytes}, signed by `key`.

    The same arguments make the same bytes. `boards` are the names of those it is for, none: all.
    `downgrade`: it may take the place of a higher version.

    Raises BundleError.
    """
    if not _VERSION.fullmatch(version):
        raise BundleError("{}: a version is three numbers, such as 0.2.0".format(version))
    values = (version, MPY, LEAST, ",".join(boards) or "*", "yes" if downgrade else "no")
    lines = ["{} {}".format(*pair) for pair in zip(FIELDS, values, strict=True)]
    for path in sorted(files):
        sum_ = hashlib.sha256(files[path]).hexdigest()
        lines.append("file {} {} {}".format(path, len(files[path]), sum_))
    manifest = "".join(line + "\n" for line in lines).encode("ascii")
    signature = key.sign(manifest, padding.PKCS1v15(), hashes.SHA256())
    head = struct.pack(_HEAD, MAGIC, len(manifest), signature)
    return head + manifest + b"".join(files[path] for path in sorted(files))


def parse(raw):
    """Return the Bundle in `raw` (bytes), whoever has signed it.

    Its `files` are {path: bytes}, each with the sum that the manifest has. Raises BundleError.
    """
    size = struct.calcsize(_HEAD)
    if len(raw) < size or raw[:4] != MAGIC:
        raise BundleError("is no bundle: it does not begin as one")
    _, length, signature = struct.unpack(_HEAD, raw[:size])
    manifest = raw[size : size + length]
    if length > MOST_BYTES or len(manifest) < length:
        raise BundleError("is cut short, or its head is damaged")
    try:
        lines = manifest.decode("ascii").splitlines()
        pairs = [line.split(" ", 1) for line in lines[: len(FIELDS)]]
        if tuple(pair[0] for pair in pairs) != FIELDS:
            raise ValueError
        rows = [line.split(" ") for line in lines[len(FIELDS) :]]
        found = [(path, int(count), sum_) for word, path, count, sum_ in rows if word == "file"]
        version, mpy, micropython, boards, downgrade = (pair[1] for pair in pairs)
        mpy = int(mpy)
    except (ValueError, IndexError) as e:
        raise BundleError("has a manifest that makes no sense") from e
    files = _files(raw, size + length, found)
    return Bundle(
        version, mpy, micropython, boards, downgrade == "yes", files, manifest, signature
    )


def _files(raw, at, rows):
    files = {}
    for path, count, sum_ in rows:
        data = raw[at : at + count]
        at += count
        if not _PATH.fullmatch(path):
            raise BundleError("has a file of a name that no board takes: {}".format(path))
        if hashlib.sha256(data).hexdigest() != sum_:
            raise BundleError("is cut short or damaged: {} is not as signed".format(path))
        files[path] = data
    if at != len(raw):
        raise BundleError("has {} bytes behind its last file".format(len(raw) - at))
    return files


def reject_signature(bundle, public):
    """Raise BundleError unless `bundle` is signed by the key whose public half is `public`."""
    try:
        public.verify(bundle.signature, bundle.manifest, padding.PKCS1v15(), hashes.SHA256())
    except exceptions.InvalidSignature as e:
        raise BundleError("is signed by another key: no board with this one takes it") from e


def new_key(passphrase=None):
    """Return a new pair as (PEM of the private key, text of the public one), both bytes.

    `passphrase` (text) locks the private one.
    """
    key = rsa.generate_private_key(_E, _BITS)
    lock = serialization.NoEncryption()
    if passphrase:
        lock = serialization.BestAvailableEncryption(passphrase.encode())
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*kinds, lock), public_text(key)


def public_text(key):
    """Return the public half of `key` as a board reads it: its modulus, 512 digits, a line."""
    return b"%0512x\n" % key.public_key().public_numbers().n


def private(pem, ask):
    """Return the key in `pem` (bytes); `ask()` returns the passphrase (text) where one locks it.

    Raises BundleError.
    """
    try:
        try:
            key = serialization.load_pem_private_key(pem, None)
        except TypeError:
            key = serialization.load_pem_private_key(pem, ask().encode())
    except (ValueError, exceptions.UnsupportedAlgorithm) as e:
        raise BundleError("is no private key, or the passphrase is another") from e
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != _BITS:
        raise BundleError("is no RSA key of {} bits: update keys makes one".format(_BITS))
    return key


def public(text):
    """Return the public key in `text` (bytes), as public_text() has it; raises BundleError."""
    try:
        modulus = int(text.decode("ascii").strip(), 16)
        if modulus.bit_length() != _BITS:
            raise ValueError
        return rsa.RSAPublicNumbers(_E, modulus).public_key()
    except ValueError as e:
        raise BundleError("is no public key for updates: it has 512 hexadecimal digits") from e

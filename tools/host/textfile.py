# Text files as people's editors save them, read everywhere alike.

import codecs
import re
import ssl

from .errors import ToolError

_PEM = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.S)
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextError(ToolError):
    """The file's text cannot be read; says how to save it."""


def typed(path):
    """Return `path` as a person types it in a shell of any computer: quoted if need be."""
    text = str(path)
    return text if re.fullmatch(r"[\w@%+=:,./\\-]+", text) else '"{}"'.format(text)


def read(path):
    r"""Return the text of the file `path` (pathlib.Path), its lines ending with \n.

    It is UTF-8, or UTF-16 with its byte-order mark, as Notepad and PowerShell write it.
    Raises TextError, OSError.
    """
    return decoded(path.read_bytes(), path).replace("\r\n", "\n")


def decoded(raw, name):
    """Return the text in `raw` (bytes), without a byte-order mark; see read().

    `name` is what it is called in a TextError.
    """
    try:
        return _text(raw)
    except UnicodeDecodeError as e:
        text = "{}: not UTF-8 (line {}): save it as UTF-8 (Notepad: Save as, Encoding)"
        raise TextError(text.format(name, raw.count(b"\n", 0, e.start) + 1)) from e


def certificate(path):
    """Return the certificate in the file `path` in DER; what is none is returned as it is.

    One in PEM, as certificates are mostly handed on, is converted. Raises TextError, OSError.
    """
    raw = path.read_bytes()
    try:
        found = _PEM.findall(_text(raw).replace("\r", ""))
        if len(found) > 1:
            text = "{}: {} certificates are in it: leave the CA's alone there"
            raise TextError(text.format(path, len(found)))
        return ssl.PEM_cert_to_DER_cert(found[0]) if found else raw
    except ValueError:  # not text, or not PEM
        return raw


def _text(raw):
    return raw.decode("utf-16" if raw.startswith(_UTF16) else "utf-8-sig")

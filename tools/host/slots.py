# What a board has for updates over the air: its key, and /slot, where boot.py looks.

from thingscam import __version__
from thingscam.update import choose

from .. import ROOT
from . import bundle, configfile, filesystem, mpy
from .configfile import SettingError

CHOOSE = choose.FOLDER + "/__init__.mpy"
RECORDS = (choose.FOLDER + "/0", choose.FOLDER + "/1")
_AUTHORITY = "the CA certificate of the server that update.url names, in DER or PEM"


def own_files(settings, folder):
    """Return [(path on the board, bytes)] of what updates take, by `settings` (a Config).

    Key and CA are beside config.json, in `folder` (pathlib.Path). Raises
    configfile.SettingError where they are missing or none, mpy.CompileError.
    """
    update, cloud = settings.update, settings.cloud
    path = configfile.beside(folder, update.key)
    try:
        key = path.read_bytes()
        bundle.public(key)
    except FileNotFoundError as e:
        text = "{}: not there: python -m tools update keys makes a pair, once for all boards"
        raise SettingError(text.format(path)) from e
    except bundle.BundleError as e:
        raise SettingError("{}: {}".format(path, e)) from e
    found = [(update.key, key), (CHOOSE, choose_mpy())]
    if update.ca is not None and update.url.startswith("https:") and cloud.verify:
        authority = configfile.certificate_in(configfile.beside(folder, update.ca), _AUTHORITY)
        found.append((update.ca, authority))
    return found


def choose_mpy():
    """Return the bytes of CHOOSE; raises mpy.CompileError."""
    return mpy.compiled(ROOT / "lib" / "thingscam" / "update" / "choose.py", ROOT / "lib")


def on_trial(board):
    """Return ({path on the board: bytes} of thingscam for a slot of `board`, its record).

    The slot is one that is not in use; the record, a pair of path and bytes, puts it on trial.
    Raises BoardError, PortError, mpy.CompileError.
    """
    record = choose.Record()
    for path in RECORDS:
        try:
            found = choose.parse(board.read(path))
        except FileNotFoundError:
            continue
        if found is not None and found.number >= record.number:
            record = found
    record.trial = record.spare()
    record.version, record.refused, record.mpy = __version__, "", bundle.MPY
    record.looks = record.why = 0
    record.number += 1
    folder = choose.path(record.trial) + "/"
    files = filesystem.library(compiled=True)
    files = {folder + name: data for name, data in files.items()}
    return files, (RECORDS[record.number & 1], choose.packed(record))

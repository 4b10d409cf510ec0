# `python -m tools package`: thingscam as a package that mip installs.

import hashlib
import json
import pathlib
import shutil
import tomllib

import click

from tools import ROOT
from tools.host import errors, filesystem
from tools.host.errors import ToolError

# The format of .mpy files, by sys.implementation._mpy & 0xFF. All of MicroPython 1.19 and
# later have 6; its subversions (6.1 to 6.3) count for native code only:
# docs.micropython.org/en/latest/reference/mpyfiles.html
_FORMATS = ("py", "6")
_HASH = 16  # hexadecimal digits of it that name a file
_MADE = {"file", "mpy6", "package", "package.json", "thingscam"}  # what is in such a folder


@click.command()
@click.option(
    "--output",
    default="dist",
    show_default=True,
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="The folder to make; it is made anew.",
)
@click.option("--update", is_flag=True, help="Only renew the package.json of this project.")
def command(output, update):
    """Make a folder that a web server can serve for `mip install`.

    \b
    mpremote mip install http://HOST/package.json           as .py
    mpremote mip install http://HOST/mpy6/package.json      as .mpy, for MicroPython 1.22+
    mpremote mip install --index http://HOST thingscam      whichever the board takes

    It holds lib/thingscam; boot.py, main.py and config.json a board gets by deploy or flash.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        if update:
            (ROOT / "package.json").write_text(dumped(project()))
        else:
            make(output)
            click.echo("wrote {}".format(output))


class PackageError(ToolError):
    """The folder is not one that this verb may remove."""


def make(output):
    """Make the folder `output` anew; raises PackageError, mpy.CompileError, OSError."""
    if output.exists():
        if {path.name for path in output.iterdir()} not in (_MADE, set()):
            raise PackageError("{}: is no package, and not empty: it stays".format(output))
        shutil.rmtree(output)
    for kind in _FORMATS:
        files = _library(compiled=kind != "py")
        folder = output if kind == "py" else output / ("mpy" + kind)
        _write_plain(folder, files)
        _write_index(output, kind, files)


def project():
    """Return the package.json of this project: for `mpremote mip install github:OWNER/NAME`."""
    return _package({name: "lib/" + name for name in _library()})


def dumped(package):
    """Return a package.json as its text."""
    return json.dumps(package, indent=2) + "\n"


def _library(compiled=False):
    files = filesystem.firmware_files(compiled=compiled)
    return {
        name.removeprefix("lib/"): data for name, data in files.items() if name.startswith("lib/")
    }


def _package(urls):
    return {"version": _version(), "urls": [[name, urls[name]] for name in sorted(urls)]}


def _version():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def _write_plain(folder, files):
    for name, data in files.items():
        _write(folder / name, data)
    _write(folder / "package.json", dumped(_package({name: name for name in files})).encode())


def _write_index(output, kind, files):
    # The layout of micropython.org/pi/v2: package/FORMAT/NAME/VERSION.json and file/XX/HASH.
    hashes = []
    for name, data in sorted(files.items()):
        short = hashlib.sha256(data).hexdigest()[:_HASH]
        hashes.append([name, short])
        _write(output / "file" / short[:2] / short, data)
    found = {"v": 1, "version": _version(), "hashes": hashes}
    for version in ("latest", _version()):
        path = output / "package" / kind / "thingscam" / (version + ".json")
        _write(path, dumped(found).encode())


def _write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

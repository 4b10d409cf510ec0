# `python -m tools package`: thingscam, and rooms of it alone, as packages that mip installs.

import ast
import hashlib
import json
import pathlib
import shutil

import click

from thingscam import __version__

from .. import INSTALLED, ROOT
from ..host import errors, filesystem, screen
from ..host.errors import ToolError

# The format of .mpy files, by sys.implementation._mpy & 0xFF. All of MicroPython 1.19 and
# later have 6; its subversions (6.1 to 6.3) count for native code only:
# docs.micropython.org/en/latest/reference/mpyfiles.html
_FORMATS = ("py", "6")
_HASH = 16  # hexadecimal digits of it that name a file
# Each package, and the room of lib/thingscam that it is made for: with what that imports.
PACKAGES = {"package.json": None, "package-http.json": "http", "package-outbox.json": "outbox"}
_MADE = {"file", "mpy6", "package", "thingscam", *PACKAGES}  # what is in such a folder


@click.command()
@click.option(
    "--output",
    default="dist",
    show_default=True,
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="The folder to make; it is made anew.",
)
@click.option(
    "--update", is_flag=True, help="Only renew the package.json and the others of this project."
)
def command(output, update):
    """Make a folder that a web server can serve for `mip install`.

    \b
    mpremote mip install http://HOST/package.json           as .py
    mpremote mip install http://HOST/mpy6/package.json      as .mpy, for MicroPython 1.22+
    mpremote mip install --index http://HOST thingscam      whichever the board takes

    It holds lib/thingscam; boot.py, main.py and config.json a board gets by deploy or flash.
    package-http.json and thingscam-http are the HTTP client alone, package-outbox.json and
    thingscam-outbox the outbox.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        if update:
            if INSTALLED:
                raise PackageError("--update: renews the files of a checkout, and this is none")
            for name in PACKAGES:
                (ROOT / name).write_bytes(dumped(project(name)).encode())
        else:
            make(output)
            screen.echo("wrote {}".format(output))


class PackageError(ToolError):
    """The folder is not one that this verb may remove."""


def make(output):
    """Make the folder `output` anew; raises PackageError, mpy.CompileError, OSError."""
    if output.exists():
        if {path.name for path in output.iterdir()} not in (_MADE, set()):
            raise PackageError("{}: is no package, and not empty: it stays".format(output))
        shutil.rmtree(output)
    for kind in _FORMATS:
        folder = output if kind == "py" else output / ("mpy" + kind)
        all_files = filesystem.library(compiled=kind != "py")
        for name, room in PACKAGES.items():
            files = needed(all_files, room)
            for path, data in files.items():
                _write(folder / path, data)
            _write(folder / name, dumped(_package({path: path for path in files})).encode())
            _write_index(output, kind, name.replace("package", "thingscam")[:-5], files)


def project(name="package.json"):
    """Return a package of this project: for `mpremote mip install github:OWNER/NAME/...`."""
    return _package(
        {path: filesystem.LIBRARY + path for path in needed(filesystem.library(), PACKAGES[name])}
    )


def dumped(package):
    """Return a package.json as its text."""
    return json.dumps(package, indent=2) + "\n"


def needed(files, room):
    """Return those of `files` that a room of lib/thingscam has, and imports; all for None."""
    modules = {path.partition(".")[0]: path for path in files}
    found = set()
    left = [module for module in modules if module.split("/")[1] == room or room is None]
    while left:
        module = left.pop()
        if module in modules and module not in found:
            found.add(module)
            left += _imports(module)
    return {path: files[path] for module, path in modules.items() if module in found}


def _imports(module):
    # What may be modules, of the names that a module imports; and the packages around it.
    names = [module.replace("/", ".")]
    for node in ast.walk(ast.parse((ROOT / "lib" / (module + ".py")).read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(node.module + "." + each.name for each in node.names)]
    for name in names:
        parts = name.split(".")
        yield "/".join(parts)
        for n in range(1, len(parts) + 1):
            yield "/".join([*parts[:n], "__init__"])


def _package(urls):
    return {"version": __version__, "urls": [[name, urls[name]] for name in sorted(urls)]}


def _write_index(output, kind, package, files):
    # The layout of micropython.org/pi/v2: package/FORMAT/NAME/VERSION.json and file/XX/HASH.
    hashes = []
    for name, data in sorted(files.items()):
        short = hashlib.sha256(data).hexdigest()[:_HASH]
        hashes.append([name, short])
        _write(output / "file" / short[:2] / short, data)
    found = {"v": 1, "version": __version__, "hashes": hashes}
    for version in ("latest", __version__):
        path = output / "package" / kind / package / (version + ".json")
        _write(path, dumped(found).encode())


def _write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)

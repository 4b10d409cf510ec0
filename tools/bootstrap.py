# `make demo`, `make test`: makes .venv from the pinned requirements, with nothing but Python.

import hashlib
import importlib.util
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# An extra of pyproject.toml: how much it is, and the files that tell make it is there.
_EXTRAS = {"board": ("25 MB", [".board"]), "dev": ("210 MB", [".board", ".done"])}

# For a Python without ensurepip, as Debian's is before its package python3-venv.
_PIP = "pip-26.3-py3-none-any.whl"
_PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main(extra="dev"):
    """Put what the extra `extra` needs into .venv; exits with a sentence if it cannot."""
    if sys.version_info < (3, 11):  # noqa: UP036 an older one may well be asked
        sys.exit("thingscam needs Python 3.11 or later, this is " + sys.version.split()[0])
    much, stamps = _EXTRAS[extra]
    if VENV.is_symlink():  # clearing it would clear what others use
        text = "{} is a link to {}: install requirements.txt there, then touch {}"
        found = " ".join(str(VENV / stamp) for stamp in stamps)
        sys.exit(text.format(VENV, os.readlink(VENV), found))
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        print("note: the virtual board, the demo and their tests run on Linux on x86-64 only")
    has_pip = importlib.util.find_spec("ensurepip") is not None
    _make(has_pip)
    print("installing the pinned requirements, {} the first time ...".format(much), flush=True)
    install(needed(extra), has_pip)
    for stamp in stamps:
        (VENV / stamp).touch()


def install(names, has_pip):
    """Let pip install `names` at their pins into .venv; exits with a sentence if it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        if not has_pip:
            env["PYTHONPATH"] = str(_fetch_pip(pathlib.Path(folder)))
        done = subprocess.run(
            [PYTHON, "-m", "pip", "install", "--quiet", "--no-input"]
            + ["--disable-pip-version-check", "-c", ROOT / "requirements.txt", *names],
            env=env,
        )
    if done.returncode:
        sys.exit("pip could not install what is needed: see its message above")


def _make(has_pip):
    # Anew, unless it is of this Python and these pins: then what it lacks is added.
    pins = hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()
    kind = "{} {}\n".format(sys.version, pins)
    told = VENV / ".pins"
    if PYTHON.exists() and told.exists() and told.read_text("utf-8") == kind:
        return
    print("making .venv with Python {} ...".format(sys.version.split()[0]), flush=True)
    venv.create(VENV, clear=True, symlinks=os.name != "nt", with_pip=has_pip)
    told.write_text(kind, "utf-8")


def needed(extra):
    """Return what pyproject.toml names for `extra`, and for those that it has in it."""
    import tomllib  # new in the Python that this needs

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras, found = [extra], list(project["dependencies"])
    for name in extras:
        for one in project["optional-dependencies"][name]:
            inner = re.fullmatch(re.escape(project["name"]) + r"\[(\w+)\]", one)
            if inner:
                extras.append(inner[1])
            else:
                found.append(one)
    return found


def _fetch_pip(folder):
    index = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
    print("this Python has no ensurepip: fetching", _PIP, flush=True)
    try:
        with urllib.request.urlopen(index, timeout=60) as answer:
            page = answer.read().decode()
        link = re.search(r'href="([^"#]*/{})[#"]'.format(re.escape(_PIP)), page)
        if link is None:
            sys.exit("{} does not offer {}: install python3-venv instead".format(index, _PIP))
        url = urllib.parse.urljoin(index, link[1])
        with urllib.request.urlopen(url, timeout=60) as answer:
            data = answer.read()
    except OSError as e:
        sys.exit("{} cannot be read ({}): install python3-venv instead".format(index, e))
    if hashlib.sha256(data).hexdigest() != _PIP_SHA256:
        sys.exit("{} is not the file it should be (SHA-256 differs)".format(_PIP))
    path = folder / _PIP
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    main(*sys.argv[1:])

# `make venv`: makes .venv from the pinned requirements, with nothing but Python itself.

import hashlib
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"

# For a Python without ensurepip, as Debian's is before its package python3-venv.
_PIP = "pip-26.3-py3-none-any.whl"
_PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def main():
    """Make or renew .venv; exits with a sentence when that is not possible."""
    if sys.version_info < (3, 11):  # noqa: UP036 an older one may well be asked
        sys.exit("thingscam needs Python 3.11 or later, this is " + sys.version.split()[0])
    if VENV.is_symlink():  # clearing it would clear what others use
        text = "{} is a link to {}: install requirements.txt there, then touch {}/.done"
        sys.exit(text.format(VENV, os.readlink(VENV), VENV))
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        print("note: the pinned MicroPython is made for Linux on x86-64; elsewhere this may fail")
    has_pip = importlib.util.find_spec("ensurepip") is not None
    print("making .venv with Python {} ...".format(sys.version.split()[0]), flush=True)
    venv.create(VENV, clear=True, symlinks=True, with_pip=has_pip)
    print("installing the pinned requirements, about 200 MB the first time ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ)
        if not has_pip:
            env["PYTHONPATH"] = str(_fetch_pip(pathlib.Path(folder)))
        done = subprocess.run(
            [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-input"]
            + ["--disable-pip-version-check", "-r", ROOT / "requirements.txt"],
            env=env,
        )
    if done.returncode:
        sys.exit("pip could not install requirements.txt: see its message above")
    (VENV / ".done").touch()


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
    main()

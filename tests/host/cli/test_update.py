# `python -m tools update`: keys, bundles, what a board would say of one.

import os
import stat
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
from click.testing import CliRunner

from tests.support.quick import PYTHON
from tests.support.world import ROOT
from thingscam import __version__
from tools.cli import update
from tools.host import boardlink, bundle, fileserver, filesystem
from tools.virtualboard.board import VirtualBoard

FILES = {"thingscam/app.mpy": b"M\x06 one", "thingscam/board/chip.mpy": bytes(3000)}


@pytest.fixture(scope="module")
def key():
    return bundle.private(bundle.new_key()[0], lambda: "")


def tools(folder, *words, **env):
    path = os.pathsep.join(map(str, (ROOT, ROOT / "lib")))
    done = subprocess.run(
        [*PYTHON, "-m", "tools", "update", *map(str, words)],
        cwd=folder, env=dict(os.environ, PYTHONPATH=path, **env), capture_output=True, text=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


def test_from_keys_to_a_bundle_that_is_right(tmp_path):
    assert tools(tmp_path, "keys", "--passphrase", THINGSCAM_PASSPHRASE="a secret")[0] == 0
    assert stat.S_IMODE((tmp_path / "update.key").stat().st_mode) == 0o600
    code, text = tools(tmp_path, "keys")
    assert code == 1 and "update.key: is there already" in text
    code, text = tools(tmp_path, "build", "--dirty")
    assert code == 1 and "THINGSCAM_PASSPHRASE" in text
    code, text = tools(tmp_path, "build", "--dirty", THINGSCAM_PASSPHRASE="another")
    assert code == 1 and "passphrase is another" in text and "another." not in text
    found = []
    for folder in ("updates", "again"):
        options = ("--dirty", "--output", folder, "--percent", 5)
        assert tools(tmp_path, "build", *options, THINGSCAM_PASSPHRASE="a secret")[0] == 0
        name = "thingscam-{}.bundle".format(__version__)
        found.append((tmp_path / folder / name).read_bytes())
    assert found[0] == found[1]
    code, text = tools(tmp_path, "check", "updates/" + name)
    assert code == 0 and "signed by the key of update.pub" in text, text
    assert bundle.parse(found[0]).files == filesystem.library(compiled=True)
    assert '"percent": 5' in (tmp_path / "updates" / "latest.json").read_text()
    code, text = tools(tmp_path, "check", "updates/" + name, "--lang", "zh")
    assert code == 0 and "适用的板子：全部" in text and "签名" in text, text


def test_a_passphrase_locks_the_key():
    private, public = bundle.new_key("open")
    assert b"ENCRYPTED" in private
    key = bundle.private(private, lambda: "open")
    assert bundle.public_text(key) == public and len(public) == 513
    with pytest.raises(bundle.BundleError):
        bundle.private(private, lambda: "wrong")
    for pem in (b"", public, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(bundle.BundleError):
            bundle.private(pem, lambda: "open")
    for text in (b"", b"ff", private, b"zz" * 256, b"1" * 513):
        with pytest.raises(bundle.BundleError):
            bundle.public(text)


def test_every_byte_is_bound(key):
    raw = bundle.make(FILES, "0.2.0", key, boards=["ai-thinker"])
    public = bundle.public(bundle.public_text(key))
    found = bundle.parse(raw)
    bundle.reject_signature(found, public)
    assert (found.version, found.boards, found.files) == ("0.2.0", "ai-thinker", FILES)

    def refuses(data):
        with pytest.raises(bundle.BundleError):
            bundle.reject_signature(bundle.parse(data), public)

    for at in range(len(raw)):
        flipped = bytearray(raw)
        flipped[at] ^= 1 << at % 8
        refuses(bytes(flipped))
        refuses(raw[:at])
    refuses(raw + b"\0")
    other = bundle.private(bundle.new_key()[0], lambda: "")
    refuses(bundle.make(FILES, "0.2.0", other))
    for version in ("1.2", "1.2.3.4", "v1.2.3", "1.2.x", ""):
        with pytest.raises(bundle.BundleError):
            bundle.make(FILES, version, key)


def test_what_is_not_committed_is_not_signed(tmp_path, monkeypatch):
    monkeypatch.setattr(update, "ROOT", tmp_path)

    def said():
        words = ["build", "--key", str(tmp_path / "none")]
        return CliRunner().invoke(update.command, words).output

    assert "no git checkout" in said()

    def git(*words):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True)

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "a.py").write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")
    assert "none: No such file" in said()  # the key: lib/ is as it is committed
    (tmp_path / "lib" / "a.py").write_text("2\n")
    assert "lib/ is not as it is committed (M lib/a.py)" in said()


def test_a_board_on_the_cable_is_asked(tmp_path, key):
    (tmp_path / "lib").mkdir()
    (tmp_path / "updates").mkdir()
    update.write(tmp_path / "updates", key)
    higher = bundle.make(FILES, "9.0.0", key)
    boards = bundle.make(FILES, "9.0.0", key, boards=["xiao-esp32s3-sense"])
    lower = bundle.make(FILES, "0.0.9", key, downgrade=True)
    other = bundle.make(FILES, "9.0.0", bundle.private(bundle.new_key()[0], lambda: ""))
    for name in ("higher", "boards", "lower", "other"):
        (tmp_path / name).write_bytes(locals()[name])
    files = filesystem.firmware_files() | {"main.py": b""}
    said = []
    with VirtualBoard(files) as board:

        def check(name, code):
            found, text = tools(tmp_path, "check", name, "--port", board.port)
            assert found == code, text
            said.append(text)

        check("higher", 1)
        assert "no update.pub on the board" in said[-1]
        with boardlink.Board(board.port) as link:
            link.write("/update.pub", bundle.public_text(key))
            link.write("/config.json", b'{"camera": {"board": "ai-thinker"}}')
        check("higher", 0)
        check("lower", 0)
        check("boards", 1)
        assert "this one is ai-thinker" in said[-1]
        check("other", 1)
        assert "signed by another key" in said[-1]
        check("updates/thingscam-{}.bundle".format(__version__), 1)
        assert "the board has {}: raise".format(__version__) in said[-1]


def test_the_folder_is_served_whole_and_in_parts(tmp_path):
    (tmp_path / "latest.json").write_bytes(bytes(range(200)))
    (tmp_path / ".hidden").write_bytes(b"no")
    with fileserver.Server(tmp_path, ("127.0.0.1", 0)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:{}/".format(server.server_port)

        def get(name, part=None):
            request = urllib.request.Request(url + name, headers={"Range": part} if part else {})
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as e:
                return e.code, e.read()

        assert get("latest.json") == (200, bytes(range(200)))
        assert get("latest.json", "bytes=10-19") == (206, bytes(range(10, 20)))
        assert get("latest.json", "bytes=190-") == (206, bytes(range(190, 200)))
        assert get("latest.json", "bytes=200-") == (416, b"")
        assert get(".hidden") == get("../latest.json") == get("none") == (404, b"")
        server.shutdown()


def test_serve_says_what_to_configure(tmp_path):
    code, text = tools(tmp_path, "serve", tmp_path)
    assert code == 1 and "no latest.json in it" in text

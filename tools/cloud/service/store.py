# What is kept: an index of what is known, and the pictures themselves; all survives a restart.

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import URL

from ..index import DatabaseError, Index, New, UnavailableError
from ..objects import Objects, SettingError, StorageError
from . import older
from .older import OlderError
from .pictures import MEDIA_TYPES
from .putting import Putting
from .rules import RefusedError

INDEX = "index.db"
IMAGES = "images"

# How long to wait for the index, or for a place for a picture: a camera waits no longer.
INDEX_SECONDS = 20
OBJECT_SECONDS = 30

# So many pictures at once are on their way from their storage; so many questions of devices to the
# index.
_GETS = 8
_ASKS = 8


_WRONG = (OlderError, DatabaseError, UnavailableError, SettingError, StorageError)


class StoreError(Exception):
    """The folder cannot be used; the text says which and why."""


class Store:
    """Keeps what is known in `index` (Index), the pictures in `objects` (Objects).

    Those not given are in `folder` (pathlib.Path), which is made: index.db and images. A folder
    of an older version is taken over; `said` tells so in a line, else it is None. `now` gives
    the nanoseconds since 1970. `putting` is what puts pictures there. Raises StoreError.
    """

    def __init__(self, folder=None, *, index=None, objects=None, now=time.time_ns):
        self.said = None
        opened = None
        try:
            self.objects = objects or _objects(folder)
            self.index = index or (opened := _index(folder, now))
            if objects is None and folder is not None:
                self.said = older.take_over(folder / older.DEVICES, self.index, self.objects)
        except (OSError, *_WRONG) as error:
            if opened:
                opened.close()
            text = str(error)
            if isinstance(error, OSError):
                text = f"{error.filename}: cannot be used: {error.strerror}"
            raise StoreError(text) from error
        self.putting = Putting(self.objects)
        self._getting = ThreadPoolExecutor(_GETS, "get")
        self._asking = ThreadPoolExecutor(_ASKS, "ask")

    async def keep(self, data, picture, device, url_of, **known):
        """Keep `data` (bytes), the Picture `picture` of a `device` (Device); return name and
        URL.

        `url_of(name)` gives the URL of a picture that has none of its own; `known` is what else a
        New is made of. When this returns, picture, row and attribute are safe. Raises
        KeptError when the picture is kept and its attribute is not; UnavailableError,
        StorageError, SettingError.
        """
        name = self.index.pictures.name(device, picture.ending)
        work = self.putting.put(name, data, MEDIA_TYPES[picture.ending])
        await settled(work, OBJECT_SECONDS, StorageError("the storage is too slow"))
        url = self.objects.url(name) or url_of(name)
        new = New(
            device,
            name,
            len(data),
            width=picture.width,
            height=picture.height,
            captured_at=picture.captured_at,
            cause=picture.cause,
            url=url,
            **known,
        )
        try:
            await settled(self.index.pictures.keep(new))
        except RefusedError as error:
            raise KeptError(name, error.errcode) from error
        return name, url

    async def get(self, name):
        """Return the bytes of the picture `name`.

        Raises FileNotFoundError, StorageError, SettingError.
        """
        work = self._getting.submit(self.objects.get, name)
        return await settled(
            asyncio.wrap_future(work), OBJECT_SECONDS, StorageError("the storage is too slow")
        )

    async def ask(self, question, *args):
        """Return what `question(*args)` returns, which reads the index.

        In threads of its own: while a database says nothing, all else goes on. Raises what it
        raises, and UnavailableError when it takes too long.
        """
        return await settled(asyncio.wrap_future(self._asking.submit(question, *args)))

    def has(self, name):
        """Return whether a picture is there, as far as that can be seen without asking for it.

        One may take it out of a folder by hand.
        """
        return self.objects.path(name) is not None or not self.objects.shown.startswith("file:")

    def close(self):
        """Finish what is being written, and close the index."""
        self.putting.close()
        for pool in (self._getting, self._asking):
            pool.shutdown(wait=False, cancel_futures=True)
        self.index.close()


def _objects(folder):
    images = folder.resolve() / IMAGES
    images.mkdir(parents=True, exist_ok=True)
    return Objects(images.as_uri())


def _index(folder, now):
    return Index(URL.create("sqlite", database=str(folder / INDEX)), now=now)


class KeptError(Exception):
    """The picture `name` is kept, its URL could not be reported: `errcode`."""

    def __init__(self, name, errcode):
        super().__init__(errcode)
        self.name = name
        self.errcode = errcode


async def settled(future, seconds=INDEX_SECONDS, late=None):
    """Return what comes of `future`, which can be awaited, within so many seconds.

    Raises what it raises, and `late`, UnavailableError unless given, when it takes longer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await future
    except TimeoutError as error:
        raise late or UnavailableError("the index is too slow") from error

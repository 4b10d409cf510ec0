# An index and a storage with pictures in them, for tests of what happens to both.

import contextlib
import hashlib

from tests.support.cloud import picture
from tools.cloud.index import Ask, Index, New
from tools.cloud.objects import Objects, StorageError

DATA = picture()


class Time:
    """Nanoseconds since 1970, as they are told to be."""

    def __init__(self):
        self.seconds = 1_790_000_000.0

    def __call__(self):
        return int(self.seconds * 1e9)


class Failing:
    """Objects that fail to delete the picture named `failing`; `on_delete` is called before."""

    def __init__(self, objects):
        self._objects = objects
        self.failing = None
        self.on_delete = None

    def delete(self, name):
        """As Objects.delete."""
        if self.on_delete:
            self.on_delete()
        if name == self.failing:
            raise StorageError("is full of errors")
        self._objects.delete(name)

    def __getattr__(self, name):
        return getattr(self._objects, name)


class Kept:
    """An `index` and `objects` around two devices, garden and door."""

    def __init__(self, index, objects, time):
        self.index = index
        self.objects = objects
        self.time = time
        self._key = index.projects.add_project("home", "home")
        self._tokens = {
            name: index.projects.add_device("home", name, {"image": "picture-url"})
            for name in ("garden", "door")
        }

    def label(self, name):
        """Return the label of a device."""
        return next(d.label for d in self.index.projects.devices() if d.name == name)

    def add(self, name, count, data=DATA, row=True):
        """Store so many pictures of a device and return their names; `row` False: without rows."""
        names = []
        for _ in range(count):
            self.time.seconds += 1
            ask = Ask("home", self._key, self._tokens[name], "image", 0)
            device = self.index.projects.admit(ask).result(20)
            names.append(self.index.pictures.name(device, "jpg"))
            self.objects.put(names[-1], data, "image/jpeg")
            if row:
                digest = hashlib.sha256(data).hexdigest()
                new = New(device, names[-1], len(data), digest, 64, 48, "image", "http://x")
                self.index.pictures.keep(new).result(20)
        return names

    def names(self):
        """Return the names of all pictures that are shown, as a set."""
        return {each.name for each in self.index.pictures.page(count=10_000).pictures}

    def stored(self):
        """Return the names of all objects, as a set."""
        return {name for name, _, _ in self.objects.names()}

    def are_whole(self):
        """Return how many pictures there are, each with its object and counted."""
        assert self.names() == self.stored()
        assert self.index.pictures.count() == len(self.names())
        return len(self.names())


@contextlib.contextmanager
def kept(index_url, folder, objects=None):
    """The value is a Kept around the database at `index_url` and `objects` (Objects; None: those
    of a storage in `folder`)."""
    time = Time()
    objects = objects or Objects((folder / "images").as_uri())
    with Index(index_url, now=time) as index:
        yield Kept(index, Failing(objects), time)

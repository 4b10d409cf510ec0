# Uploads of one picture from memory, from a file or from the outbox: ours and stock's.

import os

import client


def make(name, url, ca, path, source):
    """Return (prepare, upload): upload(prepare()) sends the picture; prepare may be None.

    `name` is ours or stock, `source` memory, file or outbox; with "+exif" behind it the
    picture is stamped, as the app does it.
    """
    if name == "ours":
        uploader, _ = client.uploader_for(url, ca)
        return _ours(uploader, path, source)
    return None, _stock(url, path, source)


def _ours(uploader, path, source):
    source, _, exif = source.partition("+")
    if source == "memory":
        data = _read(path)

        def prepare():
            return data
    elif source == "file":

        def prepare():
            return open(path, "rb")
    else:
        box = _outbox(path)

        def prepare():
            return box.oldest().open()

    if not exif:
        return prepare, uploader.upload
    from thingscam.image.exif import Stamped, segment

    return lambda: Stamped(prepare(), segment(0, "pir", "ai-thinker")), uploader.upload


def _outbox(path):
    from thingscam.outbox.policy import Outbox

    folder = path + ".outbox"
    try:
        os.mkdir(folder)
    except OSError:
        pass  # of a run before
    box = Outbox(folder, 1 << 20)
    box.put(_read(path), None, "timer")
    return box


def _stock(url, path, source):
    upload = client.stock(url, None, _read(path))
    if source == "memory":
        return lambda _: upload()
    return lambda _: client.stock(url, None, _read(path))()


def _read(path):
    with open(path, "rb") as file:
        return file.read()

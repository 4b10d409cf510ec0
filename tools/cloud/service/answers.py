# The service's answers as aiohttp sends them.

from aiohttp import web

from .rules import ERRCODES


def accepted(image_url):
    """Return the answer to a picture that was accepted."""
    return web.json_response({"result": 1, "image_url": image_url})


def done(**found):
    """Return the answer to a message that was taken, or to a question: `found`."""
    return web.json_response({"result": 1, **found})


def refused(errcode, status=None):
    """Return the answer for an `errcode`; `status` overrules its HTTP status.

    An errcode that the documentation does not have is answered too: faults may ask for it.
    """
    usual, message = ERRCODES.get(errcode, (400, "Unknown error"))
    answer = {"result": 0, "errcode": errcode, "message": message}
    return web.json_response(answer, status=status or usual)

# Sends the pictures to a service of your own: one class is different, all else stays as it is.
#
# This one takes `POST /pictures` with a bearer token, and answers 201 and {"url": ...}. Copy this
# file to the board's /lib, and put these lines into main.py, before `app.main()`:
#
#     import another_service
#     another_service.use()
#
# cloud.endpoint and cloud.access_token are yours; cloud.identifier, project_key and region must be
# in config.json, and are not used.

import json

from thingscam import sender
from thingscam.cloud import errcodes
from thingscam.cloud.uploader import ANSWER, Uploader, UploadError

# HTTP status: what to do with the picture. All others: keep it and try again.
_ACTIONS = {
    401: errcodes.STOP,  # keep it, say so, try seldom
    403: errcodes.STOP,
    413: errcodes.DROP,  # set it aside
    415: errcodes.DROP,
    429: errcodes.WAIT,
}


class Gallery(Uploader):
    """Uploads pictures to the service described above."""

    def target(self, cloud):
        """Return URL and headers of each request; `cloud` is that section of config.json."""
        headers = {"Authorization": "Bearer " + cloud.access_token, "Content-Type": "image/jpeg"}
        return cloud.endpoint + "/pictures", headers

    def judge(self, status, body, page=False):
        """Return the picture's URL; raises UploadError where the answer is not yes."""
        if status == 201:
            try:
                return json.loads(body)["url"]
            except (ValueError, KeyError, TypeError):
                # It was probably taken in: after three such answers the picture is set aside.
                raise UploadError(errcodes.RETRY, "201 without a URL", None, status, ANSWER)
        action = _ACTIONS.get(status, errcodes.RETRY)
        raise UploadError(action, "the service says HTTP {}".format(status), None, status)


def use():
    """Have the app send its pictures by this class."""
    sender.Uploader = Gallery

# The service's limits on a device's messages, beside its pace of pictures.
#
# Source: ThingsCloud's pages on messages: 30 to 60 s between reports, by the plan, and a number
# of messages in a day.

from .pace import Pace
from .rules import RefusedError


class Quota:
    """Lets `limit` messages of each device through in a day of UTC; 0: all of them.

    `date` returns the seconds since 1970. Counted from the server's start on.
    """

    def __init__(self, limit, date):
        self._limit = limit
        self._date = date
        self._day = None
        self._used = {}

    def admit(self, token):
        """Return whether a message of the device with this AccessToken may pass."""
        day = self._date() // 86400
        if day != self._day:
            self._day, self._used = day, {}
        used = self._used[token] = self._used.get(token, 0) + 1
        return not self._limit or used <= self._limit


class Limits:
    """All limits of a server: on pictures as `pictures` (Pace), and on messages.

    `interval` and `message_interval` are in seconds, `daily` is a number of messages in a day,
    `as_messages` tells whether pictures wait for the messages' interval too. Each
    picture is one message of the day: its URL is reported as an attribute.
    """

    def __init__(self, interval, message_interval, daily, as_messages, date):
        self.pictures = Pace(interval)
        self._messages = Pace(message_interval)
        self._quota = Quota(daily, date)
        self._as_messages = as_messages

    def check_message(self, token, arrived):
        """Raise RefusedError 403 or 413 unless a message of a device may pass at `arrived`."""
        if not self._messages.admit(token, arrived):
            raise RefusedError(403)
        if not self._quota.admit(token):
            raise RefusedError(413)

    def check_picture(self, token, arrived):
        """Raise RefusedError 403 or 413 unless a picture's URL may be reported at `arrived`."""
        if self._as_messages:
            self.check_message(token, arrived)
        elif not self._quota.admit(token):
            raise RefusedError(413)

# What can go wrong with the index.


class DatabaseError(Exception):
    """The database cannot be opened; the text is one sentence for a person, no password in it."""


class UnavailableError(Exception):
    """The database could not take or give it now; whether it was taken may be unknown."""


class DuplicateError(Exception):
    """It is there already, and was not written again."""


class AccountError(Exception):
    """No such project or device, or a name that is taken; the text is one sentence."""

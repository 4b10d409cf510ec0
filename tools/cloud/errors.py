# What keeps a server from starting.


class StartError(Exception):
    """The server cannot be started; the text is one sentence for a person."""

# Starts the app by config.json, and says why it cannot.

from thingscam import crashes
from thingscam.board.counters import Counters
from thingscam.config import ConfigError
from thingscam.http import CertificateError
from thingscam.util.compat import unload

try:
    import network
except ImportError:  # a computer
    network = None

_current = None


def main():
    """Run the app by config.json; say in one line why it cannot, restart when it crashes."""
    crashes.begin()
    try:
        run(_configured())
    except (ConfigError, CertificateError) as e:
        crashes.end()
        from thingscam.safemode import stopped

        stopped(e)
    except KeyboardInterrupt:
        crashes.end()
        raise
    except Exception as e:  # a fault of ours: the camera on the roof must go on
        crashes.crashed(e)


def _configured():
    # First, while there is room: what reads it is large, and gone when the app comes.
    from thingscam.config.config import load

    found = load(wifi_needed=network is not None)
    unload("config.config")
    return found


def run(config):
    """Photograph and send, by the configuration, until the board is reset.

    Does not return. Raises CertificateError when cloud.ca cannot be used.
    """
    global _current
    if "battery" in config.extras:
        from thingscam.sleeper import Either as Loop
    elif config.power.mode == "awake":
        from thingscam.loop import App as Loop
    else:
        from thingscam.sleeper import Sleeper as Loop
    if config.extras:
        from thingscam.extras import loop

        Loop = loop(Loop)  # noqa: N806
    _current = Loop(config)
    try:
        _current.run()
    except Exception as e:
        _current.crashed(e)
        raise
    finally:
        _current.close()


def status():
    """Return what the app counts and knows, as a dict, for people at the REPL."""
    return _current.status() if _current else Counters().as_dict()

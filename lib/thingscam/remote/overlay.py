# Lays what was set from afar over config.json, while that is read, and judges a trial at a start.

import binascii
import json

from thingscam import __version__, crashes
from thingscam.board import chip
from thingscam.config import ConfigError
from thingscam.remote import state as states
from thingscam.util import strict_json
from thingscam.util.compat import const

_MAX_STARTS = const(8)  # on trial, without a picture that is accepted


def read(raw, name, wifi_needed, parse):
    """Return the Config of config.json's bytes `raw`, with what was set from afar over it.

    `parse(raw, name, wifi_needed)` makes a Config. What does not fit is left out: then it is that
    of config.json alone. Where config.json asks for settings from afar, its `remote` has `state`,
    a State, and `base`, a check sum of what wishes are judged by. Raises ConfigError for
    config.json.
    """
    woken = chip.start_cause() == "deep_sleep"
    data = {}
    forget = 0
    try:
        # What has not changed since was right.
        data = (json.loads if woken else strict_json.loads)(raw)
        section = data["remote"]
        wanted = section["every_s"] and data["cloud"]["device_endpoint"]
        forget = section.get("forget", 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        wanted = False
    if not wanted:
        return parse(raw, name, wifi_needed)
    folder = name[: name.rfind("/") + 1]
    state = states.load(folder)
    changed = False
    if state is None:
        state = states.State()
        state.forget = forget
    else:
        changed = _begin(state, forget, woken)
    found = None
    if state.on:
        try:
            on = state.on
            try:
                found = _laid(parse, data, on, name, wifi_needed)
            except ConfigError:
                state.on = _known(on)  # those of a newer version are no mistake
                if state.on == on:
                    raise
                changed = True
                found = _laid(parse, data, state.on, name, wifi_needed)
        except (ConfigError, TypeError, ValueError) as e:
            error = "; ".join(getattr(e, "mistakes", ())) or str(e)
            state.undo({}, "refused", "not with this config.json: " + error)
            state.wish = 0  # to be judged anew
            changed = True
    if found is None:
        found = parse(raw, name, wifi_needed)
    if changed:
        try:
            state.save(folder)
        except OSError:
            pass  # so it is again at the next start
    found.remote.state = state
    found.remote.base = binascii.crc32(raw, binascii.crc32(__version__.encode()))
    return found


def _laid(parse, data, on, name, wifi_needed):
    return parse(json.dumps(states.lay(data, on)).encode(), name, wifi_needed)


def _known(on):
    # Those of the settings `on` that this version has.
    from thingscam.config.schema import sections

    found = {}
    for section, rows in sections(on):
        values = on.get(section, {})
        kept = {row[0]: values[row[0]] for row in rows if row[0] in values}
        if kept:
            found[section] = kept
    return found


def _begin(state, forget, woken):
    # Returns whether a start changes what is kept.
    if state.forget != forget:
        state.undo({}, "rolled back", "forgotten: to have it again, change it once more")
        state.forget = forget
        state.wish = None
        return True
    if state.good is None:
        return False
    if crashes.recall()[0]:
        state.undo(state.good, "rolled back", "the board crashed with it")
    elif state.starts >= _MAX_STARTS:
        text = "{} starts, and no picture was accepted".format(state.starts)
        state.undo(state.good, "rolled back", text)
    elif woken:
        return False
    state.starts += 1
    return True

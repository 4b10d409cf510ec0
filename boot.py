# First on every start; never raises. Minds the watchdog, decides whether the app may start.

SAFE_MODE = None  # why it may not; main.py looks here
try:
    import slot  # pyright: ignore - there where updates may come over the air

    slot.start()
    del slot
except Exception:  # none may, or the slots are broken: what came by cable runs
    pass
try:
    from thingscam import safemode
    from thingscam.board import watchdog
    from thingscam.util.compat import unload

    watchdog.started()
    SAFE_MODE = safemode.reason()
    del safemode  # its memory is for the app
    unload("safemode", "board.profiles", "util.strict_json")
except Exception as e:  # whatever is broken in lib/, the REPL must come
    SAFE_MODE = "boot.py: {}: {}".format(type(e).__name__, e)

# Second on every start: hands over to the app, unless boot.py found a reason not to.

import gc

reason = globals().get("SAFE_MODE")
if reason:
    print("SAFE MODE:", reason)
    print("The app does not run. Mend it, then reset the board.")
else:
    # Importing leaves memory in pieces: collected often, it is enough without PSRAM. With it, it
    # would only take longer.
    small = hasattr(gc, "mem_free") and gc.mem_free() < 1000000
    if small:
        gc.threshold(16384)
    from thingscam import app

    if small:
        gc.threshold(-1)
    app.main()

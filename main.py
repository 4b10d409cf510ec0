# Second on every start: hands over to the app, unless boot.py found a reason not to.

import gc

reason = globals().get("SAFE_MODE")
if reason:
    print("SAFE MODE:", reason)
    print("The app does not run. Fix it, then reset the board.")
    from thingscam.safemode import stopped

    stopped(reason)
else:
    # Without PSRAM, what is left behind is collected soon: it would leave memory in pieces.
    if hasattr(gc, "mem_free") and gc.mem_free() < 1000000:
        gc.threshold(16384)
    from thingscam import app

    app.main()

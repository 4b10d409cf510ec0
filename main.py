# Second on every start: hands over to the app, unless boot.py found a reason not to.

import gc

reason = globals().get("SAFE_MODE")
if reason:
    print("SAFE MODE:", reason)
    print("The app does not run. Mend it, then reset the board.")
else:
    # Importing leaves memory in pieces: collected often, it is enough without PSRAM.
    collect_after = getattr(gc, "threshold", lambda size: None)
    collect_after(16384)
    from thingscam import app

    collect_after(-1)
    app.main()

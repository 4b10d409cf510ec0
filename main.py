# Second on every start: hands over to the app, unless boot.py found a reason not to.

import gc

reason = globals().get("SAFE_MODE")
if reason:
    print("SAFE MODE:", reason)
    print("The app does not run. Mend it, then reset the board.")
else:
    # Importing leaves crumbs all over the heap; swept up meanwhile, it stays in one piece.
    if hasattr(gc, "threshold"):
        gc.threshold(16384)
    from thingscam import app

    if hasattr(gc, "threshold"):
        gc.threshold(-1)
    app.main()

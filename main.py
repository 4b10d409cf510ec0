# Second on every start: hands over to the app, unless boot.py found a reason not to.

reason = globals().get("SAFE_MODE")
if reason:
    print("SAFE MODE:", reason)
    print("The app does not run. Mend it, then reset the board.")
else:
    from thingscam import app

    app.main()

# The settings of the section "setup": loaded only for a config.json that has it.

ROWS = (
    ("password", "password", "", None),  # of the access point; "": the board makes one itself
    ("pin", "number?", -1, (0, 48)),  # -1: the board's own
)


def judge(config, tell, _on_board):
    """Tell what does not fit the rest of `config`, or the board."""
    if len(config.setup.password.encode()) > 63:
        tell("setup.password: must be 8 to 63 bytes for an access point")
    pin = config.setup.pin
    if pin in (None, -1):
        return
    profile = config.profile
    taken = (profile.led, profile.light, profile.lamp, config.trigger.pir_pin)
    taken += (getattr(getattr(config, "battery", None), "pin", None),)
    cards = (2, 4, 12, 13, 14, 15) if config.on_card() else ()  # slot 1's
    if pin in taken + cards or pin in (profile.pins or ()):
        tell("setup.pin: GPIO{} is taken: choose another, or null".format(pin))

# The settings of the section "battery": loaded only for a config.json that has it.

import sys

from thingscam.board import profiles, sensorpin

# As those of schema.SECTIONS. Voltages are those of one lithium cell.
ROWS = (
    ("pin", "number?", None, (0, 48)),
    ("divider", "decimal", 2.0, (1, 30)),
    ("low_v", "decimal", 3.6, (1, 60)),
    ("critical_v", "decimal", 3.4, (1, 60)),
    ("charged_v", "decimal", 3.8, (1, 60)),
)

# The pins of ADC1, of MicroPython's ports/esp32/machine_adc.c: Wi-Fi takes ADC2 for itself.
_ADC1 = {
    "esp32": (32, 33, 34, 35, 36, 37, 38, 39),
    "esp32s3": tuple(range(1, 11)),
    None: tuple(range(1, 11)) + tuple(range(32, 40)),  # a chip that is not known
}
# Boards with a module that leads neither GPIO37 nor 38 out: ESP32-S and ESP32-WROVER.
_MODULES = ("ai-thinker", "wrover-kit")
_MOST_V = 3.1  # on the pin, that an ADC can tell


def judge(config, tell, _on_board):
    """Tell what of it does not go together, as the functions of checks.py do."""
    battery = config.battery
    wrong = trouble(config.profile, getattr(battery, "pin", None))
    if wrong:
        tell(wrong)
    if battery.pin is not None and battery.pin == getattr(config.trigger, "pir_pin", None):
        tell("battery.pin: GPIO{} is trigger.pir_pin too".format(battery.pin))
    if not battery.critical_v < battery.low_v < battery.charged_v:
        text = "battery.low_v: {} must lie between critical_v {} and charged_v {}"
        tell(text.format(battery.low_v, battery.critical_v, battery.charged_v))
    on_pin = battery.charged_v / battery.divider
    if on_pin > _MOST_V:
        text = "battery.divider: {} leaves {:.2f} V on the pin of {} V, more than {} V can be told"
        tell(text.format(battery.divider, on_pin, battery.charged_v, _MOST_V))


def trouble(profile, pin, on=None):
    """Return why the battery cannot be measured on GPIO `pin` (None: it is not), or None.

    `on` is the chip, where the profile does not know it; None: that which this runs on.
    """
    chip = profile.chip or on or sensorpin.chip(getattr(sys.implementation, "_machine", ""))
    able = _ADC1[chip]
    camera = profile.pins or ()
    taken = camera + (profile.light, profile.lamp)
    out = (37, 38) if profile.name in _MODULES else ()
    left = [each for each in able if each not in taken + out]
    if pin is None or pin in left:
        return None
    if pin not in able:
        why = "cannot be measured while Wi-Fi is on"
    elif pin in taken:
        why = "is the {}".format("camera's" if pin in camera else "lamp's")
    else:
        why = "is not led out"
    left = [str(each) for each in left] or ["none"]
    text = "battery.pin: GPIO{} {}; on the board {} it can be {} (docs/board.md, The battery)"
    return text.format(pin, why, profile.name, ", ".join(left))


def settle(config):
    """Leave the status LED alone where the battery is measured on its pin: it was taken off."""
    profile = config.profile
    if config.battery.pin is not None and config.battery.pin == profile.led:
        config.profile = profiles.Profile(
            *[None if key == "led" else getattr(profile, key) for key in profiles.FIELDS]
        )

# The settings of the section "sensor": loaded only for a config.json that has it.

from thingscam.camera.sensor import CEILINGS, EFFECTS, WHITE_BALANCES

# As those of schema.SECTIONS. null: as the sensor does by itself.
ROWS = (
    ("vflip", "flag?", None, None),
    ("hmirror", "flag?", None, None),
    ("brightness", "number?", None, (-3, 3)),
    ("contrast", "number?", None, (-3, 3)),
    ("saturation", "number?", None, (-4, 4)),
    ("sharpness", "number?", None, (-3, 3)),
    ("denoise", "number?", None, (0, 8)),
    ("ae_level", "number?", None, (-5, 5)),
    ("exposure", "auto?", None, (0, 1000000)),
    ("gain", "auto?", None, (0, 64)),
    ("gainceiling", "step?", None, CEILINGS),
    ("white_balance", "choice?", None, WHITE_BALANCES),
    ("effect", "choice?", None, EFFECTS),
    ("lens_correction", "flag?", None, None),
)

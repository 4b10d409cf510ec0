# `sensor` of OpenMV's older firmware.

from _openmv import *  # noqa: F403
from _openmv import Sensor

_sensor = Sensor()
reset = _sensor.reset
set_pixformat = _sensor.pixformat
set_framesize = _sensor.framesize
set_framebuffers = _sensor.framebuffers
set_quality = _sensor.quality
set_vflip, set_hmirror = _sensor.vflip, _sensor.hmirror
set_brightness, set_special_effect = _sensor.brightness, _sensor.special_effect
skip_frames = _sensor.skip_frames
snapshot = _sensor.snapshot
shutdown = _sensor.shutdown

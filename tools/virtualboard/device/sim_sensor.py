# `sensor` of OpenMV's older firmware.

from _openmv import *  # noqa: F403
from _openmv import Sensor

_sensor = Sensor()
reset = _sensor.reset
set_pixformat = _sensor.pixformat
set_framesize = _sensor.framesize
set_framebuffers = _sensor.framebuffers
set_quality = _sensor.quality
skip_frames = _sensor.skip_frames
snapshot = _sensor.snapshot
shutdown = _sensor.shutdown

# `csi` of OpenMV's firmware 4.6 and later.

from _openmv import *  # noqa: F403
from _openmv import Sensor as CSI  # noqa: F401,N811,N814

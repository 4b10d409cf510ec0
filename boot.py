# First on every start; never raises. Leaves the memory whole for the camera.

import gc

gc.collect()

# The camera: one face for its drivers, and the drivers.

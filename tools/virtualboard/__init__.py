# The virtual board: real MicroPython behind a serial port, with simulated hardware.

# The board: chip, pins, sleep, Wi-Fi, clock.

# The hours in which pictures are taken: time zone, sun, windows.

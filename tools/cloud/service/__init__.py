# The stand-in's answers to the device, and what it keeps.

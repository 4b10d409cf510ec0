"""Size: what a receiver costs that has a million pictures in it."""

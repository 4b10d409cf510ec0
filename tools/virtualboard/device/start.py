# The first program of a virtual board. Its names are the REPL's, so it leaves none behind.

__import__("_boot").start(globals())

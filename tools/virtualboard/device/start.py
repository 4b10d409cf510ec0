# The first program of a virtual board. Its names are the REPL's, so it leaves none behind.

# Without this folder's name, which tracebacks would show.
__import__("sys").path[0] = ""
__import__("_boot").start(globals())

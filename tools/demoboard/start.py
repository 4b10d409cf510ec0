# Starts the board's programs as MicroPython does: boot.py, then main.py.

for name in ("boot.py", "main.py"):
    with open(name) as file:
        exec(file.read(), {"__name__": "__main__"})

# Runs one test function of one file under MicroPython: micropython run.py FILE NAME

import sys


def main(path, name):
    module = __import__(path.split("/")[-1].replace(".py", ""))
    getattr(module, name)()
    print("passed", name)


main(sys.argv[1], sys.argv[2])

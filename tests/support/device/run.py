# Runs one test function of one file under MicroPython: micropython run.py FILE NAME

import sys


def main(path, name):
    folder, file = path.rsplit("/", 1)
    sys.path.insert(0, folder)
    module = __import__(file.replace(".py", ""))
    getattr(module, name)()
    print("passed", name)


main(sys.argv[1], sys.argv[2])

# A web server for the tests of updates: python -m tests.support.updates FOLDER RANGES

import sys

from tools.host import fileserver


def main(folder, ranges):
    """Serve `folder` until the process is ended; with Range where `ranges` is "1"."""
    with fileserver.Server(folder, ("127.0.0.1", 0), ranges=ranges == "1") as server:
        print("listening on http://127.0.0.1:{}".format(server.server_port), flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])

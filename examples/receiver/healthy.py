# Whether the receiver in this container is well, by its own /health: the exit status tells.

import pathlib
import re
import ssl
import urllib.request

command = pathlib.Path("/proc/1/cmdline").read_text()
port = re.search(r"--port[=\0](\d+)", command)
url = "http{}://127.0.0.1:{}/health".format(
    "s" if "\0--tls" in command or "\0--cert" in command else "", port[1] if port else 8080
)
# Its certificate is for the address from outside; here nobody is between.
urllib.request.urlopen(url, timeout=8, context=ssl._create_unverified_context())

# Posts readings to a server over one kept-open, verified TLS connection.
#
# On a board, with MicroPython 1.22 or later: put the certificate of the server's CA, in DER,
# beside this file, join Wi-Fi, set the clock, and install the client without the rest:
#     mpremote mip install github:OWNER/NAME/package-http.json
# On a computer:
#     PYTHONPATH=lib python examples/http_session.py https://HOST/PATH ca.der

import json
import sys

from thingscam.http import CertificateError, HttpError
from thingscam.http.session import Session

URL = "https://readings.example/device/1"
CA = "ca.der"


def main(url=URL, ca=CA):
    """Post three readings, and print what the server responds."""
    headers = {"Content-Type": "application/json"}
    session = Session(ca=ca, timeout=10)
    try:
        for number in range(3):
            kept = session.connected()  # the handshake, seconds on a board, is done once
            try:
                response = session.post(url, json.dumps({"reading": number}), headers)
                print(response.status_code, response.json(), "kept" if kept else "connected")
            except CertificateError as e:
                print("not trusted, nothing was sent:", e)
            except HttpError as e:
                print("not sent, or no response:", e)
    finally:
        session.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

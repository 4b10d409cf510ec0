# handshake: what TLS sees of a socket that breaks.

from thingscam.http.handshake import Guard


class Sock:
    def __init__(self):
        self.answers = [b"an answer", b""]
        self.broken = False

    def write(self, data):
        if self.broken:
            raise OSError(104, "reset")
        return len(data)

    def readinto(self, data):
        if not self.answers:
            raise OSError(104, "reset")
        found = self.answers.pop(0)
        data[: len(found)] = found
        return len(found)


def test_a_failed_write_hides_no_answer():
    sock = Sock()
    guard = Guard(sock)
    guard.arm()
    assert guard.write(b"123") == 3 and not guard.broken
    sock.broken = True
    assert guard.write(b"123") is None and guard.broken
    data = bytearray(20)
    assert guard.readinto(data) == 9 and data[:9] == b"an answer"
    assert guard.readinto(data) == 0
    assert guard.readinto(data) == -104


def test_a_failed_handshake_is_told():
    sock = Sock()
    sock.broken = True
    guard = Guard(sock)
    assert guard.write(b"123") == -104
    assert not guard.broken

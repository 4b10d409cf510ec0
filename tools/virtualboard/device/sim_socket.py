# `socket` as on an ESP32: ports/esp32/modsocket.c. The sockets are this machine's, and reach
# what it reaches; but packets only go while the simulated Wi-Fi is there, and at its pace.
#
# Errors have this machine's numbers: the compiler puts those in place of errno.ETIMEDOUT.

import errno
import gc
import io
import select as _select
import socket as _socket

import _sim
from sim_accesspoint import AccessPoint

AF_INET = 2
SOCK_STREAM, SOCK_DGRAM = 1, 2
IPPROTO_IP, IPPROTO_TCP, IPPROTO_UDP = 0, 6, 17
SOL_SOCKET, SO_REUSEADDR, SO_BROADCAST = 0xFFF, 4, 0x20

_VERSION = _sim.state["micropython"]
if _VERSION >= [1, 23]:
    TCP_NODELAY = 1  # before, setsockopt() has a warning for it and does nothing

_OPTIONS = {(SOL_SOCKET, SO_REUSEADDR): (1, 2), (SOL_SOCKET, SO_BROADCAST): (1, 6)}  # Linux'
_ENFILE, _EPIPE, _EISCONN = 23, 32, 106
_NO_NAME = -202  # EAI_FAIL, lwip/netdb.h
_SEND_BUFFER = 5760  # LWIP_TCP_SND_BUF_DEFAULT of ESP-IDF 5.5
_LOW = 2881  # TCP_SNDLOWAT: with no more room than that, it is not writable
_MOST = 10  # LWIP_MAX_SOCKETS of ESP-IDF
_TURN_US = 100000  # SOCKET_POLL_US: so long an interrupt may have to wait
_NO_ANSWER_US = 18000000  # 12 SYNs (LWIP_TCP_SYNMAXRTX), one in 1.5 s (LWIP_TCP_RTO_TIME)
_DNS_US = 7000000  # a server that does not answer: 1 + 1 + 2 + 3 s, dns_check_entry() of lwIP
_IN, _OUT = _select.POLLIN, _select.POLLOUT
_POLL, _CLOSE = 3, 4  # MP_STREAM_...
_HANDSHAKE = b"\x16\x03"  # begins the first that Mbed TLS sends
_NO_MPI = 16  # MBEDTLS_ERR_MPI_ALLOC_FAILED, which mbedtls_raise_error() takes for an errno

# The phone's end of the access point, where no radio is: this computer's local network.
_LOCAL = "127.0.0.1"

_turns = {}  # by name: look-ups so far
_count = 0  # of open sockets


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    """Return [(family, type, proto, name, (address, port))], one at most, as lwIP does."""
    name = host or "0.0.0.0"
    if not all(char in "0123456789." for char in name):
        name = _look_up(name)
    try:
        found = _socket.getaddrinfo(name, port, AF_INET)
    except OSError:
        raise OSError(_NO_NAME)
    address = _plain(found[0][4])
    return [(AF_INET, type or SOCK_STREAM, proto, host, address)]


def _look_up(name):
    # Nothing is let in before the answer, or before lwIP has given all servers up.
    _sim.pump()
    net = _sim.state["net"]
    if not net["lease"]:
        raise OSError(_NO_NAME)  # no server is known
    if not net["online"] or not net["dns"]:
        _sim.block(_DNS_US * net["servers"])
        raise OSError(_NO_NAME)
    _sim.block(net["dns_late_ms"] * 1000)
    if name not in net["names"]:
        return _sim.ask(name=name)["answer"] or name  # the time servers are the supervisor's
    addresses = net["names"][name]
    turn = _turns.get(name, 0)
    _turns[name] = turn + 1
    if not addresses:
        raise OSError(_NO_NAME)
    return addresses[turn % len(addresses)]


def _online():
    _sim.pump()
    return _sim.state["net"]["online"]


def _as_sent(data):
    # A browser on this computer calls the access point by the port that it is reached at; a
    # phone would call it by its address.
    for name in (_LOCAL, "localhost") if _sim.state["ap_port"] else ():
        own = "{}:{}".format(name, _sim.state["ap_port"])
        data = data.replace(own.encode(), _point().encode())
    return data


def _point():
    return AccessPoint.address[0]


def _phone():
    return _point().rpartition(".")[0] + ".2"


def _reaches(sock):
    # Whether packets get to the other side now.
    _sim.pump()
    return _sim.state["ap"]["on"] if sock._near else _sim.state["net"]["online"]


def _plain(sockaddr):
    return ".".join(str(part) for part in sockaddr[4:8]), sockaddr[2] << 8 | sockaddr[3]


def _packed(address):
    return _socket.getaddrinfo(getaddrinfo(*address[:2])[0][4][0], address[1], AF_INET)[0][4]


class socket(io.IOBase):  # noqa: N801
    """A socket; to Mbed TLS, too, it is the stream underneath."""

    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0, _real=None):
        global _count
        if _count >= _MOST:
            gc.collect()  # since 1.22, and what was not closed is closed by it there
            raise OSError(_ENFILE)
        self._real = _socket.socket(af, type, proto) if _real is None else _real
        self._real.setblocking(False)
        _count += 1
        self._is_open = True
        self._stream = type == SOCK_STREAM
        self._poll = _select.poll()
        self._poll.register(self._real, _IN)
        self._timeout_us = None
        self._new = self._stream and _real is None
        self._dialled = None  # the address that it is being connected to
        self._since_us = 0
        self._error = None  # pending, as in lwIP: told once
        self._dead = False  # it had one
        self._lease = None  # of the address it is connected by
        self._held = bytearray()  # sent, but not on its way
        self._free_us = 0  # when all that was sent will be on its way
        self._fresh = True  # nothing was sent
        self._near = False  # of the access point

    def __repr__(self):
        return "<socket>"

    def settimeout(self, seconds):
        """Wait so long at most, and a turn more; None for ever, 0 not at all."""
        if seconds is None:
            self._timeout_us = None
        else:
            us = int(seconds * 1000) * 1000
            # In whole turns, of which the last is one too many: _socket_settimeout().
            self._timeout_us = (us // _TURN_US + 1) * _TURN_US if us else 0

    def setblocking(self, flag):
        """Wait for ever, or not at all."""
        self._timeout_us = None if flag else 0

    def setsockopt(self, level, option, value):
        """Set an option."""
        if (level, option) == (IPPROTO_TCP, 1) and _VERSION < [1, 23]:
            print("Warning: lwip.setsockopt() option not implemented")
            return
        level, option = _OPTIONS.get((level, option), (level, option))
        self._real.setsockopt(level, option, value)

    def fileno(self):
        """Return a number that is this socket's."""
        return self._real.fileno()

    def connect(self, address):
        """Connect to (host, port); when not waiting, a second call tells how it went."""
        packed = _packed(address)
        _sim.pump()
        self._step()
        if self._dead:
            raise OSError(errno.ENOTCONN)  # ERR_CLSD; recv() tells why
        if self._dialled is None:
            if not self._new:
                raise OSError(_EISCONN)
            if not _sim.state["net"]["joined"]:
                raise OSError(errno.EHOSTUNREACH)
            self._new = False
            self._lease = _sim.state["net"]["lease"]
            self._dialled = packed
            self._since_us = _sim.ticks_us()
            self._step()
            if self._timeout_us == 0:
                raise OSError(errno.EINPROGRESS)
        elif self._timeout_us == 0:
            raise OSError(errno.EALREADY)
        if _VERSION < [1, 22]:  # one call of lwIP, whatever the timeout
            while self._dialled is not None:
                _sim.block(_TURN_US)
                self._step()
        self._wait(_OUT)
        if self._error is not None:
            self._raise()

    def _step(self):
        # What TCP does meanwhile.
        if self._is_cut_off():
            self._fail(errno.ECONNABORTED)
        if self._dialled is None:
            return
        if _sim.ticks_us() - self._since_us >= _NO_ANSWER_US:
            self._fail(errno.ECONNABORTED)
        elif _sim.state["net"]["online"]:
            try:
                self._real.connect(self._dialled)
                self._dialled = None
            except OSError as e:
                if e.errno == _EISCONN:
                    self._dialled = None
                elif e.errno == errno.ECONNREFUSED:
                    self._fail(errno.ECONNRESET)  # lwIP: ERR_RST
                elif e.errno not in (errno.EINPROGRESS, errno.EALREADY):
                    self._fail(e.errno)

    def _fail(self, number):
        if not self._dead:
            self._error = number
            self._dead = True
            self._dialled = None

    def _raise(self):
        number, self._error = self._error, None
        raise OSError(number or errno.ENOTCONN)

    def bind(self, address):
        """Listen at (address, port); at the access point's, where the supervisor says."""
        self._new = False
        if address[0] != _point():
            self._real.bind(_packed(address))
            return
        self._near = True
        port = _sim.state["ap_port"]
        for free in (port,) if port else range(20000 + _sim.ticks_us() % 9973, 60000, 7):
            try:
                self._real.bind(_packed((_LOCAL, free)))
            except OSError:
                if port:
                    raise
                continue
            self._door = [address[1], free]
            if not self._stream:
                _sim.tell(door=self._door)
            return

    def listen(self, backlog=2):
        """Wait for connections."""
        self._real.listen(backlog)
        if self._near:
            _sim.tell(door=self._door)

    def accept(self):
        """Return (socket, address) of the next connection."""
        real, address = self._when(_IN, self._real.accept)
        found = socket(_real=real)
        found._near = self._near
        if self._near:
            return found, (_phone(), _plain(address)[1])
        found._lease = _sim.state["net"]["lease"]
        return found, _plain(address)

    def recv(self, size, flags=0):
        """Return what has arrived; b"" when the peer has closed."""
        if self._new:
            raise OSError(errno.ENOTCONN)
        data = self._when(_IN, self._real.recv, size)
        return _as_sent(data) if self._near else data

    def recvfrom(self, size, flags=0):
        """Return (data, address)."""
        data, address = self._when(_IN, self._real.recvfrom, size)
        address = _plain(address)
        return data, ((_phone(), address[1]) if self._near else address)

    def sendto(self, data, address):
        """Send a datagram."""
        if not _reaches(self):
            raise OSError(errno.EHOSTUNREACH)
        if self._near:
            address = (_LOCAL, address[1])
        return self._real.sendto(data, _packed(address))

    def send(self, data, flags=0):
        """Send what there is room for; returns how much."""
        return self._when(_OUT, self._push, data)

    def sendall(self, data, flags=0):
        """Send all."""
        view = memoryview(data)
        while len(view):
            view = view[self.send(view) :]

    def write(self, data, *part):
        """Send all, or when not waiting what there is room for (None: nothing).

        `part` is as in py/stream.c: nothing, a length, or an offset and a length.
        """
        view = memoryview(data)
        if part:
            start = part[0] if len(part) == 2 else 0
            view = view[start : start + part[-1]]
        if self._fresh:
            self._fresh = False
            if view[:2] == _HANDSHAKE and not _sim.ask(ram=[self.fileno(), True])["room"]:
                raise OSError(_NO_MPI)
        sent = 0
        while sent < len(view):
            try:
                sent += self.send(view[sent:])
            except OSError as e:
                if e.errno != errno.EAGAIN or self._timeout_us != 0:
                    raise
                return sent or None
        return sent

    def readinto(self, buffer, size=None):
        """Fill the buffer; less at the end, or when not waiting (None: nothing)."""
        view = memoryview(buffer) if size is None else memoryview(buffer)[:size]
        count = 0
        while count < len(view):
            try:
                data = self.recv(len(view) - count)
            except OSError as e:
                if e.errno != errno.EAGAIN or self._timeout_us != 0:
                    raise
                return count or None
            if not data:
                break
            view[count : count + len(data)] = data
            count += len(data)
        return count

    def read(self, size=-1):
        """Return so many bytes, all until the end without `size`; None for nothing yet."""
        found = bytearray()
        while size < 0 or len(found) < size:
            try:
                data = self.recv(1024 if size < 0 else size - len(found))
            except OSError as e:
                if e.errno != errno.EAGAIN or self._timeout_us != 0:
                    raise
                if not found:
                    return None
                break
            if not data:
                break
            found.extend(data)
        return bytes(found)

    def readline(self):
        """Return bytes until the next new line."""
        found = bytearray()
        while not found.endswith(b"\n"):
            data = self.read(1)
            if not data:
                break
            found.extend(data)
        return bytes(found)

    def makefile(self, mode="rb", buffering=0):
        """Return itself, which is a stream already."""
        return self

    def close(self):
        """Close it."""
        global _count
        if self._is_open:
            self._is_open = False
            _count -= 1
            if not self._fresh:
                _sim.tell(ram=[self.fileno(), False])
        self._real.close()

    def ioctl(self, request, argument):
        """Answer poll() and Mbed TLS."""
        if request == _POLL:
            return self._events(argument)
        if request == _CLOSE:
            self.close()
            return 0
        return -errno.EINVAL

    def _when(self, mask, call, *arguments):
        # Wait until it can be done, and do it.
        while True:
            self._wait(mask)
            if self._dead:
                self._raise()
            try:
                result = call(*arguments)
                if result != 0 or call != self._push or not len(arguments[0]):
                    return result
            except OSError as e:
                if e.errno == _EPIPE:  # lwIP has none
                    raise OSError(errno.ECONNRESET)
                if e.errno != errno.EAGAIN:
                    raise

    def _wait(self, mask):
        end = None if self._timeout_us is None else _sim.ticks_us() + self._timeout_us
        while True:
            _sim.pump()
            if self._events(mask):
                return
            if self._timeout_us == 0:
                raise OSError(errno.EAGAIN)
            left = _TURN_US if end is None else end - _sim.ticks_us()
            if left <= 0:
                raise OSError(errno.ETIMEDOUT)
            self._nap(mask, min(left, _TURN_US) * 100 // _sim.state["speed"])

    def _nap(self, mask, us):
        if self._dialled is None and _reaches(self) and self._room() > _LOW:
            self._poll.modify(self._real, mask)
            _sim.rest(self._poll, max(us, 1000))
            return
        _sim.rest(self._poll, min(us, 999))

    def _events(self, mask):
        # What of the mask is there now; a failure makes all of it so.
        if self._new:
            return mask & _OUT | _select.POLLHUP
        self._step()
        if self._dead:
            return mask & (_IN | _OUT)
        if self._dialled is not None:
            return 0
        if not _reaches(self):
            return mask & _OUT if self._room() > _LOW else 0
        self._send_held()
        if mask & _OUT and self._room() <= _LOW:
            mask &= ~_OUT
        self._poll.modify(self._real, mask)
        for _, events in self._poll.ipoll(0):
            return events
        return 0

    def _is_cut_off(self):
        return self._lease not in (None, _sim.state["net"]["lease"])

    def _room(self):
        room = _SEND_BUFFER - len(self._held)
        left_us = self._free_us - _sim.ticks_us()
        if left_us > 0:
            room -= left_us * _sim.state["net"]["rate"] // 1000000
        return room if self._stream else _SEND_BUFFER

    def _push(self, data):
        count = min(len(data), max(0, self._room()))
        if not count:
            return 0
        part = memoryview(data)[:count]
        if _reaches(self):
            count = self._real.send(part)
            start = max(self._free_us, _sim.ticks_us())
            self._free_us = start + count * 1000000 // _sim.state["net"]["rate"]
        else:
            self._held.extend(part)
        return count

    def _send_held(self):
        if self._held:
            try:
                count = self._real.send(self._held)
                self._held = self._held[count:]
            except OSError:
                pass  # it comes out at the next call

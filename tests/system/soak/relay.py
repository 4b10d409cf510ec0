# Between board and service: connections that begin slowly, addresses at which nobody speaks.

import asyncio
import contextlib
import functools
import socket
import struct

ALIVE, SILENT, REFUSING = "127.0.0.1", "127.0.0.3", "127.0.0.2"
_HANDSHAKE_BYTES = 1500  # of a server's, about
_TRIES = 20


class Relay:
    """Passes all that comes to `port` of ALIVE on to the service at `target`, another port.

    At SILENT it takes a connection and says nothing; at REFUSING there is nobody. `pieces` is
    None, or (bytes, real seconds between): so the first that the service sends comes, of
    connections that begin from now on. `answers(number)` is called when something has come from
    the service on the connection of this number, of `connections` so far.
    """

    def __init__(self, target, answers):
        self._target = target
        self._answers = answers
        self.connections = 0
        self._servers = []
        self.port = 0
        self.pieces = None

    async def start(self):
        """Begin; raises OSError."""
        for _ in range(_TRIES):
            server = await asyncio.start_server(self._pass, ALIVE, 0)
            self.port = server.sockets[0].getsockname()[1]
            try:
                silent = await asyncio.start_server(_say_nothing, SILENT, self.port)
            except OSError:  # somebody else has that port there
                server.close()
                continue
            self._servers = [server, silent]
            return
        raise OSError("no free port at {} and {}".format(ALIVE, SILENT))

    async def stop(self):
        """End it."""
        for server in self._servers:
            server.close()

    async def _pass(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(ALIVE, self._target)
        except OSError:
            _reset(writer)
            return
        self.connections += 1
        heard = functools.partial(self._answers, self.connections)
        away = asyncio.ensure_future(_pump(reader, far_writer))
        back = asyncio.ensure_future(_pump(far_reader, writer, self.pieces, heard))
        await asyncio.wait((away, back), return_when=asyncio.FIRST_COMPLETED)
        # Whoever closes or resets, the other end sees it.
        for pump, end in ((away, far_writer), (back, writer)):
            if not pump.done():
                pump.cancel()
            elif not pump.result():
                _reset(end)
        writer.close()
        far_writer.close()


async def _say_nothing(reader, writer):
    with contextlib.suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()


async def _pump(reader, writer, pieces=None, heard=lambda: None):
    # Returns whether it ended in an orderly way.
    slow = _HANDSHAKE_BYTES if pieces else 0
    try:
        while data := await reader.read(65536):
            heard()
            while slow > 0 and data:
                size, pause_s = pieces
                writer.write(data[:size])
                data = data[size:]
                slow -= size
                await asyncio.sleep(pause_s)
            writer.write(data)
            await writer.drain()
    except OSError:
        return False
    return True


def _reset(writer):
    # RST in place of an orderly end.
    linger = struct.pack("ii", 1, 0)
    with contextlib.suppress(OSError):
        found = writer.get_extra_info("socket")
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()

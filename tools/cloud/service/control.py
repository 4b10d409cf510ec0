# The control endpoint for tests: /_faults and /_requests, there only with --faults.

from aiohttp import web

from .faults import FaultError, parse


class Control:
    """The handlers of /_faults and /_requests; see faults.py for the JSON of a fault."""

    def __init__(self, faults, journal):
        self._faults = faults
        self._journal = journal

    async def add(self, request):
        """POST /_faults: queue one fault, or a list of them; 400 names the wrong field."""
        try:
            self._faults.add(parse(await request.text()))
        except (FaultError, UnicodeDecodeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return await self.show(request)

    async def show(self, request):
        """GET /_faults: what is queued, and the counters of upload requests."""
        return web.json_response(
            {"queued": self._faults.queued(), "requests": self._journal.counters()}
        )

    async def clear(self, request):
        """DELETE /_faults: no faults, no requests seen."""
        self._faults.clear()
        self._journal.clear()
        return await self.show(request)

    async def requests(self, request):
        """GET /_requests: the last upload requests, and the last others, oldest first."""
        journal = self._journal
        return web.json_response({"requests": journal.uploads(), "messages": journal.messages()})

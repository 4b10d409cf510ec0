# The floor: an aiohttp handler that writes the body to a file, and answers. Nothing is judged.
#
# `python -m tests.system.load.bare FOLDER [CERT KEY]` tells its address and serves until ended.

import asyncio
import itertools
import pathlib
import ssl
import sys

from aiohttp import web

PATH = "/device/v1/{token}/{identifier}/image"


def main(folder, *tls):
    """Serve on a free port of 127.0.0.1; `tls` is a certificate chain and its key, PEM."""
    numbers = itertools.count()

    async def take(request):
        body = await request.read()
        name = f"{next(numbers):09d}.jpg"
        with open(folder / name, "wb") as file:
            file.write(body)
        return web.json_response({"result": 1, "image_url": f"{request.scheme}://here/{name}"})

    async def serve():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        scheme = "https" if tls else "http"
        print(f"listening on {scheme}://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()

    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    app = web.Application()
    app.router.add_post(PATH, take)
    runner = web.AppRunner(app, access_log=None)
    asyncio.run(serve())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), *sys.argv[2:])

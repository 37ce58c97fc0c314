"""Applications that take calls, each on a web server of its kind; on the fake clock where the server lets it be so."""

import asyncio
import contextlib
import json
import socket
import ssl

import uvicorn
from aiohttp import web
from granian.constants import Interfaces
from granian.server.embed import Server as Granian
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed

import phonewire

START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}})


async def wait(call):
    await call.wait_ended()


async def until(condition):
    """Let time pass until a condition holds."""
    while not condition():  # noqa: ASYNC110 - what is waited for is another's state, which tells nobody
        await asyncio.sleep(0.01)


class Site:
    """An application and its address.

    Attributes:
        calls: what takes them.
        port: of the web server.
        prefix: where calls are mounted.
        stop: stops the web server.
        tls: its certificate; None for ``ws://``.
    """

    def __init__(self, calls, port, prefix, stop, tls=None):
        self.calls, self.port, self.prefix, self.stop, self.tls = calls, port, prefix, stop, tls

    @property
    def url(self):
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}{self.prefix}"

    @contextlib.asynccontextmanager
    async def dialed(self, path="/twilio", *messages, **headers):
        """Dial as a peer that speaks WebSocket and nothing else."""
        async with raw_connect(self.url + path, additional_headers=headers, compression=None) as websocket:
            for message in messages:
                await websocket.send(message)
            yield websocket

    async def fetch(self, path, method="GET", body="", prefix=None, **headers):
        """Ask over HTTP; return (status, headers, body)."""
        trusting = ssl.create_default_context() if self.tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=trusting)
        prefix = self.prefix if prefix is None else prefix
        fields = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", "Content-Length": str(len(body))} | headers
        lines = [f"{method} {prefix}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", body]
        writer.write("\r\n".join(lines).encode())
        head, _, text = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        first, *rest = head.split("\r\n")
        return int(first.split()[1]), {line.split(":")[0].lower(): line.partition(": ")[2] for line in rest}, text


async def close_code(websocket):
    """Read to the end, and return the code that the server closed with."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await websocket.recv()
    return websocket.close_code


@contextlib.asynccontextmanager
async def on_uvicorn(app, *, deflate=False, tls=None, **options):
    """Run an ASGI application; yields the port and what stops the server."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="on", ws_per_message_deflate=deflate, **options)
    config.load()
    config.ssl = tls  # by itself it reads one from files
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started or running.done())

    async def stop():
        server.should_exit = True
        await running

    try:
        yield server.servers[0].sockets[0].getsockname()[1], stop
    finally:
        await stop()


def free_port():
    """Return a port that nobody has, for who cannot be given any that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.asynccontextmanager
async def on_granian(app):
    """Run an ASGI application in real time, granian's own; yields the port and nothing."""
    port = free_port()
    server = Granian(app, "127.0.0.1", port, interface=Interfaces.ASGI, log_enabled=False)
    running = asyncio.create_task(server.serve())
    await until(lambda: running.done() or listens(port))
    try:
        yield port, None
    finally:
        server.stop()
        await running


@contextlib.asynccontextmanager
async def on_aiohttp(app, *, tls=None):
    """Run an aiohttp application; yields the port and what stops the server."""
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield site.port, runner.cleanup
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def uvicorn_site(endpoints, handler, prefix, *, tls=None, **options):
    calls = phonewire.asgi(endpoints, handler=handler, **options)
    app = Starlette(routes=[Mount(prefix, calls)], lifespan=calls.lifespan) if prefix else calls
    async with on_uvicorn(app, tls=tls) as (port, stop):
        yield Site(calls, port, prefix, stop, tls)


@contextlib.asynccontextmanager
async def aiohttp_site(endpoints, handler, prefix, *, tls=None, **options):
    calls = phonewire.aiohttp_handler(endpoints, handler=handler, **options)
    app = web.Application()
    calls.add_to(app, prefix)
    async with on_aiohttp(app, tls=tls) as (port, stop):
        yield Site(calls, port, prefix, stop, tls)


SITES = {"uvicorn": uvicorn_site, "aiohttp": aiohttp_site}

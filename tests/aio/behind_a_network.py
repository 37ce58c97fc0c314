"""Platforms that tests write themselves: the library's own server, behind a network that can break."""

from websockets.asyncio.server import serve

from phonewire.emulators.faulty_network import FaultyNetwork


class BehindANetwork:
    """A platform: `talk` has its WebSockets, `answer` lets them in.

    Attributes:
        path: path and query of its streams.
        tls: its side of TLS; None for ``ws://``.
        network: between it and who dials it.
    """

    def __init__(self, path, tls):
        self.path, self.tls = path, tls

    async def __aenter__(self):
        self.server = await serve(
            self.talk, "127.0.0.1", 0, process_request=self.answer, compression=None, ssl=self.tls
        )
        scheme, port = "wss" if self.tls else "ws", self.server.sockets[0].getsockname()[1]
        self.network = FaultyNetwork(f"{scheme}://127.0.0.1:{port}{self.path}")
        await self.network.__aenter__()
        return self

    async def __aexit__(self, *error):
        await self.network.__aexit__(*error)
        self.server.close()
        await self.server.wait_closed()

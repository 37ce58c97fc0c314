"""What the call layer's tests stand on: a connection without a network, a small phone, and peers that write bytes."""

import asyncio
import contextlib
import math
import ssl
from collections.abc import Coroutine
from typing import Any

import pytest

import phonewire
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings, make_engine
from phonewire.aio.transports.transport import TransportClosed
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.playout import Playout
from phonewire.protocols import twilio
from phonewire.protocols.connection import Side


class MemoryTransport:
    """One end of a connection without a network: what is written here is received there, at once and in order."""

    peer = "memory"

    def __init__(self) -> None:
        self.far: MemoryTransport
        self.inbox: asyncio.Queue[tuple[bytes, bool] | int] = asyncio.Queue()
        self.buffered_bytes = 0
        self.closed_with: tuple[int, str] | None = None
        self.written_at: list[float] = []
        self._over = False

    async def receive(self, take=None) -> tuple[bytes, bool]:
        if self._over:
            raise TransportClosed(1006)
        item = await self.inbox.get()
        if isinstance(item, int):
            self._over = True
            raise TransportClosed(item)
        return item

    def write(self, data: bytes, text: bool) -> bool:
        if self._over or self.far._over:
            return False
        self.far.inbox.put_nowait((data, text))
        self.written_at.append(asyncio.get_running_loop().time())
        return True

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def close(self, code: int = 1000, reason: str = "") -> None:
        if not self._over:
            self._over = True
            self.closed_with = (code, reason)
            self.far.inbox.put_nowait(code)
            self.inbox.put_nowait(code)

    def vanish(self) -> None:
        """End the connection without a goodbye, as a cut cable does."""
        self.far.inbox.put_nowait(1006)
        self.inbox.put_nowait(1006)


def memory_pair() -> tuple[MemoryTransport, MemoryTransport]:
    """Return the two ends of a connection."""
    near, far = MemoryTransport(), MemoryTransport()
    near.far, far.far = far, near
    return near, far


def delay(transport, latency_s):
    """Let what is written take ``latency_s()``; nothing gets there before what was written earlier, as TCP has it."""
    last_s = 0.0

    def write(data, text):
        nonlocal last_s
        loop = asyncio.get_running_loop()
        last_s = max(last_s + 1e-6, loop.time() + latency_s())  # timers of one moment have no order
        loop.call_at(last_s, transport.far.inbox.put_nowait, (data, text))
        return True

    transport.write = write


class Phone:
    """Twilio's end of the line: an engine, a playout buffer and no opinion."""

    def __init__(self, transport, protocol="twilio", media_format=None):
        self.transport = transport
        self.engine = make_engine(protocol, Side.CLIENT, media_format=media_format, message_bytes=65_536)
        self.playout = Playout()
        self.got = []
        announce(self.engine, "CA1", {"who": "me"})

    def flush(self):
        for data, text in self.engine.data_to_send():
            self.transport.write(data, text)

    def say(self, payload):
        self.engine.send_payload(payload)
        self.flush()

    def send(self, event):
        self.engine.send(event)
        self.flush()

    async def run(self):
        """Play what comes and echo marks, until the connection ends."""
        loop = asyncio.get_running_loop()
        inbox = asyncio.create_task(self.transport.inbox.get())
        while True:
            deadline = self.playout.next_deadline_ns()
            await asyncio.wait([inbox], timeout=None if deadline is None else max(0, deadline / 1e9 - loop.time()))
            self.echo(self.playout.advance(self.now_ns))
            if not inbox.done():
                continue
            message = inbox.result()
            if isinstance(message, int):
                return
            for event in self.engine.receive(message[0], text=message[1]):
                self.take(event)
            inbox = asyncio.create_task(self.transport.inbox.get())

    def take(self, event):
        self.got.append(event)
        if isinstance(event, twilio.Media):
            self.playout.queue(event.payload, self.now_ns)
        elif isinstance(event, twilio.Mark):
            self.playout.mark(event.name)
        elif isinstance(event, twilio.Clear):
            self.echo(self.playout.clear(self.now_ns))

    def echo(self, marks):
        for mark in marks:
            self.send(twilio.Mark(mark.name))

    @property
    def now_ns(self):
        return int(asyncio.get_running_loop().time() * 1e9)

    @property
    def audio(self):
        return b"".join(self.frames)

    @property
    def frames(self):
        return [event.payload for event in self.got if isinstance(event, twilio.Media)]


@contextlib.asynccontextmanager
async def call_and_phone(protocol="twilio", media_format=None, pace=None, **queue):
    """Set up a server's call with a phone at its far end; both ends run until the block is left."""
    near, far = memory_pair()
    phone = Phone(far, protocol, media_format)
    engine = make_engine(protocol, Side.SERVER, media_format=media_format, message_bytes=65_536)
    for data, text in phone.engine.data_to_send():
        engine.receive(data, text=text)
    call = Call(engine, near, call_settings(protocol, engine, Side.SERVER, pace, **queue))
    tasks = [asyncio.create_task(call.run()), asyncio.create_task(phone.run())]
    try:
        yield call, phone
    finally:
        await call.close()
        await asyncio.gather(*tasks)


@pytest.fixture
def virtual():
    """Run a coroutine on a loop of its own whose clock jumps."""

    def run(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=lambda: FakeClockLoop(limit_s=math.inf)) as runner:
            return runner.run(main)

    return run


@pytest.fixture
def connection():
    """Make the two ends of a connection without a network."""
    return memory_pair


@pytest.fixture
def at_a_distance():
    """Make a connection's messages take their time: ``at_a_distance(transport, lambda: 0.1)``."""
    return delay


@pytest.fixture
def on_the_phone():
    """Set up a call with a phone at its far end: ``async with on_the_phone() as (call, phone)``."""
    return call_and_phone


class Raw:
    """A peer that writes bytes: WebSocket as nobody should speak it."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, server, **options):
        """Open a TCP connection, with TLS where the server has it, and say nothing."""
        if server.url.startswith("wss"):
            options["ssl"] = ssl.create_default_context()
        return cls(*await asyncio.open_connection("127.0.0.1", server.port, **options))

    @classmethod
    async def upgraded(cls, server, path="/twilio", **headers):
        """Open a WebSocket, and say nothing more."""
        peer = await cls.connect(server)
        peer.ask(path, **headers)
        assert await peer.status() == 101
        return peer

    def ask(self, path, **headers):
        fields = {"Host": "x", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        fields |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} | headers
        lines = [f"GET {path} HTTP/1.1", *(f"{name.replace('_', '-')}: {value}" for name, value in fields.items())]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())

    async def status(self):
        """Read an HTTP answer up to its body; None when the connection ends without one."""
        try:
            self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return int(self.head.split()[1])

    @staticmethod
    def frame(opcode, payload=b"", *, fin=True, reserved=0, masked=True, size=None):
        """Make a frame; *size* is what it says its payload has, when that is not true."""
        size = len(payload) if size is None else size
        short = size if size < 126 else 126 if size < 65_536 else 127
        extended = b"" if size < 126 else size.to_bytes(2 if size < 65_536 else 8, "big")
        first = (0x80 if fin else 0) | reserved << 4 | opcode
        mask = b"\0\0\0\0" if masked else b""  # a mask of zeros: what is written is what is read
        return bytes([first, (0x80 if masked else 0) | short]) + extended + mask + payload

    def send(self, *args, **options):
        self.writer.write(self.frame(*args, **options))

    async def close_code(self):
        """Read frames up to the goodbye, then to the end; None when the connection ends without one."""
        code = None
        try:
            while True:
                opcode, size = await self.reader.readexactly(2)
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
                payload = await self.reader.readexactly(size)
                if opcode == 0x88:
                    code = int.from_bytes(payload[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionError):
            return code

    async def gone(self):
        """Wait until the server has closed."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65_536):
                pass

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):  # the other side may be gone without a goodbye
            await self.writer.wait_closed()


@pytest.fixture
async def raw():
    """Make peers that write bytes: ``await raw.connect(server)``, ``await raw.upgraded(server)``."""
    peers = []

    class Kept(Raw):
        def __init__(self, *streams):
            super().__init__(*streams)
            peers.append(self)

        async def close(self):
            if self in peers:
                peers.remove(self)  # with TLS it has 256 KiB of its own, which are not the server's
            await super().close()

    yield Kept
    for peer in tuple(peers):
        await peer.close()


@contextlib.asynccontextmanager
async def serving_twilio(handler=None, *, limits=None, auth=None, **options):
    """Serve Twilio on /twilio; calls last until they are ended."""

    async def wait(call):
        await call.wait_ended()

    endpoint = phonewire.Endpoint("/twilio", "twilio", auth=auth, **options.pop("endpoint", {}))
    limits = phonewire.Limits(**limits or {})
    async with phonewire.serve(handler or wait, endpoints=[endpoint], limits=limits, **options) as server:
        yield server
        await server.close(drain_s=0.1)  # raw peers do not answer goodbyes


@pytest.fixture
def serving():
    """Serve Twilio on /twilio: ``async with serving(limits={"start_s": 0.1}) as server``."""
    return serving_twilio


@pytest.fixture
def eventually():
    """Let the event loop turn until a condition holds: ``await eventually(lambda: server.calls)``."""

    async def turn(condition):
        while not condition():  # noqa: ASYNC110 - what is waited for is another's state, which tells nobody
            await asyncio.sleep(0.001)

    return turn

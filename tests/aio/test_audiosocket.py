"""AudioSocket over TCP on loopback: our server against our client, and against a peer that writes bytes.

Without TLS, unlike those of every other server and client: the protocol has none, so Asterisk dials without it.
"""

import asyncio
import contextlib
import math
import socket
import struct

import pytest

import phonewire
from phonewire.aio.transports.tcp import TcpTransport
from phonewire.aio.transports.transport import TransportClosed
from phonewire.errors import LocalProtocolError
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import EndReason, MediaFormat

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
HELLO = b"\x01\x00\x10" + bytes.fromhex(UUID.replace("-", ""))
HANGUP = b"\x00\x00\x00"
TEN_FRAMES = struct.pack("=1600h", *(round(9000 * math.sin(n / 9)) for n in range(1600)))


@contextlib.asynccontextmanager
async def serving(handler, **options):
    """Serve AudioSocket on loopback to everybody who is not kept out."""
    options = {"call_ids": None, "addresses": None} | options
    async with asyncio.timeout(20), phonewire.serve_audiosocket(handler, **options) as server:
        yield server


class Asterisk:
    """A peer that writes bytes and reads frames as they are defined."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def dial(cls, server, *pieces):
        peer = cls(*await asyncio.open_connection("127.0.0.1", server.port))
        for piece in pieces:
            await peer.say(piece)
        return peer

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def frame(self):
        """Return the next frame as (kind, payload); None when the connection is closed."""
        try:
            header = await self.reader.readexactly(3)
            return header[0], await self.reader.readexactly(int.from_bytes(header[1:], "big"))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    async def end(self):
        """Say nothing more; a close would be a reset while there is silence to read."""
        self.writer.write_eof()

    async def close(self):
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def echo(call):
    async for frame in call.frames():
        await call.write(frame.pcm)


def little(samples):
    return struct.pack(f"<{len(samples) // 2}h", *struct.unpack(f"={len(samples) // 2}h", samples))


async def test_speech_both_ways_between_our_ends():
    ended = asyncio.get_running_loop().create_future()

    async def handler(call):
        assert (call.id, call.protocol, call.media_format) == (UUID, "audiosocket", MediaFormat("s16le"))
        await echo(call)
        ended.set_result(call)

    async with serving(handler) as server:
        async with phonewire.connect_audiosocket("127.0.0.1", server.port, call_id=UUID.upper()) as call:
            assert call.id == UUID
            await call.write(TEN_FRAMES)
            heard = b""
            async for frame in call.frames():
                heard += frame.pcm if any(frame.pcm) else b""
                if len(heard) >= len(TEN_FRAMES):
                    break
            assert heard == TEN_FRAMES
        served = await ended
        assert served.end_reason is EndReason.STOPPED
        assert call.end_reason is EndReason.CLOSED
    assert not server.refused
    assert server.handler_errors == 0


@pytest.mark.parametrize("size", [1, 2, 7, 322, 324, 10_000])
async def test_a_stream_cut_anywhere_is_heard_whole(size):
    heard, keys = asyncio.Queue(), asyncio.Queue()

    async def handler(call):
        async def read_events():
            async for event in call.events():
                if isinstance(event, audiosocket.Dtmf):
                    keys.put_nowait(event.digit)

        reading = asyncio.create_task(read_events())
        heard.put_nowait(b"".join([frame.payload async for frame in call.frames()]))
        await reading
        heard.put_nowait(call.end_reason)

    audio = little(TEN_FRAMES)
    frames = [b"\x10\x01\x40" + audio[start : start + 320] for start in range(0, len(audio), 320)]
    stream = HELLO + b"".join(frames[:5]) + b"\x03\x00\x01#" + b"".join(frames[5:]) + HANGUP
    async with serving(handler) as server:
        peer = await Asterisk.dial(server, *(stream[start : start + size] for start in range(0, len(stream), size)))
        assert await heard.get() == audio
        assert await keys.get() == "#"
        assert await heard.get() is EndReason.STOPPED
        await peer.close()


async def test_what_we_say_comes_in_frames_of_20_ms_and_ends_with_a_hangup():
    async def handler(call):
        await call.write(TEN_FRAMES[:1000])
        await call.write(TEN_FRAMES[1000:])

    async with serving(handler) as server:
        peer = await Asterisk.dial(server, HELLO)
        frames = []
        while (frame := await peer.frame()) is not None:
            frames.append(frame)
        assert frames.pop() == (0x00, b"")
        assert {(kind, len(payload)) for kind, payload in frames} == {(0x10, 320)}
        assert b"".join(payload for _, payload in frames if any(payload)) == little(TEN_FRAMES)
        await peer.close()


class TestEnds:
    async def how(self, end):
        """Return how a call ended whose peer did *end* to its connection."""
        calls, reasons = asyncio.Queue(), asyncio.Queue()

        async def handler(call):
            calls.put_nowait(call)
            reasons.put_nowait(await call.wait_ended())

        async with serving(handler) as server:
            peer = await Asterisk.dial(server, HELLO)
            await calls.get()
            await end(peer)
            reason = await reasons.get()
            await peer.close()
        return reason

    async def test_a_closed_connection_is_a_goodbye(self):
        assert await self.how(lambda peer: peer.end()) is EndReason.STOPPED

    async def test_a_closed_connection_within_a_frame_is_a_drop(self):
        async def end(peer):
            await peer.say(b"\x10\x01\x40" + bytes(100))
            await peer.end()

        assert await self.how(end) is EndReason.DROPPED

    async def test_a_reset_is_a_goodbye_of_who_had_not_read_all(self):
        async def end(peer):
            # Linger for no time: the system sends a reset instead of a goodbye.
            raw = peer.writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.writer.transport.abort()

        assert await self.how(end) is EndReason.STOPPED

    async def test_an_error_is_a_refusal(self):
        async def end(peer):
            await peer.say(b"\xff\x00\x01\x04")
            await peer.end()

        assert await self.how(end) is EndReason.REFUSED

    async def test_a_stopping_server_hangs_up(self):
        calls = asyncio.Queue()

        async def handler(call):
            calls.put_nowait(call)
            await call.wait_ended()

        async with serving(handler) as server:
            peer = await Asterisk.dial(server, HELLO)
            await calls.get()
            await server.close()
            frames = []
            while (frame := await peer.frame()) is not None:
                frames.append(frame)
            assert frames[-1] == (0x00, b"")
            await peer.close()

    async def test_a_handler_that_does_not_end_is_cancelled(self):
        calls, cancelled = asyncio.Queue(), asyncio.Event()

        async def handler(call):
            calls.put_nowait(call)
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()

        async with serving(handler) as server:
            peer = await Asterisk.dial(server, HELLO)
            waiting = await Asterisk.dial(server)
            await calls.get()
            await server.close(drain_s=0.01)
            assert cancelled.is_set()
            assert await waiting.frame() is None
            for each in (peer, waiting):
                await each.close()
        assert server.refused == {phonewire.Refusal.STOPPING: 1}

    async def test_a_handler_that_raises_ends_its_own_call_only(self, caplog, eventually):
        other = asyncio.Event()

        async def handler(call):
            if call.id == UUID:
                raise RuntimeError("no")
            other.set()
            await call.wait_ended()

        async with serving(handler) as server:
            second = await Asterisk.dial(server, b"\x01\x00\x10" + bytes(16))
            await other.wait()
            first = await Asterisk.dial(server, HELLO)
            while await first.frame() is not None:
                pass
            await eventually(lambda: (server.handler_errors, len(server.calls)) == (1, 1))
            await first.close()
            await second.close()


class TestWhoMayCall:
    async def refused(self, *pieces, **options):
        """Return why a peer was sent away that says *pieces* and waits."""

        async def handler(call):
            raise AssertionError("there is no call")

        async with serving(handler, **options) as server:
            peer = await Asterisk.dial(server)
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    await peer.say(piece)
            assert await peer.frame() is None
            await peer.close()
            assert server.handler_errors == 0
            assert not server.calls
            return dict(server.refused)

    async def test_a_call_that_nobody_expects(self):
        assert await self.refused(HELLO, call_ids={"00000000-0000-0000-0000-000000000000"}) == {
            phonewire.Refusal.UNEXPECTED_CALL: 1
        }

    async def test_a_call_that_a_function_does_not_expect(self):
        async def expects(call_id):
            return call_id != UUID

        assert await self.refused(HELLO, call_ids=expects) == {phonewire.Refusal.UNEXPECTED_CALL: 1}

    async def test_an_address_that_is_not_listed(self):
        assert await self.refused(HELLO, addresses=["10.0.0.0/8"]) == {phonewire.Refusal.UNAUTHENTICATED: 1}

    async def test_no_uuid_in_time(self):
        limits = phonewire.Limits(start_s=0.02)
        for pieces in ([], [b"\x01\x00"], [HELLO[:18]], [b"GET / HTTP/1.1\r\n\r\n"]):
            assert await self.refused(*pieces, limits=limits) == {phonewire.Refusal.NO_START: 1}

    @pytest.mark.parametrize("first", [b"\x10\x00\x02ab", b"\x01\x00\x02ab", HANGUP, b"\x77\x00\x00", HANGUP * 20_000])
    async def test_who_begins_with_something_else(self, first):
        assert await self.refused(first, HELLO) == {phonewire.Refusal.BROKE_PROTOCOL: 1}

    async def test_who_is_expected_may_call(self):
        calls, expected = asyncio.Queue(), set()

        async def handler(call):
            calls.put_nowait(call)

        async with serving(handler, call_ids=expected, addresses=["127.0.0.1"]) as server:
            expected.add(UUID)  # as calls are placed
            async with phonewire.connect_audiosocket("127.0.0.1", server.port, call_id=UUID):
                assert (await calls.get()).id == UUID
            assert not server.refused

    async def test_an_address_has_a_bounded_number_of_connections_without_a_call(self):
        calls = asyncio.Queue()

        async def handler(call):
            calls.put_nowait(call)
            await call.wait_ended()

        async with serving(handler, limits=phonewire.Limits(unauthenticated_per_address=2)) as server:
            peers = [await Asterisk.dial(server) for _ in range(3)]
            assert await peers[2].frame() is None
            assert server.refused == {phonewire.Refusal.TOO_MANY_FROM_ADDRESS: 1}
            await peers[0].say(HELLO)
            await calls.get()
            peers.append(await Asterisk.dial(server, HELLO))  # a call has made room
            await calls.get()
            for peer in peers:
                await peer.close()

    def test_nothing_is_left_to_chance(self):
        with pytest.raises(TypeError, match="call_ids"):
            phonewire.serve_audiosocket(echo)
        with pytest.raises(ValueError, match="AudioSocket carries s16le"):
            phonewire.serve_audiosocket(echo, call_ids=None, addresses=None, media_format=MediaFormat())
        with pytest.raises(ValueError, match="does not appear to be"):
            phonewire.serve_audiosocket(echo, call_ids=None, addresses=["nowhere"])


async def test_a_client_needs_a_uuid_and_a_server():
    with pytest.raises(LocalProtocolError, match="is a UUID"):
        async with phonewire.connect_audiosocket("127.0.0.1", 1, call_id="CA1"):
            pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        async with phonewire.connect_audiosocket("127.0.0.1", port):
            pass


async def test_who_does_not_answer_in_time_is_named_with_the_time(monkeypatch):
    async def never(*args, **kwargs):
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    with pytest.raises(TimeoutError, match=r"^no connection within 0\.01 s$"):
        async with phonewire.connect_audiosocket("127.0.0.1", 9, open_timeout_s=0.01):
            pass


async def test_other_rates():
    s16_16 = MediaFormat("s16le", 16_000)
    async with (
        serving(echo, media_format=s16_16) as server,
        phonewire.connect_audiosocket("127.0.0.1", server.port, media_format=s16_16) as call,
    ):
        await call.write(TEN_FRAMES)
        heard = b""
        async for frame in call.frames():
            assert len(frame.payload) == 640
            heard += frame.pcm if any(frame.pcm) else b""
            if len(heard) >= len(TEN_FRAMES):
                break
        assert heard == TEN_FRAMES


class Socket(asyncio.Transport):
    """What asyncio gives a protocol, without a network."""

    def __init__(self):
        super().__init__()
        self.writes, self.paused, self.closing = [], False, False

    def get_extra_info(self, name, default=None):
        return ("127.0.0.1", 5060) if name == "peername" else default

    def write(self, data):
        self.writes.append(data)

    def is_closing(self):
        return self.closing

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False

    def get_write_buffer_size(self):
        return 7

    def close(self):
        self.closing = True

    abort = close


class TestTransport:
    async def test_each_frame_is_one_write(self):
        transport, raw = TcpTransport(), Socket()
        assert not transport.write(HANGUP, False)
        transport.connection_made(raw)
        engine = audiosocket.Connection(audiosocket.Side.CLIENT)
        engine.send(audiosocket.Start(UUID))
        for _ in range(50):
            engine.send_audio(TEN_FRAMES[:320])
        for data, text in engine.data_to_send():
            assert transport.write(data, text)
        assert [len(data) for data in raw.writes] == [19] + [323] * 50
        assert (transport.peer, transport.address, transport.buffered_bytes) == ("127.0.0.1:5060", "127.0.0.1", 7)
        raw.closing = True
        assert not transport.write(HANGUP, False)

    def read(self, transport, data):
        """Do what asyncio does with data that came."""
        transport.get_buffer(-1)[: len(data)] = data
        transport.buffer_updated(len(data))

    async def test_who_sends_faster_than_is_read_waits(self):
        transport, raw = TcpTransport(), Socket()
        transport.connection_made(raw)
        for _ in range(16):
            self.read(transport, bytes(4096))
        assert not raw.paused
        self.read(transport, b"x")
        assert raw.paused
        sizes = []
        while raw.paused:
            sizes.append(len((await transport.receive())[0]))
        assert sizes == [4096] * 16 + [1]

    async def test_who_sends_much_lets_others_have_their_turn(self):
        transport = TcpTransport()
        transport.connection_made(Socket())
        for _ in range(3):
            self.read(transport, b"x")
        turns = []

        async def others():
            while True:
                turns.append(None)
                await asyncio.sleep(0)

        other = asyncio.create_task(others())
        for _ in range(3):
            await transport.receive()
        assert len(turns) == 2
        other.cancel()

    async def test_what_came_before_the_end_is_read_first(self):
        transport = TcpTransport()
        transport.connection_made(Socket())
        self.read(transport, b"a")
        self.read(transport, b"b")
        transport.eof_received()
        transport.connection_lost(None)
        assert [await transport.receive(), await transport.receive()] == [(b"a", False), (b"b", False)]
        for _ in range(2):
            with pytest.raises(TransportClosed) as closed:
                await transport.receive()
            assert closed.value.code == 1000

    @pytest.mark.parametrize(
        ("exc", "code"),
        [
            (None, 1000),
            (ConnectionResetError(), 1000),
            (BrokenPipeError(), 1000),
            (TimeoutError(), 1006),
            (OSError(), 1006),
        ],
    )
    async def test_a_peer_that_is_gone_said_no_goodbye(self, exc, code):
        transport = TcpTransport()
        transport.connection_made(Socket())
        reading = asyncio.create_task(transport.receive())
        await asyncio.sleep(0)
        transport.connection_lost(exc)
        with pytest.raises(TransportClosed) as closed:
            await reading
        assert closed.value.code == code

    async def test_a_full_socket_makes_us_wait(self):
        transport = TcpTransport()
        transport.connection_made(Socket())
        transport.pause_writing()
        waiting = asyncio.create_task(transport.drain())
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waiting.done()
        transport.resume_writing()
        await waiting

    async def test_who_does_not_close_is_cut_off(self):
        transport, raw = TcpTransport(close_s=0.001), Socket()
        await transport.close()  # never connected
        transport.connection_made(raw)
        self.read(transport, b"late")
        await transport.close()
        assert raw.closing
        self.read(transport, b"later")
        assert await transport.receive() == (b"late", False)
        with pytest.raises(TransportClosed):
            await transport.receive()


@pytest.mark.parametrize(
    ("level", "name", "least"),
    [
        (socket.IPPROTO_TCP, "TCP_NODELAY", 1),
        (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
        (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 10),
        (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 10_000),
    ],
)
async def test_sockets_find_out_that_a_peer_is_gone(level, name, least):
    if not hasattr(socket, name):
        pytest.skip(f"this system has no {name}")
    values = asyncio.Queue()

    class Watched(TcpTransport):
        def connection_made(self, transport):
            super().connection_made(transport)
            values.put_nowait(transport.get_extra_info("socket").getsockopt(level, getattr(socket, name)))

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Watched, "127.0.0.1", 0)
    _, protocol = await loop.create_connection(Watched, *server.sockets[0].getsockname())
    for _ in range(2):  # both ends
        assert await values.get() >= least
    await protocol.close()
    server.close()

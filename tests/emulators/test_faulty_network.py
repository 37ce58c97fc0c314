"""The faulty network, over real sockets and on the fake clock: each fault does what it says, to the byte."""

import asyncio
import contextlib
import random

import pytest

from phonewire.emulators.faulty_network import Faults, FaultyNetwork

DATA = random.Random(1).randbytes(200_000)


class Server:
    """Keeps what it reads, in the pieces in which it came, and answers each with what it is told to."""

    def __init__(self):
        self.pieces = []
        self.ends = []
        self.answer = lambda piece: piece
        self.done = asyncio.Event()

    @property
    def data(self):
        return b"".join(self.pieces)

    async def take(self, reader, writer):
        try:
            while piece := await reader.read(100_000):
                self.pieces.append(piece)
                writer.write(self.answer(piece))
                await writer.drain()
            self.ends.append("closed")
        except ConnectionError:
            self.ends.append("reset")
        finally:
            writer.close()
            self.done.set()


@contextlib.asynccontextmanager
async def through(**options):
    """Dial an echo server through the network."""
    server = Server()
    async with await asyncio.start_server(server.take, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with FaultyNetwork(f"ws://localhost:{port}/path?query", **options) as network:
            assert network.url.endswith("/path?query")
            reader, writer = await asyncio.open_connection("127.0.0.1", int(network.url.split(":")[2].split("/")[0]))
            yield server, network, reader, writer
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def test_without_faults_everything_passes_both_ways():
    async with through() as (server, network, reader, writer):
        writer.write(DATA)
        writer.write_eof()
        assert await reader.read() == DATA
        assert server.data == DATA
        assert (network.to_server_bytes, network.to_client_bytes) == (len(DATA), len(DATA))
        assert (network.connections, network.resets) == (1, 0)


@pytest.mark.parametrize("after", [0, 1, 12_345, 200_000])
async def test_a_cut_is_a_reset_at_both_ends_after_exactly_so_many_bytes(after):
    async with through(to_server=Faults(cut_after_bytes=after)) as (server, network, reader, writer):
        server.answer = lambda piece: b""
        writer.write(DATA + b"more")
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await server.done.wait()
        assert server.ends == ["reset"]
        assert DATA.startswith(server.data), "a reset may overtake what was not read"
        assert network.to_server_bytes == after
        assert network.resets == 1


async def test_a_cut_from_outside():
    async with through() as (server, network, reader, writer):
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        await network.cut()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        await server.done.wait()


async def test_half_a_connection_can_close_and_the_other_half_goes_on():
    async with through(to_server=Faults(half_close_after_bytes=1000)) as (server, _network, reader, writer):
        server.answer = lambda piece: piece * 3
        writer.write(DATA)
        assert await reader.read() == b"".join(piece * 3 for piece in server.pieces)
        assert server.data == DATA[:1000]
        assert server.ends == ["closed"]


async def test_bytes_dribble():
    async with through(to_server=Faults(dribble_bytes=7)) as (server, _network, reader, writer):
        writer.write(DATA[:700])
        writer.write_eof()
        assert await reader.read() == DATA[:700]
        assert server.data == DATA[:700]


def test_dribbled_bytes_are_read_by_the_piece(on_fake_clock):
    async def main():
        async with through(to_server=Faults(dribble_bytes=7)) as (server, _network, reader, writer):
            writer.write(DATA[:700])
            assert await reader.readexactly(700) == DATA[:700]
            assert [len(piece) for piece in server.pieces] == [7] * 100

    on_fake_clock(main)


def test_bytes_take_their_time_and_none_overtakes_another(on_fake_clock):
    async def main():
        loop = asyncio.get_running_loop()
        delays = Faults(delay_ms=(100, 300))
        async with through(to_server=delays, seed=7) as (_server, _network, reader, writer):
            took_ms = []
            for byte in range(50):
                sent_s = loop.time()
                writer.write(bytes([byte]))
                assert await reader.readexactly(1) == bytes([byte])
                took_ms.append((loop.time() - sent_s) * 1000)
            assert 100 <= min(took_ms) < 120
            assert 280 < max(took_ms) <= 300
            start_s = loop.time()
            for byte in range(50):
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
            assert await reader.readexactly(50) == bytes(range(50))
            assert loop.time() - start_s <= 0.3, "a delay is no bandwidth"

    on_fake_clock(main)


def test_bytes_stall_and_go_on(on_fake_clock):
    async def main():
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        stall = Faults(stall_after_bytes=1000, stall_s=30)
        async with through(to_server=stall) as (_server, _network, reader, writer):
            writer.write(DATA[:3000])
            assert await reader.readexactly(1000) == DATA[:1000]
            assert loop.time() == start_s
            assert await reader.readexactly(2000) == DATA[1000:3000]
            assert loop.time() == pytest.approx(start_s + 30)

    on_fake_clock(main)


def test_bytes_stall_for_ever(on_fake_clock):
    async def main():
        async with through(to_server=Faults(stall_after_bytes=10)) as (_server, network, reader, writer):
            writer.write(DATA)
            assert await reader.readexactly(10) == DATA[:10]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(500):
                    await reader.read()
            assert network.to_server_bytes == 10

    on_fake_clock(main)


def bits(one, other):
    return [(a ^ b).bit_count() for a, b in zip(one, other, strict=True)]


async def test_some_bits_are_wrong():
    async with through(to_server=Faults(corrupt_every_bytes=1000)) as (_server, _network, reader, writer):
        writer.write(DATA)
        writer.write_eof()
        arrived = await reader.read()
        wrong = bits(arrived, DATA)
        assert set(wrong) == {0, 1}
        assert 150 < sum(wrong) < 250


@pytest.mark.parametrize("piece", [10, 1000, 200_000])
def test_what_is_wrong_depends_on_the_seed_and_not_on_the_pieces(on_fake_clock, piece):
    async def arrived(seed, size):
        faults = Faults(corrupt_every_bytes=500, cut_after_bytes=(5000, 150_000))
        async with through(to_server=faults, seed=seed) as (server, _network, _reader, writer):
            for start in range(0, len(DATA), size):
                writer.write(DATA[start : start + size])
                await asyncio.sleep(0)
            await server.done.wait()
            return server.data

    async def main():
        one = await arrived(1, piece)
        assert one == await arrived(1, 77_777)
        assert one != await arrived(2, piece)
        assert 5000 <= len(one) <= 150_000

    on_fake_clock(main)


async def test_nobody_answers():
    async with FaultyNetwork("ws://127.0.0.1:1/") as network:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(network.url.split(":")[2].strip("/")))
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

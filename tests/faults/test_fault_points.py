"""Every named fault, one at a time, in a server that does all that a server can do."""

import asyncio
import random
import re
from collections import Counter
from pathlib import Path

import pytest
from websockets.utils import accept_key

import phonewire
from phonewire.aio.faults import FAULTS, fault, injected

SOURCE = Path(__file__).parents[2] / "src" / "phonewire"


class Planted(OSError):
    """What a test lets fail; the system's errors are of this class."""


class Once:
    """Fails at the n-th time that a place is passed."""

    def __init__(self, name, nth=1, error=Planted):
        self.name, self.left, self.error = name, nth, error
        self.fired = False

    def __call__(self, name):
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                self.fired = True
                raise self.error(5, f"planted at {name}")


def test_every_place_is_in_the_source():
    source = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    places = re.findall(r'\bfault(?:s\.hook)?\("([\w.]+)"\)', source)
    assert set(places) == set(FAULTS)
    assert len(FAULTS) >= 20


def test_off_it_does_nothing():
    assert fault("disk.write") is None


def test_without_a_fault_everything_works(on_fake_clock, world, same_as_before):
    seen = set()

    async def main():
        async with same_as_before(), world.serve() as server:
            assert await world.everything(server) == []
            assert sorted(world.completed) == ["CA1", "peak"]
            assert server.handler_errors == 0

    with injected(seen.add):
        on_fake_clock(main)
    assert seen == set(FAULTS), "what follows would test nothing"


# When a server is there before anything goes wrong
async def is_as_good_as_before(server, world):
    assert server.calls == set()
    assert all(call.end_reason is not None for call in world.calls)
    world.completed.clear()
    assert await world.everything(server) == [], "the server is as good as before"
    assert sorted(world.completed) == ["CA1", "peak"]


RUNNING = sorted(set(FAULTS) - {"server.listen", "pages.listen"})


@pytest.mark.parametrize("nth", [1, 4])
@pytest.mark.parametrize("name", RUNNING)
def test_one_fault_harms_its_own_call_at_most_and_leaves_nothing(on_fake_clock, world, same_as_before, name, nth):
    once = Once(name, nth)

    async def main():
        async with same_as_before(), world.serve() as server:
            with injected(once):
                await world.everything(server)
            await is_as_good_as_before(server, world)

    on_fake_clock(main)
    assert once.fired or nth > 1


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_recording_that_gets_no_thread_any_more_is_closed_all_the_same(on_fake_clock, world, same_as_before, nth):
    """The first failure ends the recording; the next meets what should let its files go."""
    passed = 0

    def no_thread(name):
        nonlocal passed
        if name == "disk.thread":
            passed += 1
            if passed >= nth:
                raise Planted(11, "planted at disk.thread")

    async def main():
        async with same_as_before(), world.serve() as server:
            with injected(no_thread):
                await world.everything(server)
            await is_as_good_as_before(server, world)

    on_fake_clock(main)
    assert passed > nth


class Sometimes:
    """Fails at one passing of a hundred, wherever that is."""

    def __init__(self, seed):
        self.chance, self.fired = random.Random(seed), Counter()

    def __call__(self, name):
        if self.chance.random() < 0.01:
            self.fired[name] += 1
            raise Planted(5, f"planted at {name}")


def test_200_calls_in_which_each_place_fails_at_one_passing_of_a_hundred(on_fake_clock, world, same_as_before):
    sometimes = Sometimes(seed=4)

    async def main():
        async with same_as_before(), world.serve() as server:
            with injected(sometimes):
                for _ in range(67):  # three calls each
                    await world.everything(server)
            await asyncio.sleep(1)  # of the last call: its handler has its own end
            await is_as_good_as_before(server, world)

    on_fake_clock(main)
    assert len(sometimes.fired) >= 8, "many places had their turn"


@pytest.mark.parametrize("name", ["server.listen", "pages.listen"])
def test_a_server_that_cannot_listen_leaves_nothing(on_fake_clock, world, same_as_before, name):
    async def main():
        async with same_as_before():
            with injected(Once(name)), pytest.raises(Planted):
                async with world.serve():
                    pass
            async with world.serve() as server:
                assert await world.everything(server) == []

    on_fake_clock(main)


@pytest.mark.parametrize("kind", ["audiosocket", "das-peak"])
def test_a_client_that_gets_no_call_lets_its_connection_go(on_fake_clock, same_as_before, kind):
    """The far end waits for ever: nothing but the client ends the connection."""

    async def upgrade(reader, writer):
        if kind == "das-peak":
            key = (await reader.readuntil(b"\r\n\r\n")).partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
            writer.write(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
            writer.write(accept_key(key.decode()).encode() + b"\r\n\r\n")
            heard.append((await reader.readexactly(8))[:1])
            writer.write(b"\x88\x02" + (1011).to_bytes(2, "big"))
        heard.append(await reader.read())
        gone.set()
        writer.close()

    def dial(port):
        if kind == "audiosocket":
            return phonewire.connect_audiosocket("127.0.0.1", port)
        return phonewire.connect(f"ws://127.0.0.1:{port}/", protocol="das-peak", call_id="peak")

    async def main():
        async with same_as_before():
            server = await asyncio.start_server(upgrade, "127.0.0.1", 0)
            with injected(Once("client.call")), pytest.raises(Planted):
                async with dial(server.sockets[0].getsockname()[1]):
                    pass
            async with asyncio.timeout(1):
                await gone.wait()
            server.close()

    heard, gone = [], asyncio.Event()
    on_fake_clock(main)
    assert heard[0] in (b"", b"\x88"), "nothing but the goodbye"

"""What Asterisk hears first: something at once, then a frame every 20 ms, each in one write; on the fake clock."""

import asyncio
import itertools

import pytest

import phonewire
from phonewire.aio.transports.tcp import TcpTransport

HELLO = b"\x01\x00\x10" + bytes(range(16))
SPEECH = b"\x11\x11" * 1600


async def quiet(call):
    await call.wait_ended()


async def speaks(call):
    await call.write(SPEECH)
    await call.wait_ended()


@pytest.mark.parametrize("delay_ms", [0, 3, 11.7, 19])
@pytest.mark.parametrize("handler", [quiet, speaks])
def test_the_first_frame_comes_at_once_and_the_others_every_20_ms(virtual, monkeypatch, handler, delay_ms):
    writes = []
    write = TcpTransport.write
    monkeypatch.setattr(TcpTransport, "write", lambda self, *data: writes.append(data[0]) or write(self, *data))

    async def main():
        loop = asyncio.get_running_loop()
        async with phonewire.serve_audiosocket(handler, call_ids=None, addresses=None) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.sleep(delay_ms / 1000)
            said, frames, times = loop.time(), [], []
            writer.write(HELLO)
            for _ in range(50):
                frames.append(await reader.readexactly(323))
                times.append(loop.time() - said)
            writer.close()
        assert {frame[:3] for frame in frames} == {b"\x10\x01\x40"}
        assert writes[:50] == frames
        assert times[0] < 0.001
        assert 0 < times[1] <= 0.0205  # the call's place on the clock that all calls share
        assert max(abs(after - at - 0.02) for at, after in itertools.pairwise(times[1:])) < 0.002
        heard = b"".join(frame[3:] for frame in frames)
        assert heard == (bytes(320) + SPEECH).ljust(50 * 320, b"\0") if handler is speaks else not any(heard)

    virtual(main())

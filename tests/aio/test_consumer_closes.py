"""The das-Peak consumer closes while we send, anywhere in the stream: success, with the right count."""

import asyncio
import base64
import gc
import hashlib
import logging
import struct
from collections import Counter

import pytest

import phonewire
from phonewire.protocols.connection import EndReason

PIECE = 768  # bytes of audio in a message: 96 ms
BOUNDARIES = 500
BEYOND = 20  # messages that there are beyond what the consumer wants; about three of them are under way when it closes


class Consumer:
    """A server of raw bytes: upgrades, takes *enough* bytes of frames, says goodbye, and reads on up to ours.

    Attributes:
        counts: whole frames that came up to the client's goodbye, by opcode.
        rest: bytes that came after them.
    """

    def __init__(self, tls, enough, *, reset=False):
        self.tls = tls
        self.enough = enough
        self.reset = reset
        self.counts = Counter()
        self.rest = b""

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0, ssl=self.tls)
        self.url = f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/daspeak-stream/v1/twilio"
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def serve(self, reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        (key,) = (line[19:] for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(b"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        writer.write(accept + b"\r\n\r\n")
        self.take(await reader.readexactly(self.enough))
        if self.reset:
            writer.transport.abort()  # what lies unread makes it a reset
            return
        writer.write(b"\x88\x02" + struct.pack("!H", 1000))
        while not self.counts[8]:
            self.take(await reader.read(65_536))
        writer.close()

    def take(self, data):
        """Count whole frames."""
        rest = memoryview(self.rest + data)
        while len(rest) >= 8:
            size, head = (rest[1] & 0x7F, 6) if rest[1] & 0x7F < 126 else (int.from_bytes(rest[2:4], "big"), 8)
            if len(rest) < head + size:
                break
            self.counts[rest[0] & 0xF] += 1
            rest = rest[head + size :]
        self.rest = bytes(rest)


START_BYTES = 8 + len('{"event":"start","start":{"callSid":"4fd9e9af"}}') - 2  # a short frame: 6 bytes of header
MESSAGE_BYTES = 8 + len('{"event":"media","media":{"payload":""}}') + 1024


@pytest.fixture
def no_complaints(caplog):
    """See that nobody complained, asyncio included: it logs what a task raised and nobody fetched."""
    yield
    gc.collect()  # which it says when the task goes
    assert not [each for each in caplog.get_records("call") if each.levelno > logging.INFO]


async def send_all(url, messages):
    async with phonewire.connect(url, call_id="4fd9e9af") as call:
        await call.write_payload(b"\x55" * PIECE * messages)
        reason = await call.wait_ended()
    return call, reason


async def check(tls, messages, into=0):
    """Send more than the consumer wants, and compare our count with what it got up to our goodbye.

    Return whether it closed while there was still something to send, as it should nearly always.
    """
    wanted = messages + BEYOND
    async with Consumer(tls, START_BYTES + messages * MESSAGE_BYTES + into) as consumer:
        call, reason = await send_all(consumer.url, wanted)
    stats = call.stats()
    assert reason is EndReason.COMPLETED
    assert call.close_code == 1000
    assert consumer.counts == {1: 1 + stats.frames_out, 8: 1}
    assert consumer.rest == b""
    assert stats.frames_out >= messages + (into > 0)
    assert stats.ms_out == stats.frames_out * 96
    assert stats.ms_out + stats.unsent_ms == wanted * 96
    return stats.unsent_ms > 0


@pytest.mark.usefixtures("no_complaints")
async def test_over_tcp_at_the_first_20_and_every_fifth_of_500_boundaries(tls):
    boundaries = [*range(1, 20), *range(20, BOUNDARIES + 1, 5)]
    still_sending = [await check(tls, messages) for messages in boundaries]
    assert sum(still_sending) > len(boundaries) // 2


@pytest.mark.usefixtures("no_complaints")
@pytest.mark.parametrize("into", [1, 7, 8, 500, MESSAGE_BYTES - 1])
async def test_over_tcp_in_mid_frame(tls, into):
    assert any([await check(tls, messages, into) for messages in (1, 2, 3, 10, 64, 200)])


@pytest.mark.usefixtures("no_complaints")
async def test_over_tcp_reset_with_our_audio_unread(tls):
    for messages in range(1, 100, 7):
        async with Consumer(tls, START_BYTES + messages * MESSAGE_BYTES + 3, reset=True) as consumer:
            call, reason = await send_all(consumer.url, 400)
        stats = call.stats()
        assert reason is EndReason.COMPLETED
        assert call.close_code == 1006
        assert stats.frames_out > messages
        assert stats.ms_out + stats.unsent_ms == 400 * 96


@pytest.mark.usefixtures("no_complaints")
def test_at_each_of_500_boundaries(virtual, tls, capsys):
    """The whole client, and the fake clock's network."""

    async def main():
        return [await check(tls, messages) for messages in boundaries]

    boundaries = range(1, BOUNDARIES + 1, 25 if tls else 1)  # over TLS all of them would take 20 s
    still_sending = virtual(main())
    assert sum(still_sending) > len(boundaries) * 0.9
    with capsys.disabled():
        wire = "WebSocket over TLS" if tls else "WebSocket"
        print(f" [{wire} closed at {len(boundaries)} message boundaries: {len(still_sending)} counts right] ", end="")

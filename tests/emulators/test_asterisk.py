"""Asterisk's side, against servers that write bytes, on the fake clock."""

import asyncio
import contextlib
import math
import struct
import uuid

import pytest

from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.errors import LocalProtocolError
from phonewire.wav import WavInfo, WavWriter

SPEECH = struct.pack("=1600h", *(round(9000 * math.sin(n / 9)) for n in range(1600)))  # 200 ms
LITTLE = struct.pack("<1600h", *struct.unpack("=1600h", SPEECH))
RATES_HZ = {0x10: 8000, 0x11: 12_000, 0x12: 16_000, 0x13: 24_000, 0x14: 32_000, 0x15: 44_100, 0x16: 48_000}
RATES_HZ |= {0x17: 96_000, 0x18: 192_000}


def frame(kind, payload=b""):
    return struct.pack(">BH", kind, len(payload)) + payload


class Server:
    """Keeps every frame and when it came."""

    def __init__(self):
        self.frames, self.times_ms = [], []
        self.over = asyncio.Event()
        self.up = asyncio.Event()

    async def take(self, reader, writer):
        self.write, self.close, start_s = writer.write, writer.close, asyncio.get_running_loop().time()
        self.up.set()
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind, size = struct.unpack(">BH", await reader.readexactly(3))
                self.frames.append((kind, await reader.readexactly(size)))
                self.times_ms.append((asyncio.get_running_loop().time() - start_s) * 1000)
        self.over.set()
        writer.close()

    def of(self, kind):
        return [payload for each, payload in self.frames if each == kind]


@contextlib.asynccontextmanager
async def calling(**options):
    server = Server()
    async with await asyncio.start_server(server.take, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with AsteriskCaller("127.0.0.1", port, **options) as phone:
            await server.up.wait()
            yield phone, server


def test_the_uuid_then_20_ms_every_20_ms_and_a_hangup(on_fake_clock):
    async def main():
        async with calling() as (phone, server):
            await phone.say(SPEECH)
            await asyncio.sleep(1)
            await phone.hang_up()
            await server.over.wait()
        assert server.frames[0] == (0x01, uuid.UUID(phone.call_id).bytes)
        assert server.frames[-1] == (0x00, b"")
        assert {(kind, len(payload)) for kind, payload in server.frames[1:-1]} == {(0x10, 320)}
        assert LITTLE in b"".join(server.of(0x10))
        assert phone.said.replace(SPEECH, b"") == bytes(len(phone.said) - len(SPEECH))
        gaps_ms = [after - before for before, after in zip(server.times_ms[1:-2], server.times_ms[2:-1], strict=True)]
        assert gaps_ms == pytest.approx([20] * len(gaps_ms), abs=0.01)

    on_fake_clock(main)


@pytest.mark.parametrize(("kind", "rate_hz"), RATES_HZ.items())
def test_each_kind_of_audio_both_ways(on_fake_clock, tmp_path, kind, rate_hz):
    async def main():
        with WavWriter(tmp_path / "hello.wav", WavInfo("s16le", rate_hz, 1)) as writer:
            writer.write(LITTLE)
        async with calling(sample_rate_hz=rate_hz) as (phone, server):
            await phone.say(tmp_path / "hello.wav")
            server.write(frame(kind, LITTLE[:640]))
            await phone.until(lambda: phone.heard)
            assert phone.heard == SPEECH[:640]
            assert phone.frame_sizes == [320]
            await phone.hang_up()
            await server.over.wait()
        sent = server.of(kind)
        assert {len(payload) for payload in sent} == {2 * rate_hz // 50}
        assert LITTLE in b"".join(sent)

    on_fake_clock(main)


def test_audio_of_another_rate_is_no_error_and_is_not_heard(on_fake_clock):
    async def main():
        async with calling() as (phone, server):
            server.write(frame(0x12, bytes(640)) + frame(0x10, LITTLE[:320]))
            await phone.until(lambda: phone.heard)
            assert (phone.heard, phone.other_rates, phone.error) == (SPEECH[:320], {16_000: 1}, None)

    on_fake_clock(main)


def test_keys(on_fake_clock):
    async def main():
        async with calling() as (phone, server):
            await phone.press("5#A")
            with pytest.raises(LocalProtocolError, match="'x'"):
                await phone.press("1x")
            await phone.hang_up()
            await server.over.wait()
        assert server.of(0x03) == [b"5", b"#", b"A"]

    on_fake_clock(main)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (frame(0x10), "empty"),
        (frame(0x03, b"5"), "kind 0x03"),
        (frame(0x01, bytes(16)), "kind 0x01"),
        (frame(0x02, b""), "kind 0x02"),
        (frame(0xFF, b"\1"), "kind 0xff"),
        (frame(0x19, bytes(320)), "kind 0x19"),
        (b"RIFF" + bytes(40), "kind 0x52"),
    ],
)
def test_a_frame_that_asterisk_does_not_take_ends_the_call(on_fake_clock, message, why):
    async def main():
        async with calling() as (phone, server):
            server.write(frame(0x10, LITTLE[:320]) + message + frame(0x10, LITTLE[:320]))
            await phone.wait_closed()
            assert why in phone.error
            assert phone.heard == SPEECH[:320]
            await server.over.wait()
            assert server.frames[-1] == (0xFF, b"\x02")

    on_fake_clock(main)


@pytest.mark.parametrize(("late_s", "ends"), [(0.004, False), (0.006, True)])
@pytest.mark.parametrize("size", [1, 2, 3, 322])
def test_the_rest_of_a_frame_may_be_late_by_5_ms(on_fake_clock, late_s, ends, size):
    async def main():
        whole = frame(0x10, LITTLE[:320])
        async with calling() as (phone, server):
            for _ in range(3):
                server.write(whole)
                server.write(whole[:size])
                await asyncio.sleep(late_s)
                server.write(whole[size:])
                await asyncio.sleep(0.02)
            assert (phone.error == "the rest of a frame came over 5 ms late") is ends
            assert len(phone.frame_sizes) == (1 if ends else 6)

    on_fake_clock(main)


def test_the_server_hangs_up_or_closes(on_fake_clock):
    async def main():
        async with calling() as (phone, server):
            server.write(frame(0x10, LITTLE[:320]) + frame(0x00) + frame(0x10, LITTLE[:320]))
            await phone.wait_closed()
            assert (phone.hung_up, phone.error, phone.heard) == (True, None, SPEECH[:320])
            await phone.hang_up()
            await phone.say(SPEECH)
        async with calling() as (phone, server):
            server.close()
            await phone.wait_closed()
            assert (phone.hung_up, phone.error) == (False, None)
            with pytest.raises(ConnectionError, match="over"):
                await phone.until(lambda: False)

    on_fake_clock(main)


def test_a_caller_can_vanish(on_fake_clock):
    async def main():
        async with calling() as (phone, server):
            await phone.drop()
            await server.over.wait()
        assert server.frames[-1][0] != 0x00

    on_fake_clock(main)


@pytest.mark.parametrize(("options", "what"), [({"call_id": "7"}, "UUID"), ({"sample_rate_hz": 11_025}, "11025")])
def test_what_audiosocket_does_not_have_is_refused_before_anything_is_dialled(options, what):
    with pytest.raises(ValueError, match=what):
        AsteriskCaller("127.0.0.1", 1, **options)


async def test_it_dials_over_real_sockets_too():
    async with calling() as (phone, server):
        server.write(frame(0x10, LITTLE[:320]))
        await phone.until(lambda: phone.heard)
        await phone.hang_up()
        await server.over.wait()
    assert server.frames[0][0] == 0x01
    assert server.frames[-1] == (0x00, b"")

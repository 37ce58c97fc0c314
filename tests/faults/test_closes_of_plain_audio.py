"""AudioSocket and VoIPBIN: the far end goes at each frame boundary while we speak, and every frame is accounted for.

Neither says what it has heard, so what is under way when the far end goes counts as sent. Here it goes as soon as it
has heard a frame, 20 ms before the next: nothing is under way, and the counts are equal.
"""

import asyncio
import contextlib

import pytest

import phonewire
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.protocols.connection import EndReason

BOUNDARIES = 100
FRAMES = BOUNDARIES + 20
SPEECH = b"".join(number.to_bytes(2, "little") * 160 for number in range(1, FRAMES + 1))


def spoken(heard):
    """Return how many frames of speech were heard, in order and without a gap, silence left out."""
    heard = heard[: len(heard) // 320 * 320].replace(bytes(320), b"")
    assert SPEECH.startswith(heard)
    return len(heard) // 320


@pytest.mark.parametrize("ending", ["hangs up", "vanishes"])
def test_asterisk_goes_at_each_of_100_boundaries(on_fake_clock, same_as_before, ending):
    calls = {}

    async def bot(call):
        calls[call.id] = call
        with contextlib.suppress(phonewire.CallEndedError):
            await call.write(SPEECH)
            await call.drain()

    async def be_asterisk(port, boundary):
        async with AsteriskCaller("127.0.0.1", port) as phone:
            await phone.until(lambda: len(phone.frame_sizes) >= boundary)
            await (phone.hang_up() if ending == "hangs up" else phone.drop())
        return phone

    async def main():
        async with same_as_before():
            limits = phonewire.Limits(unauthenticated_per_address=1000)
            async with phonewire.serve_audiosocket(bot, call_ids=None, addresses=None, limits=limits) as server:
                dialing = [be_asterisk(server.port, boundary) for boundary in range(1, BOUNDARIES + 1)]
                phones = await asyncio.gather(*dialing)
                assert server.handler_errors == 0
        assert len(calls) == BOUNDARIES
        for boundary, phone in enumerate(phones, 1):
            stats = calls[phone.call_id].stats()
            assert calls[phone.call_id].end_reason is EndReason.STOPPED
            assert len(phone.frame_sizes) == boundary
            assert stats.frames_out == spoken(phone.heard)
            assert stats.ms_out + stats.unsent_ms == FRAMES * 20

    on_fake_clock(main)


@pytest.mark.parametrize("encapsulation", ["rtp", "sln", "audiosocket"])
def test_voipbin_ends_the_call_at_each_of_100_boundaries(on_fake_clock, same_as_before, tls, encapsulation):
    boundaries = range(1, BOUNDARIES + 1, 1 if tls is None else 5)  # handshakes of all of them would take a minute

    async def dial(boundary):
        async with VoipbinCall() as phone:
            redial = phonewire.Redial(first_s=0.001)
            async with phonewire.connect(phone.url(encapsulation), wire="documented", redial=redial) as call:
                speaking = asyncio.create_task(speak(call))
                await phone.until(lambda: len(phone.frame_sizes) >= boundary)
                await phone.hang_up()
                assert await call.wait_ended() is EndReason.STOPPED
                await speaking
        stats = call.stats()
        assert len(phone.frame_sizes) == boundary
        assert stats.frames_out == spoken(phone.heard)
        assert stats.ms_out + stats.unsent_ms == FRAMES * 20
        return call.close_code

    async def speak(call):
        with contextlib.suppress(phonewire.CallEndedError):
            await call.write(SPEECH)

    async def main():
        async with same_as_before():
            codes = await asyncio.gather(*map(dial, boundaries))
        assert codes == [1006] * len(boundaries)

    on_fake_clock(main)

"""Speech both ways between `phonewire.connect` and VoIPBIN's emulator: every encapsulation, text and sort of call.

``python -m pytest tests/aio/test_voipbin_matrix.py`` prints a line for each. The emulator is not made of the engine;
audioop is the oracle of the codec and of the mixer.
"""

import asyncio
import itertools
from pathlib import Path

import numpy as np
import pytest

import phonewire
from phonewire.emulators.voipbin import VoipbinCall, VoipbinConference

pytestmark = pytest.mark.usefixtures("tls")

ENCAPSULATIONS = ["rtp", "sln", "audiosocket"]
WIRES = ["tutorial", "deployed"]
CALLS = {"call": VoipbinCall, "conference": VoipbinConference}
ALL = list(itertools.product(ENCAPSULATIONS, WIRES, CALLS))

# What is µ-law, by encapsulation and text: VoIPBIN's tutorial, and the source of its service.
CODED = {("rtp", "tutorial"): {"to client", "to phone"}}
CODED |= {(encapsulation, "deployed"): {"to client"} for encapsulation in ENCAPSULATIONS}
SPEECH = Path(__file__).parents[2] / "examples" / "audio" / "speech.wav"
BEGINS_AT, SAID_BYTES = 8000, 8000 * 4  # 4 s, in the middle of a sentence


@pytest.fixture(scope="module")
def speech(audioop):
    """Samples of people who speak, off µ-law's grid, so that a codec that should not be there is heard."""
    codewords = SPEECH.read_bytes()[58 + BEGINS_AT :][: 3 * SAID_BYTES]
    samples = audioop.mul(audioop.ulaw2lin(codewords, 2), 2, 0.83)
    return [samples[start : start + 2 * SAID_BYTES] for start in range(0, len(samples), 2 * SAID_BYTES)]


@pytest.fixture
def through_ulaw(audioop):
    """What µ-law leaves of samples: G.191 takes the one's complement of a negative sample where audioop negates it."""

    def code(samples):
        given = np.frombuffer(samples, np.int16)
        codewords = np.frombuffer(audioop.lin2ulaw(np.where(given < 0, ~given, given).tobytes(), 2), np.uint8)
        return audioop.ulaw2lin(np.where(given < 0, codewords & 0x7F, codewords).tobytes(), 2)

    return code


async def talk(kind, wire, encapsulation, speech):
    """Return what each side heard of what the other said at the same time."""
    heard = bytearray()
    async with CALLS[kind](wire=wire, token="secret") as phone:
        async with phonewire.connect(phone.url(encapsulation), wire=wire) as call, asyncio.TaskGroup() as talking:
            talking.create_task(hear(call, heard))
            talking.create_task(call.write(speech[0]))
            if kind == "conference":
                talking.create_task(phone.say(speech[2], who="another"))
            await phone.say(speech[1])
            await call.drain()
            await asyncio.sleep(0.5)  # what the jitter buffer holds comes, too
            stats = call.stats()
            await phone.hang_up()
        assert not phone.dropped
        assert set(phone.frame_sizes) == {160}
        assert (call.end_reason.value, stats.rejected, stats.tolerated) == ("stopped", {}, {})
        assert stats.concealed_ms == stats.lost_packets == 0
    return bytes(heard), phone.heard


async def hear(call, heard):
    async for frame in call.frames():
        heard += frame.pcm


@pytest.mark.parametrize(("encapsulation", "wire", "kind"), ALL)
def test_speech_both_ways_is_sample_exact(virtual, speech, audioop, through_ulaw, report, encapsulation, wire, kind):
    coded = CODED.get((encapsulation, wire), set())
    said = speech[1] if kind == "call" else audioop.add(speech[1], speech[2], 2)
    expected = {"to client": said, "to phone": speech[0]}
    expected = {way: through_ulaw(audio) if way in coded else audio for way, audio in expected.items()}
    heard = dict(zip(expected, virtual(talk(kind, wire, encapsulation, speech)), strict=True))
    exact = [way for way, audio in expected.items() if audio in heard[way]]
    form = {way: "µ-law" if way in coded else "linear" for way in expected}
    number = f"{ALL.index((encapsulation, wire, kind)) + 1:2} of {len(ALL)}"
    carried = ", ".join(f"{len(audio) // 16:,} ms {form[way]} {way}" for way, audio in expected.items())
    outcome = "sample-exact" if len(exact) == 2 else "DIFFERENT"
    report(f"VoIPBIN {number}: {encapsulation:11} {wire:8} {kind:10} {carried}: {outcome}")
    assert exact == ["to client", "to phone"]


def test_the_oracle_is_the_codec(through_ulaw):
    every = np.arange(-32_768, 32_768).astype(np.int16).tobytes()
    assert through_ulaw(every) == phonewire.g711.ulaw_decode(phonewire.g711.ulaw_encode(every))

"""Keys found in a call's audio: over every protocol, without anybody reading frames, beside those that are told."""

import asyncio

import pytest

import phonewire
from phonewire import dtmf, g711, pcm
from phonewire.aio.inbound.inbound import Inbound
from phonewire.aio.inbound.key_finder import KeyFinder
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.disorder import Disorder
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import Dtmf, Media, MediaFormat

pytestmark = pytest.mark.usefixtures("tls")

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
S16 = MediaFormat("s16le", 8000, 1)


def spoken(digits: str, rate_hz: int = 8000, **options) -> bytes:
    return dtmf.tone(digits, sample_rate_hz=rate_hz, **options) + bytes(2 * rate_hz // 10)


async def keys(call, into: list) -> None:
    into.extend([event async for event in call.events() if isinstance(event, Dtmf)])


def digits(events: list) -> str:
    return "".join(event.digit for event in events)


@pytest.mark.parametrize("encapsulation", ["rtp", "sln", "audiosocket"])
@pytest.mark.parametrize("wire", ["tutorial", "documented", "deployed"])
def test_voipbin(virtual, wire: str, encapsulation: str) -> None:
    found: list = []

    async def main() -> None:
        async with VoipbinCall(wire=wire) as phone:
            async with phonewire.connect(phone.url(encapsulation), dtmf_in_audio=True) as call:
                reading = asyncio.create_task(keys(call, found))
                await phone.say(bytes(3200) + spoken("1470*#") + spoken("D", tone_ms=40, pause_ms=40))
                await asyncio.sleep(0.5)
            await reading

    virtual(main())
    assert digits(found) == "1470*#D"
    assert all(isinstance(key, phonewire.DtmfInAudio) for key in found)
    assert [key.duration_ms for key in found] == pytest.approx([100] * 6 + [40], abs=8)
    starts = [key.timestamp_ms - found[0].timestamp_ms for key in found]
    assert starts == pytest.approx([0, 200, 400, 600, 800, 1000, 1300], abs=8)


def test_voipbin_over_a_network_that_loses_and_swaps(virtual) -> None:
    found: list = []

    async def main() -> None:
        disorder = Disorder(seed=1, loss=0.05, reorder=0.02, duplicate=0.01)
        async with VoipbinCall(wire="deployed", disorder=disorder) as phone:
            async with phonewire.connect(phone.url("rtp"), dtmf_in_audio=True) as call:
                reading = asyncio.create_task(keys(call, found))
                await phone.say(bytes(3200) + spoken("1234567890*#" * 5))
                await asyncio.sleep(1)
            await reading

    virtual(main())
    assert digits(found) == "1234567890*#" * 5


def test_without_being_asked_for_nothing_is_found(virtual) -> None:
    found: list = []

    async def main() -> None:
        async with VoipbinCall() as phone, phonewire.connect(phone.url("sln")) as call:
            reading = asyncio.create_task(keys(call, found))
            await phone.say(spoken("123"))
            await call.close()
            await reading

    virtual(main())
    assert found == []


def test_twilio_tells_keys_and_has_others_in_its_audio(virtual) -> None:
    found: list = []

    async def main() -> None:
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, dtmf_in_audio=True)

        async def handler(call) -> None:
            await keys(call, found)

        async with (
            phonewire.serve(handler, endpoints=[endpoint]) as server,
            TwilioCaller(f"{server.url}/twilio") as caller,
        ):
            await caller.press("7")
            await caller.say(g711.ulaw_encode(spoken("25")))

    virtual(main())
    assert digits(found) == "725"
    told, *heard = found
    assert told == Dtmf("7")
    assert [(key.track, key.duration_ms) for key in heard] == [("inbound", pytest.approx(100, abs=8))] * 2


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_audiosocket_at_every_rate(virtual, rate_hz: int) -> None:
    found: list = []
    wire = next(form for form in audiosocket.FORMATS.values() if form.sample_rate_hz == rate_hz)

    async def main() -> None:
        async def handler(call) -> None:
            await keys(call, found)

        options = {"call_ids": None, "addresses": None, "media_format": wire, "dtmf_in_audio": True}
        async with (
            phonewire.serve_audiosocket(handler, **options) as server,
            AsteriskCaller("127.0.0.1", server.port, sample_rate_hz=rate_hz) as caller,
        ):
            await caller.say(spoken("90", rate_hz))
            await caller.press("1")

    virtual(main())
    assert digits(sorted(found, key=lambda key: isinstance(key, phonewire.DtmfInAudio), reverse=True)) == "901"


def test_rates_at_which_there_are_no_keys() -> None:
    twelve = MediaFormat("s16le", 12000, 1)
    message = "dtmf_in_audio is for 8000, 16000, 24000, 48000 Hz, got 12000 Hz"
    options = {"media_format": twelve, "dtmf_in_audio": True}
    with pytest.raises(ValueError, match=message):
        phonewire.serve_audiosocket(None, call_ids=None, addresses=None, **options)
    with pytest.raises(ValueError, match=message):
        phonewire.connect_audiosocket("127.0.0.1", 1, **options)
    with pytest.raises(ValueError, match=message):
        phonewire.connect("ws://127.0.0.1/", protocol="das-peak", **options)
    phonewire.Endpoint("/", "das-peak", auth=None, media_format=twelve)


# The finder by itself


def heard(pieces: list[Media], wire: MediaFormat = S16) -> list[phonewire.DtmfInAudio]:
    told: list[phonewire.DtmfInAudio] = []
    finder = KeyFinder(wire, told.append)
    for piece in pieces:
        finder.heard(piece)
    finder.end()
    return told


def frames(
    samples: bytes, *, start_ms: int | None = 0, track: str | None = None, wire: MediaFormat = S16
) -> list[Media]:
    size = 20 * wire.bytes_per_ms
    times = [None if start_ms is None else start_ms + 20 * n for n in range(len(samples) // size)]
    return [Media(samples[n * size : (n + 1) * size], track, at_ms, wire) for n, at_ms in enumerate(times)]


def test_a_key_that_is_pressed_when_the_call_ends() -> None:
    (key,) = heard(frames(dtmf.tone("6", pause_ms=0)))
    assert (key.digit, key.track, key.timestamp_ms) == ("6", None, 0)
    assert key.duration_ms == pytest.approx(100, abs=8)


@pytest.mark.parametrize("start_ms", [None, 0, 60_000])
def test_when_it_was_by_the_far_ends_account(start_ms: int | None) -> None:
    first, second = heard(frames(spoken("88"), start_ms=start_ms))
    assert first.timestamp_ms == pytest.approx(start_ms or 0, abs=8)
    assert second.timestamp_ms == pytest.approx((start_ms or 0) + 200, abs=8)


def test_a_gap_in_the_timestamps_is_a_pause() -> None:
    tone = dtmf.tone("4", pause_ms=0)
    assert digits(heard(frames(tone) + frames(tone, start_ms=100))) == "4"
    first, second = heard(frames(tone) + frames(tone, start_ms=5000))
    assert (first.digit, second.digit) == ("4", "4")
    assert (first.timestamp_ms, second.timestamp_ms) == pytest.approx((0, 5000), abs=8)
    assert digits(heard(frames(tone, start_ms=5000) + frames(tone))) == "44"  # back to the beginning


def test_each_track_and_each_channel_by_itself() -> None:
    one, other = frames(spoken("123"), track="inbound"), frames(spoken("456"), track="outbound")
    found = heard([frame for pair in zip(one, other, strict=True) for frame in pair])
    assert digits([key for key in found if key.track == "inbound"]) == "123"
    assert digits([key for key in found if key.track == "outbound"]) == "456"
    stereo = MediaFormat("s16le", 8000, 2)
    assert sorted(digits(heard(frames(pcm.interleave([spoken("7"), spoken("9")]), wire=stereo), stereo))) == ["7", "9"]


def test_who_is_given_the_audio_is_not_told_the_keys_in_it_too() -> None:
    class Tap:
        def __init__(self) -> None:
            self.pieces, self.events = [], []
            self.heard, self.told = self.pieces.append, self.events.append

        def end(self) -> None:
            self.ended = True

    async def main() -> None:
        inbound = Inbound(S16, lambda _: None, lossless=False)
        inbound.find_keys()
        tap = Tap()
        inbound.tap(tap)
        for frame in frames(spoken("3")):
            inbound.heard(frame)
        assert tap.pieces == frames(spoken("3"))
        assert tap.events == []
        assert digits(inbound.events.kept()) == "3"

    asyncio.run(main())

"""A client meets a VoIPBIN that is not as it thought, that changes in mid-call, and whose packets do not all arrive."""

import asyncio
import contextlib

import pytest

import phonewire
from phonewire.aio.events import Reconnected
from phonewire.emulators.disorder import Disorder
from phonewire.emulators.voipbin import Dropped, VoipbinCall
from phonewire.protocols import voipbin

pytestmark = pytest.mark.usefixtures("tls")

ENCAPSULATIONS = ["rtp", "sln", "audiosocket"]
FRAMES = 250


def stamped(number):
    """Return 20 ms that can be told from all others, that µ-law leaves as they are, and whose fading is heard."""
    return phonewire.g711.ulaw_decode(bytes([0x80 + number % 50, 0x80 + number // 50])) * 80


NUMBERS = {stamped(number): number for number in range(1, 1001)}


def numbers(samples):
    """Return which frames *samples* are made of; None for what was made elsewhere."""
    pieces = (samples[start : start + 320] for start in range(0, len(samples), 320))
    return [NUMBERS.get(bytes(piece)) for piece in pieces if any(piece)]


class Listener:
    """Reads everything of a call."""

    def __init__(self, call):
        self.frames, self.events = [], []
        self.tasks = [asyncio.create_task(self.read(*each)) for each in self.sources(call)]

    def sources(self, call):
        return (call.frames(), self.frames), (call.events(), self.events)

    async def read(self, source, into):
        async for item in source:
            into.append(item)

    @property
    def numbers(self):
        return numbers(b"".join(frame.pcm for frame in self.frames))


@contextlib.asynccontextmanager
async def calling(encapsulation, client_wire, **options):
    async with VoipbinCall(**options) as phone:
        async with phonewire.connect(phone.url(encapsulation), wire=client_wire) as call:
            listener = Listener(call)
            yield phone, call, listener
        await asyncio.gather(*listener.tasks)


async def both_speak(phone, call, first=1, last=FRAMES):
    speech = b"".join(map(stamped, range(first, last + 1)))
    async with asyncio.TaskGroup() as talking:
        talking.create_task(phone.say(speech))
        await call.write(speech)
        await call.drain()
    await asyncio.sleep(0.2)


EVERY = list(range(1, FRAMES + 1))


@pytest.mark.parametrize("wire", ["tutorial", "documented"])
@pytest.mark.parametrize("encapsulation", ENCAPSULATIONS)
def test_auto_begins_with_the_wrong_text_and_finds_the_right_one(virtual, encapsulation, wire):
    async def main():
        async with calling(encapsulation, "auto", wire=wire) as (phone, call, listener):
            await both_speak(phone, call)
            assert listener.numbers == EVERY
            assert numbers(phone.heard) == EVERY
            assert (phone.dropped, call.stats().rejected, call.stats().lost_packets) == ({}, {}, 0)
        found = [event for event in listener.events if isinstance(event, voipbin.Detected)]
        coded = (encapsulation, wire) == ("rtp", "tutorial")
        payload_type = None if encapsulation != "rtp" else 0 if coded else 96
        assert found == [voipbin.Detected(encapsulation, "ulaw" if coded else "s16le", payload_type)]

    virtual(main())


def test_what_deployed_sends_in_ulaw_is_heard_by_auto(virtual):
    async def main():
        for encapsulation in ENCAPSULATIONS:
            async with calling(encapsulation, "auto", wire="deployed") as (phone, _, listener):
                await phone.say(b"".join(map(stamped, EVERY)))
                await asyncio.sleep(0.2)
                assert listener.numbers == EVERY

    virtual(main())


def test_a_text_that_was_chosen_and_is_wrong_carries_nothing_and_every_packet_is_counted(virtual):
    async def main():
        async with calling("rtp", "documented", wire="tutorial") as (phone, call, listener):
            await both_speak(phone, call, last=50)
            assert not listener.frames
            assert not phone.heard
            assert list(call.stats().rejected) == ["wrong_format"]
            assert call.stats().rejected["wrong_format"] == len(phone.said) // 320
            sent = call.stats().frames_out + call.stats().silence_ms // 20
            assert sent - 1 <= phone.dropped[Dropped.PAYLOAD_TYPE] <= sent  # one is under way

    virtual(main())


def test_the_payload_type_changes_in_mid_call(virtual):
    async def main():
        async with calling("rtp", "auto", payload_type=0) as (phone, call, listener):
            await both_speak(phone, call)
            phone.payload_type = 96
            await asyncio.sleep(0.1)
            await both_speak(phone, call, FRAMES + 1, 2 * FRAMES)
            phone.payload_type = 0
            await asyncio.sleep(0.1)
            await both_speak(phone, call, 2 * FRAMES + 1, 3 * FRAMES)
            assert listener.numbers == list(range(1, 3 * FRAMES + 1))
            assert (call.stats().rejected, call.stats().lost_packets, call.stats().concealed_ms) == ({}, 0, 0)
            # The gateway drops what is under way at a change, which here is silence: nobody speaks for 100 ms.
            assert numbers(phone.heard) == list(range(1, 3 * FRAMES + 1))
            assert phone.dropped[Dropped.PAYLOAD_TYPE] <= 4

    virtual(main())


def test_a_change_while_the_client_speaks_costs_what_was_under_way(virtual):
    async def main():
        async with calling("rtp", "auto", payload_type=0) as (phone, call, listener):
            speaking = asyncio.create_task(both_speak(phone, call))
            await asyncio.sleep(2.01)
            phone.payload_type = 96
            await speaking
            assert listener.numbers == EVERY
            missing = set(EVERY) - set(numbers(phone.heard))
            assert len(missing) == phone.dropped[Dropped.PAYLOAD_TYPE] <= 2
            assert numbers(phone.heard) == [number for number in EVERY if number not in missing]

    virtual(main())


@pytest.mark.parametrize("client_wire", ["auto", "the same"])
@pytest.mark.parametrize("wire", ["tutorial", "documented", "deployed"])
# What is lost is the same under TLS, whichever it is: one seed tells whether it is heard the same.
@pytest.mark.parametrize(("tls", "seed"), [("ws", 0), ("ws", 1), ("ws", 2), ("wss", 0)], indirect=["tls"])
def test_loss_reordering_and_duplicates_leave_the_right_audio_and_gaps_that_are_told(
    virtual, report, wire, client_wire, seed
):
    async def main():
        disorder = Disorder(loss=0.05, reorder=0.02, duplicate=0.01, seed=seed)
        mine = wire if client_wire == "the same" else client_wire
        async with calling("rtp", mine, wire=wire, disorder=disorder) as (phone, call, listener):
            await phone.say(b"".join(map(stamped, range(1, 1001))))
            await asyncio.sleep(0.5)
            stats = call.stats()
        said = numbers(phone.said)
        silent = len(phone.said) // 320 - len(said)  # before and after it
        first = next(place for place in range(silent + 1) if any(phone.said[320 * place : 320 * place + 320]))
        lost = {place - first + 1 for place in disorder.lost} & set(said)
        heard = [number for number in listener.numbers if number is not None]
        assert heard == [number for number in said if number not in lost]
        assert min(len(lost), len(disorder.reordered), len(disorder.duplicated)) > 5
        assert stats.lost_packets == len(disorder.lost)
        assert stats.duplicate_packets == len(disorder.duplicated)
        assert (stats.late_packets, stats.refused_packets, stats.skipped_ms) == (0, 0, 0)
        # Each gap is as long as what is missing: frames follow each other, and each is where it was said, or one frame
        # later from the moment on when the jitter buffer began to wait for packets that are overtaken.
        times_ms = [frame.timestamp_ms for frame in listener.frames]
        assert times_ms == list(range(times_ms[0], times_ms[0] + 20 * len(times_ms), 20))
        places = [NUMBERS[frame.pcm] - frame.timestamp_ms // 20 for frame in listener.frames if frame.pcm in NUMBERS]
        assert places == sorted(places, reverse=True)
        assert places[0] - places[-1] <= 1
        assert stats.concealed_ms == 20 * (stats.lost_packets + places[0] - places[-1])
        if client_wire == "auto":
            report(
                f"VoIPBIN {wire:10} seed {seed}, {len(phone.said) // 320} packets: {len(disorder.lost)} lost and "
                f"{stats.lost_packets} told, {len(disorder.reordered)} swapped, {len(disorder.duplicated)} doubled"
            )

    virtual(main())


def test_the_end_of_a_connection_is_the_end_of_a_call_that_the_gateway_has_ended(virtual):
    async def main():
        async with calling("rtp", "documented") as (phone, call, listener):
            await both_speak(phone, call, last=10)
            await phone.hang_up()
            assert (await call.wait_ended()).value == "stopped"
            assert call.close_code == 1006
            assert phone.refused == [404]
            assert listener.numbers[:10] == list(range(1, 11))

    virtual(main())


def test_a_client_waits_for_the_gateway_and_loses_nothing(virtual):
    async def main():
        for attach_s in (0.0, 0.5, 0.98):
            async with calling("sln", "documented", attach_s=attach_s) as (phone, call, _):
                await call.write(b"".join(map(stamped, EVERY)))
                await call.drain()
                await asyncio.sleep(0.2)
                assert numbers(phone.heard) == EVERY
                assert not phone.dropped

    virtual(main())


def test_a_gateway_that_takes_longer_than_a_second_loses_what_comes_meanwhile(virtual):
    async def main():
        async with calling("sln", "documented", attach_s=1.5) as (phone, call, _):
            await call.write(b"".join(map(stamped, EVERY)))
            await call.drain()
            await asyncio.sleep(0.2)
            early = phone.dropped[Dropped.EARLY]
            assert early == pytest.approx(25, abs=2)
            assert numbers(phone.heard) == EVERY[early - 1 :]  # the first of them was silence, sent at once

    virtual(main())


def test_an_encapsulation_that_is_none_is_told_though_the_gateway_is_silent(virtual):
    async def main():
        async with calling("opus", "auto") as (phone, call, listener):
            with pytest.raises(phonewire.LocalProtocolError, match="takes no audio"):
                await call.write(stamped(1))
            await asyncio.sleep(1)
            assert phone.attached == 1
            assert not listener.frames
            assert phone.dropped == {}

    virtual(main())


@pytest.mark.parametrize("encapsulation", ENCAPSULATIONS)
def test_a_gateway_that_cuts_every_2_s_is_dialled_again_and_what_is_missing_lies_in_the_gaps(virtual, encapsulation):
    async def main():
        async with calling(encapsulation, "documented", cut_every_s=2) as (phone, _, listener):
            await phone.say(b"".join(map(stamped, range(1, 1001))))  # 20 s
            await asyncio.sleep(0.5)
            gaps = [event for event in listener.events if isinstance(event, Reconnected)]
            assert len(gaps) >= 5
            assert phone.connections - 1 - len(gaps) in (0, 1)  # the last may have brought nothing yet
        heard = [(NUMBERS[frame.pcm], frame.timestamp_ms) for frame in listener.frames if frame.pcm in NUMBERS]
        numbers = [number for number, _ in heard]
        assert numbers == sorted(set(numbers))
        missing = numbers[-1] - numbers[0] + 1 - len(numbers)
        assert missing > 0
        # Each gap is right to a frame; what is heard twice or made here would be too much.
        within = [gap.gap_ms for gap in gaps if gap.timestamp_ms <= heard[-1][1]]  # one may come after the last word
        assert sum(within) == pytest.approx(20 * missing, abs=20 * len(within))

    virtual(main())

"""Conferences on a clock that jumps: who hears whom, and what one leg can do to the others, which is nothing."""

import asyncio
import random

import numpy as np
import pytest

import phonewire
from phonewire.aio.conference.voice import Voice
from phonewire.errors import ConferenceFullError, LocalProtocolError
from phonewire.wav import WavReader

FRAME = 160  # samples
LINEAR = ("rtp documented", "sln documented", "audiosocket documented")


def noise(seed, frames=50):
    return np.random.default_rng(seed).integers(1000, 6000, FRAME * frames).astype(np.int16)


def frames_from(first, count=50):
    """Return frames of which each is full of its number, with silence behind them, as a speaker has it."""
    return np.repeat(np.append(np.arange(first, first + count), np.zeros(10)), FRAME).astype(np.int16)


def now_s():
    return asyncio.get_running_loop().time()


def contains(audio, expected):
    """Whether *expected* is in *audio*, on a border of frames."""
    return any(np.array_equal(audio[at : at + len(expected)], expected) for at in range(0, len(audio), FRAME))


def numbered(audio):
    """Return the first sample of each frame that is not silent."""
    return [int(frame[0]) for frame in audio.reshape(-1, FRAME) if frame.any()]


def heard_of(samples, audio):
    """Return the numbers of *samples* that are in *audio*, each once: what stands in for a late packet repeats some."""
    said = set(numbered(samples))
    return list(dict.fromkeys(number for number in numbered(audio) if number in said))


class TestWhoHearsWhom:
    @pytest.mark.parametrize("kind", ["twilio", "audiosocket", "rtp tutorial", *LINEAR])
    def test_two_hear_each_other_and_not_themselves(self, virtual, party, in_conference, kind):
        async def main():
            one, other = parties = party(kind), party("sln documented")
            async with in_conference(phonewire.Conference(), parties):
                start_s = now_s() + 0.02
                quiet = np.zeros(FRAME * 10, np.int16)
                await asyncio.gather(
                    one.say_frames(np.append(noise(1), quiet), start_s), other.say_frames(noise(2), start_s)
                )
                await asyncio.sleep(0.3)
            assert contains(other.audio, one.as_said(noise(1)))
            assert contains(one.audio, one.as_heard(noise(2)))

        virtual(main())

    def test_three_encapsulations_and_a_tap(self, virtual, party, in_conference, tmp_path):
        async def main():
            conference = phonewire.Conference("weekly")
            parties = [party(kind) for kind in LINEAR]
            tap = conference.frames()
            recording = conference.record(tmp_path / "all.wav")
            async with in_conference(conference, parties):
                start_s = now_s() + 0.02
                for turn, speaker in enumerate(parties):  # one after the other, so that delays do not matter
                    samples = np.append(noise(turn), np.zeros(FRAME * 20, np.int16))
                    await speaker.say_frames(samples, start_s + 1.4 * turn)
            heard = [frame async for frame in tap]
            await recording.closed()
            everything = np.frombuffer(b"".join(frame.pcm for frame in heard), np.int16)
            assert [frame.timestamp_ms for frame in heard] == [20 * n for n in range(len(heard))]
            with WavReader(recording.path) as reader:
                assert np.array_equal(np.frombuffer(reader.read(), np.int16), everything)
            for turn, speaker in enumerate(parties):
                assert contains(everything, noise(turn))
                for each in parties:
                    assert contains(each.audio, noise(turn)) == (each is not speaker)

        virtual(main())

    def test_who_only_listens_is_not_heard(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            speaker, listener = party("sln documented"), party("audiosocket")
            async with in_conference(conference, [speaker]):
                joined = asyncio.create_task(conference.join(listener.call, listen_only=True))
                running = [asyncio.create_task(run()) for run in (listener.call.run, listener.listen)]
                await asyncio.sleep(0.05)
                await asyncio.gather(*(
                    each.say_frames(noise(seed), now_s() + 0.02) for seed, each in enumerate((speaker, listener))
                ))  # fmt: skip
                await asyncio.sleep(0.1)
                await listener.call.close()
                await asyncio.gather(joined, *running)
            assert contains(listener.audio, noise(0))
            assert not speaker.audio.any()

        virtual(main())

    def test_what_several_hear_is_coded_once(self, virtual, party, in_conference, monkeypatch):
        async def main():
            def count(voice, samples):
                coded.append(voice)
                return code(voice, samples)

            code, coded = Voice.code, []
            monkeypatch.setattr(Voice, "code", count)
            conference = phonewire.Conference()
            kinds = ["sln documented"] * 5 + ["twilio"] * 5
            async with in_conference(conference, [party(kind) for kind in kinds], listen_only=True):
                coded.clear()
                mixed_ms = conference.stats().mixed_ms
                await asyncio.sleep(1)
                ticks = (conference.stats().mixed_ms - mixed_ms) // 20
                assert (ticks, len(coded), len(set(coded))) == (50, 100, 2)

        virtual(main())

    def test_rates_are_mixed(self, virtual, party, in_conference):
        def tone(rate_hz, hz):
            return (6000 * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)).astype(np.int16)

        def strongest_hz(audio, rate_hz):
            middle = audio[-rate_hz * 8 // 10 : -rate_hz * 3 // 10]
            return np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * 2

        async def main():
            wide, narrow = party("audiosocket", rate_hz=16_000), party("sln documented")
            async with in_conference(phonewire.Conference(sample_rate_hz=16_000), [wide, narrow]):
                start_s = now_s() + 0.02
                await asyncio.gather(
                    wide.say_frames(tone(16_000, 440), start_s, 2 * FRAME), narrow.say_frames(tone(8000, 700), start_s)
                )
                await asyncio.sleep(0.1)
            assert strongest_hz(narrow.audio, 8000) == pytest.approx(440, abs=4)
            assert strongest_hz(wide.audio, 16_000) == pytest.approx(700, abs=4)

        virtual(main())

    def test_who_speaks_now_and_then_hears_the_others_without_a_seam(self, virtual, party, in_conference):
        async def main():
            now_and_then, never, always = parties = [
                party("audiosocket", rate_hz=16_000), party("audiosocket", rate_hz=16_000), party("sln documented")
            ]  # fmt: skip
            silence = np.zeros(20 * FRAME, np.int16)
            async with in_conference(phonewire.Conference(), parties):
                start_s = now_s() + 0.02
                await asyncio.gather(
                    always.say_frames(noise(1, 50), start_s),
                    now_and_then.say_frames(silence, start_s + 0.2, 2 * FRAME),
                    now_and_then.say_frames(silence, start_s + 0.6, 2 * FRAME),
                )
                await asyncio.sleep(0.1)
            assert np.array_equal(np.trim_zeros(now_and_then.audio), np.trim_zeros(never.audio))

        virtual(main())

    def test_who_is_muted_is_not_heard_and_hears(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one, other = parties = party("sln documented"), party("sln documented")
            async with in_conference(conference, parties):
                conference.mute(one.call)
                start_s = now_s() + 0.02
                await asyncio.gather(*(each.say_frames(noise(n), start_s) for n, each in enumerate(parties)))
                await asyncio.sleep(0.1)
                assert not other.audio.any()
                conference.mute(one.call, False)
                await one.say_frames(noise(3), now_s() + 0.02)
                await asyncio.sleep(0.1)
            assert contains(one.audio, noise(1))
            assert numbered(other.audio) == numbered(noise(3))

        virtual(main())

    def test_what_was_said_before_is_not_heard(self, virtual, party, calling):
        async def main():
            conference = phonewire.Conference()
            one, other = parties = party("sln documented"), party("sln documented")
            async with calling(parties):
                hearing = asyncio.create_task(conference.join(other.call))
                await one.say_frames(noise(1), now_s() + 0.02)
                joined = asyncio.create_task(conference.join(one.call))
                await one.say_frames(noise(2), now_s() + 0.02)
                await asyncio.sleep(0.1)
                await conference.close()
                await asyncio.gather(hearing, joined)
            assert numbered(other.audio) == numbered(noise(2))

        virtual(main())

    def test_one_way_calls_are_heard(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            speaker, listener = party("twilio-one-way"), party("sln documented")
            async with in_conference(conference, [speaker, listener]):
                await speaker.say_frames(noise(1), now_s() + 0.02)
                await asyncio.sleep(0.1)
            assert contains(listener.audio, speaker.as_said(noise(1)))

        virtual(main())


class TestTime:
    def test_a_frame_goes_to_every_leg_in_the_tick_that_mixes_it(self, virtual, party, in_conference):
        async def main():
            parties = [party(kind) for kind in ("twilio", "audiosocket", *LINEAR)]
            async with in_conference(phonewire.Conference(), parties):
                await asyncio.sleep(0.1)
                for each in parties:
                    each.heard.clear()
                await parties[0].say_frames(noise(1), now_s() + 0.02)
                times = [[round(at_s * 1000) for at_s, _ in each.heard] for each in parties]
            assert len(times[0]) >= 50
            assert set(np.diff(times[0])) == {20}
            assert [each == times[0] for each in times] == [True] * 5

        virtual(main())

    def test_who_has_left_has_a_time_of_its_own_again(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one, _ = parties = party("sln documented"), party("audiosocket")
            async with in_conference(conference, parties):
                phases = []
                for _ in range(2):
                    for each in parties:
                        each.heard.clear()
                    await asyncio.sleep(0.1)
                    phases.append([{round(at_s * 1000) % 20 for at_s, _ in each.heard} for each in parties])
                    conference.leave(one.call)
            (together, together_too), (alone, still) = phases
            assert together == together_too == still
            assert alone.isdisjoint(together)

        virtual(main())

    def test_what_is_said_is_heard_after_at_most_40_ms(self, virtual, party, in_conference):
        async def main():
            one, other = parties = party("sln documented"), party("audiosocket")
            async with in_conference(phonewire.Conference(), parties):
                start_s = now_s() + 0.02
                await one.say_frames(noise(1), start_s)
                await asyncio.sleep(0.1)
            at_s = next(at_s for at_s, pcm in other.heard if any(pcm))
            assert 0.02 <= at_s - start_s <= 0.04

        virtual(main())

    @pytest.mark.parametrize("stall_ms", [30, 90, 130])
    @pytest.mark.parametrize("kind", ["sln documented", "rtp documented"])
    def test_after_a_stall_everything_is_heard(self, virtual, party, in_conference, kind, stall_ms):
        async def main():
            loop = asyncio.get_running_loop()
            conference = phonewire.Conference()
            one, other = parties = party(kind), party("audiosocket")
            async with in_conference(conference, parties):
                loop.call_later(0.5, loop.stall, stall_ms / 1000)
                await one.say_frames(frames_from(2000), now_s() + 0.02)
                await asyncio.sleep(0.3)
                stats = conference.leg_stats(one.call)
                assert (stats.dropped_ms, stats.missing_ms) == (0, 0)
                assert conference.stats().schedule_shifts == (stall_ms > 120)
            assert heard_of(frames_from(2000), other.audio) == numbered(frames_from(2000))
            times = [at_s for at_s, _ in other.heard]
            most = np.bincount(np.unique(np.round(np.array(times) * 1000), return_counts=True)[1])
            assert len(most) <= 4  # frames at once

        virtual(main())

    @pytest.mark.parametrize("held_ms", [60, 140])
    @pytest.mark.parametrize("kind", ["sln documented", "rtp documented"])
    def test_what_was_held_up_on_its_way_is_heard(self, virtual, party, in_conference, kind, held_ms):
        async def main():
            loop = asyncio.get_running_loop()
            one, other = parties = party(kind), party("audiosocket")
            samples, start_s = frames_from(2000, 200), loop.time() + 0.02
            async with in_conference(phonewire.Conference(), parties):
                await one.say_frames(samples[: 25 * FRAME], start_s)
                await asyncio.sleep(held_ms / 1000)
                await one.say_frames(samples[25 * FRAME :], start_s + 0.5)  # those that are late, at once
                await asyncio.sleep(0.5)
            assert heard_of(samples, other.audio) == numbered(samples)

        virtual(main())

    def test_an_empty_conference_does_not_tick(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            async with in_conference(conference, [party("sln documented")]):
                await asyncio.sleep(0.5)
            mixed_ms = conference.stats().mixed_ms
            assert mixed_ms > 400
            await asyncio.sleep(0.5)
            assert conference.stats().mixed_ms == mixed_ms

        virtual(main())


class TestBadLegs:
    """One leg floods, one is silent, one loses packets, one does not read: the fifth and sixth hear each other."""

    def test_nobody_holds_the_others(self, virtual, party, in_conference):
        async def flood(each):
            for _ in range(200):
                each.say(noise(8, 50))
                await asyncio.sleep(0.005)

        async def lose(each, start_s):
            def write(data, text):
                if not lost or chance.random() >= 0.05:
                    deliver(data, text)
                    lost.append(0)
                else:
                    lost.append(1)

            chance, deliver = random.Random(5), each.transport.write
            each.transport.write = write
            await each.say_frames(frames_from(1001), start_s)

        lost = []  # of each packet, whether it was

        async def main():
            conference = phonewire.Conference()
            kinds = ("sln documented", "audiosocket", "audiosocket", "twilio", "rtp documented", "audiosocket")
            one, other, flooding, _silent, losing, stuck = parties = [party(kind) for kind in kinds]
            async with in_conference(conference, parties):
                conference.mute(flooding.call)  # so that the others can be told apart
                stuck.call._line.transport.buffered_bytes = 10**6
                start_s = now_s() + 0.02
                await asyncio.gather(one.say_frames(noise(1), start_s), flood(flooding), lose(losing, start_s + 1.2))
                await asyncio.sleep(0.3)
                flooded, lossy = (conference.leg_stats(each.call) for each in (flooding, losing))
                assert stuck.call.stats().dropped_ms > 2000
                assert stuck.call.stats().queued_ms <= 120
            assert contains(other.audio, noise(1))
            assert flooded.dropped_ms > 190_000
            assert flooded.waiting_ms <= 300
            arrived = [1001 + n for n in range(50) if not lost[n]]
            assert losing.call.stats().lost_packets == sum(lost) > 0
            heard = dict.fromkeys(number for number in numbered(other.audio) if number in set(arrived))
            assert list(heard) == arrived  # in order; the buffer's stand-ins are like the packet before them
            assert lossy.missing_ms == 0  # what was lost is the jitter buffer's to conceal
            assert not stuck.audio[FRAME * 20 :].any()

        virtual(main())

    @pytest.mark.parametrize("kind", ["twilio", "audiosocket"])
    def test_a_leg_whose_connection_fails_ends_alone(self, virtual, party, in_conference, kind, caplog):
        def fail(_data, _text):
            raise MemoryError

        async def main():
            one, other, broken = parties = [party(each) for each in ("sln documented", "audiosocket", kind)]
            async with in_conference(phonewire.Conference(), parties) as joined:
                asyncio.get_running_loop().call_later(0.3, setattr, broken.call._line.transport, "write", fail)
                await one.say_frames(noise(1), now_s() + 0.02)
                await asyncio.sleep(0.1)
                assert [task.done() for task in joined] == [False, False, True]
            assert contains(other.audio, noise(1))

        virtual(main())
        assert "sending failed" in caplog.text

    def test_a_prompt_in_one_message_is_heard_whole(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one, other = parties = party("sln tutorial"), party("audiosocket")
            async with in_conference(conference, parties):
                one.say(frames_from(1001, 150))
                await asyncio.sleep(4)
                assert conference.leg_stats(one.call).dropped_ms == 0
            assert numbered(other.audio) == list(range(1001, 1151))

        virtual(main())

    def test_a_leg_that_reads_again_hears_the_present(self, virtual, party, in_conference):
        async def main():
            one, other = parties = party("sln documented"), party("audiosocket")
            async with in_conference(phonewire.Conference(), parties):
                transport = other.call._line.transport
                transport.buffered_bytes = 10**6
                asyncio.get_running_loop().call_later(0.5, setattr, transport, "buffered_bytes", 0)
                start_s = now_s() + 0.02
                said = np.repeat(np.arange(1, 101, dtype=np.int16), FRAME)
                await one.say_frames(said, start_s)
                at_s, last = next((at_s, pcm) for at_s, pcm in reversed(other.heard) if any(pcm))
            frame = int(np.frombuffer(last, np.int16)[0])
            assert at_s - (start_s + (frame - 1) * 0.02) <= 0.04
            assert numbered(other.audio)[-75:] == list(range(frame - 74, frame + 1))

        virtual(main())


class TestComingAndGoing:
    def test_who_leaves_and_comes_back_is_heard_again(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one, other = parties = [party("audiosocket"), party("rtp documented")]
            async with in_conference(conference, parties) as (joined, _):
                await one.say_frames(frames_from(1), now_s() + 0.02)
                conference.leave(one.call)
                await joined
                assert conference.legs == (other.call,)
                one.heard.clear()
                start_s = now_s() + 0.02
                await asyncio.gather(*(each.say_frames(frames_from(101), start_s) for each in parties))
                assert len(one.audio) > FRAME * 50  # its call has silence of its own
                assert not one.audio.any()
                again = asyncio.create_task(conference.join(one.call))
                await asyncio.sleep(0.03)
                await one.say_frames(frames_from(201), now_s() + 0.02)
                await one.call.close()
                await again
            assert numbered(other.audio) == [*range(1, 51), *range(201, 251)]

        virtual(main())

    def test_events_say_who_comes_and_goes(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one, other = parties = [party("audiosocket"), party("rtp documented")]
            async with in_conference(conference, parties) as joined:
                await one.say_frames(noise(1), now_s() + 0.02)
                await asyncio.sleep(0.1)
                await one.call.close()
                await joined[0]
            first, second, left, last = [event async for event in conference.events()]
            assert (first, second) == (
                phonewire.LegJoined(one.call, False),
                phonewire.LegJoined(other.call, False),
            )
            assert (left.call, left.stats.mixed_ms) == (one.call, 1000)
            assert last.call is other.call

        virtual(main())

    def test_who_reads_events_learns_of_everybody_s_end(self, virtual, party, in_conference):
        async def read(conference, into):
            async for event in conference.events():
                into.append(event)

        async def main():
            conference, events = phonewire.Conference(), []
            reading = asyncio.create_task(read(conference, events))
            parties = [party("audiosocket") for _ in range(3)]
            async with in_conference(conference, parties):
                await conference.close()
            await reading
            calls = [each.call for each in parties]
            assert [event.call for event in events] == calls * 2
            assert [type(event) for event in events] == [phonewire.LegJoined] * 3 + [phonewire.LegLeft] * 3

        virtual(main())

    def test_there_is_a_limit_and_each_call_is_in_it_once(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference(max_legs=2)
            one, other, third = [party("audiosocket") for _ in range(3)]
            async with in_conference(conference, [one, other]):
                with pytest.raises(ConferenceFullError, match="2 legs"):
                    await conference.join(third.call)
                with pytest.raises(LocalProtocolError, match="already"):
                    await conference.join(one.call)
                conference.leave(one.call)
                assert conference.legs == (other.call,)
                again = asyncio.create_task(conference.join(one.call))
                await asyncio.sleep(0.01)
                assert conference.legs == (other.call, one.call)
            await again
            await third.call.close()
            await conference.join(third.call)  # it is closed: nothing to take part in
            assert (conference.legs, conference.stats().legs) == ((), 0)

        virtual(main())

    def test_who_is_cancelled_has_left(self, virtual, party, in_conference):
        async def main():
            conference = phonewire.Conference()
            one = party("audiosocket")
            async with in_conference(conference, [one]) as joined:
                joined[0].cancel()
                await asyncio.wait(joined)
                assert conference.legs == ()
                joined[0] = asyncio.create_task(asyncio.sleep(0))

        virtual(main())

    def test_what_is_not_in_it_cannot_be_muted(self, virtual, party):
        async def main():
            conference, stranger = phonewire.Conference(), party("audiosocket")
            for ask in (conference.mute, conference.leg_stats):
                with pytest.raises(LocalProtocolError, match="not in the conference"):
                    ask(stranger.call)
            conference.leave(stranger.call)
            with pytest.raises(ValueError, match=r"12000 Hz.*got 8000 Hz"):
                await conference.join(party("audiosocket", rate_hz=12_000).call)

        virtual(main())

    @pytest.mark.parametrize(("option", "value"), [("sample_rate_hz", 11_025), ("max_legs", 0), ("buffer_ms", 20)])
    def test_what_cannot_be_is_refused(self, option, value):
        with pytest.raises(ValueError, match=f"{option}.*got {value}"):
            phonewire.Conference(**{option: value})


def test_a_tick_that_raises_ends_the_conference_and_no_call(virtual, party, calling, caplog):
    async def main():
        conference = phonewire.Conference()
        parties = party("sln documented"), party("twilio")
        async with calling(parties):
            joined = [asyncio.create_task(conference.join(each.call)) for each in parties]
            await asyncio.sleep(0.1)
            conference._next_ns = None  # a bug
            await asyncio.wait_for(asyncio.gather(*joined), 0.03)
            assert conference.legs == ()
            assert [each.call.end_reason for each in parties] == [None, None]
        assert [record.getMessage() for record in caplog.records] == [f"conference {conference.id}: mixing failed"]

    virtual(main())

"""Fifty legs of every protocol in one conference: each hears the sum of all others, sample for sample."""

import asyncio
from itertools import cycle, islice

import numpy as np

import phonewire

FRAME, LEGS, FRAMES, QUIET_FRAMES = 160, 50, 50, 10
MOST_FRAMES_LATE = 10
KINDS = ("twilio", "audiosocket", "rtp tutorial", "rtp documented", "sln documented", "audiosocket deployed")


def noise(seed):
    """Return a second of noise, and silence behind it, so that no packet is missed at its end."""
    said = np.random.default_rng(seed).integers(-9000, 9000, FRAME * FRAMES).astype(np.int16)
    return np.append(said, np.zeros(FRAME * QUIET_FRAMES, np.int16))


def frames_late(said, everything):
    """Return with how many frames of delay *said* is in the sum of all: where the two have most in common."""
    common = [
        np.dot(everything[FRAME * late :][: len(said)].astype(float), said.astype(float))
        for late in range(MOST_FRAMES_LATE)
    ]
    return int(np.argmax(common))


def test_each_leg_hears_the_sum_of_all_others(virtual, party, in_conference):
    async def main():
        parties = [party(kind) for kind in islice(cycle(KINDS), LEGS)]
        said = [noise(seed) for seed in range(LEGS)]
        conference = phonewire.Conference()
        tap = conference.frames()
        async with in_conference(conference, parties):
            first_s = asyncio.get_running_loop().time()
            speaking = [each.say_frames(samples, first_s + 0.02) for each, samples in zip(parties, said, strict=True)]
            await asyncio.gather(*speaking)
            await asyncio.sleep(0.3)
            stats = [conference.leg_stats(each.call) for each in parties]
        everything = np.frombuffer(b"".join([frame.pcm async for frame in tap]), np.int16)
        return parties, said, everything, stats

    parties, said, everything, stats = virtual(main())
    said = [each.as_said(samples) for each, samples in zip(parties, said, strict=True)]
    line = np.zeros((LEGS, len(everything)), np.int64)
    speech = np.flatnonzero(everything)[0] // FRAME * FRAME
    for leg, samples in enumerate(said):
        begin = speech + FRAME * frames_late(samples, everything[speech:])
        line[leg, begin : begin + len(samples)] = samples

    total = line.sum(axis=0)
    assert np.array_equal(everything, total.clip(-32768, 32767))
    assert np.abs(total).max() > 32767  # some of it was clipped
    for leg, each in enumerate(parties):
        expected = each.as_heard((total - line[leg]).clip(-32768, 32767))
        heard = each.audio
        assert any(np.array_equal(heard[at : at + len(expected)], expected) for at in range(0, len(heard), FRAME)), leg
    assert {(each.missing_ms, each.dropped_ms, each.skipped_ms) for each in stats} == {(0, 0, 0)}

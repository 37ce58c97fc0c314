"""What is kept of a call for whoever overhears it: decoded, in time, and bounded."""

import numpy as np
import pytest

from phonewire import g711
from phonewire.aio.monitor.overheard import Overheard
from phonewire.aio.monitor.watched_call import _wave
from phonewire.protocols.connection import Media, MediaFormat

MS = 1_000_000
FRAME = bytes(range(0x80, 0xFF)) + bytes(33)


class FakeCall:
    """What `Overheard` needs of a call."""

    def __init__(self, media_format=MediaFormat(), tracks=("inbound",), may_send=True):  # noqa: B008 - frozen
        self.media_format, self.tracks, self.may_send = media_format, tracks, may_send
        self.ears = self
        self.given = []

    def add(self, ear):
        self.given.append(ear)

    def remove(self, ear):
        self.given.remove(ear)


def test_it_overhears_until_it_is_stopped():
    call = FakeCall()
    overheard = Overheard(call)
    assert call.given == [overheard]
    overheard.stop()
    assert call.given == []


def test_what_is_heard_comes_once_and_decoded():
    overheard = Overheard(FakeCall())
    overheard.heard(Media(FRAME, "inbound"))
    overheard.heard(Media(FRAME, "inbound"))
    overheard.heard(Media(FRAME, "a track that was not announced"))
    assert overheard.take(0) == [g711.ulaw_decode(FRAME * 2), b""]
    assert overheard.take(0) == [b"", b""]


def test_what_is_sent_comes_when_it_is_played():
    overheard = Overheard(FakeCall())
    for number in range(4):
        overheard.sent(FRAME[number:] + FRAME[:number], number * 20 * MS)
    assert overheard.take(25 * MS) == [b"", g711.ulaw_decode(FRAME + FRAME[1:] + FRAME[:1])]
    overheard.sent(b"", 50 * MS)  # cleared while the third was played
    assert overheard.take(1000 * MS) == [b"", g711.ulaw_decode(FRAME[2:] + FRAME[:2])]


def test_what_is_sent_far_ahead_is_bounded():
    """A consumer that takes audio as fast as it comes has no time of its own."""
    overheard = Overheard(FakeCall())
    for number in range(1000):
        overheard.sent(FRAME, (1 + number) * 20 * MS)
    assert len(overheard._ahead) == 64
    assert overheard.take(0) == [b"", g711.ulaw_decode(FRAME * 50)]


@pytest.mark.parametrize("size", [1, 7, 160, 8000, 100_000])
def test_a_second_of_each_track_is_kept(size):
    overheard = Overheard(FakeCall(tracks=("external", "internal"), may_send=False))
    audio = bytes(n % 251 for n in range(100_000))
    for start in range(0, len(audio), size):
        overheard.heard(Media(audio[start : start + size], "external"))
        overheard.heard(Media(audio[start : start + size][::-1], "internal"))
    external, internal = overheard.take(0)
    assert external == g711.ulaw_decode(audio[-8000:])
    assert len(internal) == 16_000


def test_several_channels_are_mixed():
    stereo = np.array([100, 10, 200, 20, -300, 0], "<i2").tobytes()
    overheard = Overheard(FakeCall(MediaFormat("s16le", 8000, 2), (None,), may_send=False))
    overheard.heard(Media(stereo, None))
    (mixed,) = overheard.take(0)
    assert np.frombuffer(mixed, np.int16).tolist() == [110, 220, -300]


def test_the_waveform_has_the_extremes_of_each_part():
    values = np.zeros(1000, np.int16)
    values[[0, 199, 200, 999]] = 32767, -32768, 256, -1
    assert _wave(values.tobytes()) == [-128, 127, 0, 1, 0, 0, 0, 0, -1, 0]
    assert _wave(b"") == []


@pytest.mark.parametrize("length", [1, 2, 4, 5, 6, 161])
def test_a_waveform_of_any_length_has_five_parts(length):
    wave = _wave(np.full(length, 512, np.int16).tobytes())
    assert wave == [2] * 10

"""What may be left out: silence, and what is much softer than the speech around it."""

from array import array

import pytest

from phonewire.jitter.pauses import Pauses
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import encoder

ENCODINGS = ["ulaw", "alaw", "s16le", "s16be"]


def packet(amplitude, encoding="s16le"):
    return encoder(encoding)(array("h", [amplitude, -amplitude] * 80))


@pytest.mark.parametrize(("amplitude", "silent"), [(0, True), (80, True), (150, False), (8000, False)])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_silence_is_a_pause(encoding, amplitude, silent):
    assert Pauses(MediaFormat(encoding)).has(packet(amplitude, encoding)) is silent


@pytest.mark.parametrize(("speech", "noise", "pause"), [(8000, 790, True), (8000, 810, False), (20_000, 1000, True)])
def test_noise_between_words_is_a_pause_when_it_is_a_tenth_of_them(speech, noise, pause):
    pauses = Pauses(MediaFormat("s16le"))
    assert not pauses.has(packet(noise))  # nothing louder has been heard
    assert not pauses.has(packet(speech))
    assert pauses.has(packet(noise)) is pause


def test_who_speaks_more_softly_later_is_not_taken_for_a_pause_for_long():
    pauses = Pauses(MediaFormat("s16le"))
    pauses.has(packet(20_000))
    soft = [pauses.has(packet(1000)) for _ in range(100)]
    assert soft[0]
    assert not soft[-1]
    assert soft == sorted(soft, reverse=True)


def test_what_never_changes_has_no_pause():
    pauses = Pauses(MediaFormat("s16le"))
    assert not any(pauses.has(packet(3000)) for _ in range(1000))

"""Stamps: each number is read as what it was, and survives what servers do to audio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import g711
from phonewire.load.stamp import FRAME_BYTES, HEAD_BYTES, MOST, TONE, Voice, read_head
from phonewire.load.voipbin import heads_of_samples, samples_of

NUMBERS = st.integers(0, MOST - 1)


@given(NUMBERS, NUMBERS)
def test_what_is_stamped_is_read(call, frame):
    assert read_head(Voice(call, stamped=True).head(frame)) == (call, frame)


@given(NUMBERS, NUMBERS)
def test_stamps_survive_pcm(call, frame):
    head = Voice(call, stamped=True).head(frame)
    assert g711.ulaw_encode(g711.ulaw_decode(head)) == head
    assert list(heads_of_samples(samples_of(head + TONE[HEAD_BYTES:]))) == [head]


def test_the_tone_survives_pcm_and_is_no_stamp(audioop):
    assert len(TONE) == FRAME_BYTES
    assert audioop.lin2ulaw(audioop.ulaw2lin(TONE, 2), 2) == TONE
    assert read_head(TONE[:HEAD_BYTES]) is None
    assert Voice(1, stamped=False).head(2) == TONE[:HEAD_BYTES]


@pytest.mark.parametrize("codewords", [b"", b"\x80" * 5, b"\x80" * 7, b"\xff" * 6, b"\x80" * 5 + b"\xe4", bytes(6)])
def test_other_audio_is_no_stamp(codewords):
    assert read_head(codewords) is None

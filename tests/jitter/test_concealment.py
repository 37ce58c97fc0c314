"""What stands in for audio that is not there."""

from array import array

import pytest

from phonewire.jitter.concealment import Concealer
from phonewire.protocols.connection import MediaFormat
from phonewire.protocols.payload import DECODERS, encoder

ENCODINGS = ("ulaw", "alaw", "s16le", "s16be")
SILENCE = {"ulaw": b"\xff", "alaw": b"\xd5", "s16le": b"\0", "s16be": b"\0"}
SQUARE = array("h", [8000, -8000] * 80).tobytes()  # 20 ms at 8 kHz


def peaks(encoding, audio):
    """Return the loudest sample of each 10 ms."""
    samples = array("h", DECODERS[encoding](audio))
    return [max(abs(sample) for sample in samples[at : at + 80]) for at in range(0, len(samples), 80)]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_last_packet_comes_again_fainter_and_fainter_and_then_silence(encoding):
    media_format = MediaFormat(encoding)
    concealer = Concealer(media_format)
    concealer.heard(encoder(encoding)(SQUARE))
    audio = b"".join(concealer.conceal(20 * media_format.bytes_per_ms) for _ in range(4))
    assert peaks(encoding, audio) == pytest.approx([8000, 6400, 4800, 3200, 1600, 0, 0, 0], rel=0.04, abs=8)
    assert audio[-60 * media_format.bytes_per_ms // 2 :].strip(SILENCE[encoding]) == b""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_before_anything_was_heard_there_is_silence(encoding):
    assert Concealer(MediaFormat(encoding)).conceal(320) == SILENCE[encoding] * 320


def test_the_next_packet_begins_anew():
    concealer = Concealer(MediaFormat("s16le"))
    concealer.heard(SQUARE)
    concealer.conceal(3200)
    concealer.heard(SQUARE)
    assert concealer.conceal(160) == SQUARE[:160]


@pytest.mark.parametrize("size", [2, 100, 320, 3200])
def test_a_packet_of_any_length_is_repeated_in_one_piece(size):
    concealer = Concealer(MediaFormat("s16le"))
    last = bytes(range(256)) * 20
    concealer.heard(last[:size])
    repeated = concealer.conceal(100) + concealer.conceal(60)
    assert repeated == (last[:size] * 100)[:160]

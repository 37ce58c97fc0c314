"""What the public functions refuse, in both backends in the same words, whichever of them runs here."""

import pytest

from phonewire.errors import CodecError

TOO_MANY = 65_537
SAMPLE = b"\0\0"


def packetizer(backend, payload_size=160):
    return backend.rtp_packetizer.Packetizer(
        0, ssrc=1, sequence_number=0, timestamp=0, samples_per_packet=160, payload_size=payload_size
    )


def carrying(backend):
    made = packetizer(backend)
    assert made.packetize(b"half") == []
    return made


CASES = [
    (ValueError, "size must not be negative, got -1", lambda it: it.b64.encoded_size(-1)),
    (BufferError, "read-only", lambda it: it.b64.encode_into(b"abc", bytes(4))),
    (ValueError, "compat must be 'itu' or 'audioop', got 'sun'", lambda it: it.g711.ulaw_encode(SAMPLE, compat="sun")),
    (ValueError, "channels must be 1 to 65536, got 0", lambda it: it.interleaving.deinterleave(SAMPLE, 0)),
    (ValueError, "at most 65536 inputs, got 65537", lambda it: it.mixing.mix([SAMPLE] * TOO_MANY)),
    (ValueError, "at least one input is needed, got 0", lambda it: it.mixing.mix([])),
    (CodecError, "inputs must have one size, got 2 and 4 bytes", lambda it: it.mixing.mix([SAMPLE, SAMPLE * 2])),
    (TypeError, "prefix and suffix must be bytes, got str", lambda it: it.payload.MessageFramer(b"", "")),
    (ValueError, "codec must be 'ulaw', 'alaw' or None", lambda it: it.payload.MessageFramer(b"", b"", codec="gsm")),
    (ValueError, "even with a codec, got 3", lambda it: it.payload.MessageFramer(b"", b"").frames(SAMPLE, 3)),
    (CodecError, "samples are 2 bytes each, got 1 bytes", lambda it: it.payload.MessageFramer(b"", b"").frame(b"\0")),
    (ValueError, "payload_size must be positive, got 0", lambda it: packetizer(it, payload_size=0)),
    (ValueError, "4 bytes are carried: flush before silence", lambda it: carrying(it).skip(160)),
    (TypeError, "packets are made by phonewire.rtp.parse", lambda it: it.rtp_parse.RtpPacket()),
]


@pytest.mark.parametrize(("error", "words", "refused"), CASES, ids=[words for _, words, _ in CASES])
def test_what_is_refused(backend, error, words, refused):
    with pytest.raises(error, match=words):
        refused(backend)


def test_base64_is_written_in_place(backend):
    out = bytearray(4)
    assert backend.b64.encode_into(b"abc", out) == 4
    assert out == b"YWJj"
    assert backend.b64.decode_into("YWJj", out) == 3
    assert out == b"abcj"


def test_text_that_is_not_ascii_is_no_base64(backend):
    with pytest.raises(CodecError) as raised:
        backend.b64.decode("YWé=")
    assert raised.value.offset == 2


def test_a_level_of_too_much_audio(pure, monkeypatch):
    monkeypatch.setattr(pure.pcm, "_MAX_MEASURED", 3)  # the real one is 34 GB
    assert pure.pcm.level(SAMPLE * 2).rms_dbfs == float("-inf")
    with pytest.raises(ValueError, match="fewer than 3 samples, got 3"):
        pure.pcm.level(SAMPLE * 3)


def test_packets_become_rows(backend):
    pytest.importorskip("numpy")
    packet = packetizer(backend, payload_size=2).packetize(b"ab")[0]
    rows = backend.rtp_parse.parse_batch([packet, b"\0"])
    assert rows["payload_size"].tolist() == [2, 0]
    assert rows["reason"][0] == 0
    assert rows["reason"][1] != 0

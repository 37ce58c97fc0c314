"""Media payloads: whole messages out, whole payloads in."""

import base64
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import b64, g711
from phonewire.errors import CodecError, InvalidBase64Error

PREFIX = b'{"event":"media","streamSid":"MZ18","media":{"payload":"'
SUFFIX = b'"}}'
COMPRESS = {"ulaw": g711.ulaw_encode, "alaw": g711.alaw_encode, None: bytes}


def payload_of(message: bytes) -> bytes:
    return base64.b64decode(json.loads(message)["media"]["payload"], validate=True)


@pytest.mark.parametrize("codec", COMPRESS)
# Around the 3,072 codewords of a block, and beyond the size from which the GIL is released.
@pytest.mark.parametrize("size", [0, 2, 4, 6, 320, 322, 6142, 6144, 6146, 6148, 12288, 16382, 16384, 40002])
def test_a_frame_is_json_with_the_compressed_audio(codec, size: int) -> None:
    audio = random.Random(size).randbytes(size)
    message = b64.MessageFramer(PREFIX, SUFFIX, codec=codec).frame(audio)
    assert message.startswith(PREFIX)
    assert message.endswith(SUFFIX)
    assert payload_of(message) == COMPRESS[codec](audio)


def test_the_codec_is_ulaw_unless_said_otherwise() -> None:
    assert b64.MessageFramer(b"<", b">").frame(bytes(320)) == b"<" + b"/" * 212 + b"/w==>"


@given(st.binary(max_size=700), st.integers(1, 400), st.sampled_from(["ulaw", "alaw", None]))
def test_frames_cut_what_frame_takes(audio: bytes, size: int, codec) -> None:
    if codec is not None:
        audio, size = audio[: len(audio) // 2 * 2], size * 2
    framer = b64.MessageFramer(PREFIX, SUFFIX, codec=codec)
    pieces = [audio[i : i + size] for i in range(0, len(audio), size)]
    assert framer.frames(audio, size) == [framer.frame(piece) for piece in pieces]


def test_frames_of_nothing_and_of_less_than_one() -> None:
    framer = b64.MessageFramer(b"", b"")
    assert framer.frames(b"", 320) == []
    assert framer.frames(bytes(2), 2**80) == [b"/w=="]


def test_half_a_sample_is_an_error() -> None:
    framer = b64.MessageFramer(PREFIX, SUFFIX, codec="alaw")
    with pytest.raises(CodecError, match="2 bytes each, got 319"):
        framer.frame(bytes(319))
    with pytest.raises(CodecError, match="2 bytes each, got 319"):
        framer.frames(bytes(319), 320)
    assert len(b64.MessageFramer(b"", b"", codec=None).frame(bytes(319))) == 428


@pytest.mark.parametrize("size", [0, -2, 321])
def test_a_size_that_would_split_samples_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"got {size}"):
        b64.MessageFramer(b"", b"").frames(bytes(640), size)


@pytest.mark.parametrize("arguments", [("", b""), (b"", None), (bytearray(), b""), (b"", memoryview(b""))])
def test_prefix_and_suffix_are_bytes(arguments) -> None:
    with pytest.raises(TypeError, match="must be bytes, got"):
        b64.MessageFramer(*arguments)


@pytest.mark.parametrize("codec", ["pcmu", "", 0, "ULAW"])
def test_an_unknown_codec_is_refused(codec) -> None:
    with pytest.raises(ValueError, match="'ulaw', 'alaw' or None"):
        b64.MessageFramer(b"", b"", codec=codec)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 159, 160, 161, 3071, 3072, 3073, 6144, 6145, 20000])
def test_a_payload_is_decoded_to_samples(size: int) -> None:
    codewords = random.Random(size).randbytes(size)
    text = base64.b64encode(codewords)
    for given_text in (text, text.decode(), bytearray(text)):
        assert b64.decode_ulaw(given_text) == g711.ulaw_decode(codewords)
        assert b64.decode_alaw(given_text) == g711.alaw_decode(codewords)


@pytest.mark.parametrize("decode", [b64.decode, b64.decode_ulaw, b64.decode_alaw])
def test_all_decoders_agree_on_where_the_error_is(decode) -> None:
    # Padding at the end of a block of 4,096 characters is not at the end of the text.
    for text, offset in [
        (b"QUJD" * 1023 + b"QQ==" + b"QUJD", 4094),
        (b"QUJD" * 1023 + b"QUI=" + b"QUJD" * 2000, 4095),
        (b"QUJD" * 1023 + b"QR==" + b"QUJD", 4094),
        (b"QUJD" * 3000 + b"Q!==", 12001),
        (b"QUJD" * 3000 + b"QR==", 12001),
        (b"QUJD" * 3000 + b"QR", 12002),
        (b"\xff" + b"QUJD" * 5000, 0),
        (b"QUJD" * 5000 + b"\n", 20000),
    ]:
        with pytest.raises(InvalidBase64Error) as caught:
            decode(text)
        assert caught.value.offset == offset

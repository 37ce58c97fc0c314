"""G.711 against published values, against audioop, and against itself."""

import hashlib
import random
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import g711
from phonewire.errors import BufferTooSmallError, CodecError

ALL_SAMPLES = array("h", range(-32768, 32768))
ALL_CODEWORDS = bytes(range(256))


def samples_of(data: bytes) -> list[int]:
    return array("h", data).tolist()


def little_endian(data: bytes) -> bytes:
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples_of(data))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Computed from the ITU-T Software Tool Library (G.191) and CPython's audioop, over every sample in ascending order.
ENCODINGS = {
    ("ulaw", "itu"): "90c29de505fb68e766118303bd552a16005dcf810873698bee1d8f3b247ce28c",
    ("ulaw", "audioop"): "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a",
    ("alaw", "itu"): "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
}
# 256 samples, little-endian.
DECODINGS = {
    "ulaw": "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
    "alaw": "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
}
# 256 codewords, from the value numbers of tables 3 and 4 of G.711.
TRANSCODINGS = {
    "ulaw_to_alaw": "41ec9892e67d8ff2258ecc9905991e7287477d95af99bde843fbae3f40df1c79",
    "alaw_to_ulaw": "599857d1ce9306ab383a972a564cfce7110bca33ae091193e8f50390ec4d7788",
}


def test_every_ulaw_encoding_of_g191() -> None:
    assert sha256(g711.ulaw_encode(ALL_SAMPLES)) == ENCODINGS["ulaw", "itu"]
    assert sha256(g711.ulaw_encode(ALL_SAMPLES, compat="itu")) == ENCODINGS["ulaw", "itu"]


def test_every_ulaw_encoding_of_audioop() -> None:
    assert sha256(g711.ulaw_encode(ALL_SAMPLES, compat="audioop")) == ENCODINGS["ulaw", "audioop"]


def test_every_alaw_encoding() -> None:
    assert sha256(g711.alaw_encode(ALL_SAMPLES)) == ENCODINGS["alaw", "itu"]


def test_every_decoding() -> None:
    assert sha256(little_endian(g711.ulaw_decode(ALL_CODEWORDS))) == DECODINGS["ulaw"]
    assert sha256(little_endian(g711.alaw_decode(ALL_CODEWORDS))) == DECODINGS["alaw"]


# sample: u-law of G.191, u-law of audioop, A-law.
FIXED_POINTS = {
    0: (0xFF, 0xFF, 0xD5),
    3: (0xFF, 0xFF, 0xD5),
    4: (0xFE, 0xFE, 0xD5),
    8: (0xFE, 0xFE, 0xD5),
    -1: (0x7F, 0x7E, 0x55),
    -4: (0x7F, 0x7E, 0x55),
    -5: (0x7E, 0x7E, 0x55),
    -9: (0x7E, 0x7D, 0x55),
    -12: (0x7E, 0x7D, 0x55),
    100: (0xF2, 0xF2, 0xD3),
    -100: (0x73, 0x72, 0x53),
    1000: (0xCE, 0xCE, 0xFA),
    -1000: (0x4E, 0x4E, 0x7A),
    8031: (0xA0, 0xA0, 0x8A),
    -8031: (0x20, 0x20, 0x0A),
    16000: (0x90, 0x90, 0xBA),
    -16000: (0x10, 0x10, 0x3A),
    31611: (0x81, 0x81, 0xAB),
    31612: (0x80, 0x80, 0xAB),
    -31612: (0x01, 0x00, 0x2B),
    -31613: (0x00, 0x00, 0x2B),
    32124: (0x80, 0x80, 0xAA),
    32767: (0x80, 0x80, 0xAA),
    -32124: (0x00, 0x00, 0x2A),
    -32768: (0x00, 0x00, 0x2A),
}


@pytest.mark.parametrize(("sample", "codewords"), FIXED_POINTS.items())
def test_fixed_points(sample: int, codewords: tuple[int, int, int]) -> None:
    samples = array("h", [sample])
    encoded = g711.ulaw_encode(samples), g711.ulaw_encode(samples, compat="audioop"), g711.alaw_encode(samples)
    assert encoded == tuple(bytes([codeword]) for codeword in codewords)


def test_decoded_fixed_points() -> None:
    ulaw = bytes.fromhex("00 01 0F 10 7D 7E 7F 80 8F 90 E0 F0 FD FE FF")
    assert samples_of(g711.ulaw_decode(ulaw)) == [
        -32124, -31100, -16764, -15996, -16, -8, 0, 32124, 16764, 15996, 372, 120, 16, 8, 0,
    ]  # fmt: skip
    alaw = bytes.fromhex("00 2A 55 54 AA D5 D4 80 FF 7F")
    assert samples_of(g711.alaw_decode(alaw)) == [-5504, -32256, -8, -24, 32256, 8, 24, 5504, 848, -848]


def test_silence() -> None:
    assert samples_of(g711.ulaw_decode(bytes([g711.ULAW_SILENCE]))) == [0]
    assert samples_of(g711.alaw_decode(bytes([g711.ALAW_SILENCE]))) == [8]
    assert g711.ulaw_encode(b"\0\0") == bytes([g711.ULAW_SILENCE])
    assert g711.alaw_encode(b"\0\0") == bytes([g711.ALAW_SILENCE])


def test_encoding_undoes_decoding_except_for_negative_zero() -> None:
    once = ALL_CODEWORDS.replace(b"\x7f", b"\xff")
    assert g711.ulaw_encode(g711.ulaw_decode(ALL_CODEWORDS)) == once
    assert g711.ulaw_encode(g711.ulaw_decode(ALL_CODEWORDS), compat="audioop") == once
    assert g711.alaw_encode(g711.alaw_decode(ALL_CODEWORDS)) == ALL_CODEWORDS


def test_encoders_are_monotone() -> None:
    for decoded in (
        g711.ulaw_decode(g711.ulaw_encode(ALL_SAMPLES)),
        g711.ulaw_decode(g711.ulaw_encode(ALL_SAMPLES, compat="audioop")),
        g711.alaw_decode(g711.alaw_encode(ALL_SAMPLES)),
    ):
        assert samples_of(decoded) == sorted(samples_of(decoded))


def test_the_families_differ_by_one_codeword_in_508_samples() -> None:
    itu = g711.ulaw_encode(ALL_SAMPLES)
    audioop = g711.ulaw_encode(ALL_SAMPLES, compat="audioop")
    differences = [abs(a - b) for a, b in zip(itu, audioop, strict=True) if a != b]
    assert len(differences) == 508
    assert set(differences) == {1}


def test_audioop_agrees(audioop) -> None:
    samples = ALL_SAMPLES.tobytes()
    assert g711.ulaw_encode(samples, compat="audioop") == audioop.lin2ulaw(samples, 2)
    assert g711.alaw_encode(samples) == audioop.lin2alaw(samples, 2)
    assert g711.ulaw_decode(ALL_CODEWORDS) == audioop.ulaw2lin(ALL_CODEWORDS, 2)
    assert g711.alaw_decode(ALL_CODEWORDS) == audioop.alaw2lin(ALL_CODEWORDS, 2)


@pytest.mark.parametrize("encode", [g711.ulaw_encode, g711.alaw_encode])
def test_half_a_sample_is_an_error(encode) -> None:
    with pytest.raises(CodecError, match="2 bytes each, got 321"):
        encode(bytes(321))


def test_unknown_family_is_an_error() -> None:
    for family in ("ITU", "", None, 5):
        with pytest.raises(ValueError, match="'itu' or 'audioop'"):
            g711.ulaw_encode(bytes(2), compat=family)
    with pytest.raises(ValueError, match="got 'sun'"):
        g711.ulaw_encode_into(bytes(2), bytearray(1), compat="sun")


# ITU-T G.711, tables 5 and 6: one period of 1 kHz at 0 dBm0.
ULAW_MILLIWATT = bytes.fromhex("1E 0B 0B 1E 9E 8B 8B 9E")
ALAW_MILLIWATT = bytes.fromhex("34 21 21 34 B4 A1 A1 B4")


def test_transcoding_the_digital_milliwatt() -> None:
    assert g711.ulaw_to_alaw(ULAW_MILLIWATT) == ALAW_MILLIWATT
    assert g711.alaw_to_ulaw(ALAW_MILLIWATT) == ULAW_MILLIWATT


def test_transcoding_there_and_back_keeps_all_bits_but_the_last() -> None:
    # What G.711 promises of its tables, and what decoding and encoding again does not do.
    there_and_back = g711.alaw_to_ulaw(g711.ulaw_to_alaw(ALL_CODEWORDS))
    assert all((a ^ b) & 0xFE == 0 for a, b in zip(ALL_CODEWORDS, there_and_back, strict=True))
    there_and_back = g711.ulaw_to_alaw(g711.alaw_to_ulaw(ALL_CODEWORDS))
    assert all((a ^ b) & 0xFE == 0 for a, b in zip(ALL_CODEWORDS, there_and_back, strict=True))


def test_the_two_numbers_that_g711_moves_for_it() -> None:
    # u-80 to A-81 instead of to u-79 instead of u-80; positive codewords, then negative.
    assert g711.ulaw_to_alaw(bytes([0xFF ^ 80, 0x7F ^ 80])) == bytes([0xD5 ^ (81 - 1), 0x55 ^ (81 - 1)])
    assert g711.alaw_to_ulaw(bytes([0xD5 ^ (80 - 1), 0x55 ^ (80 - 1)])) == bytes([0xFF ^ 79, 0x7F ^ 79])


def test_transcoding_is_never_further_than_one_step_from_decoding_and_encoding() -> None:
    for transcoded, decoded, decode in (
        (g711.ulaw_to_alaw(ALL_CODEWORDS), g711.ulaw_decode(ALL_CODEWORDS), g711.alaw_decode),
        (g711.alaw_to_ulaw(ALL_CODEWORDS), g711.alaw_decode(ALL_CODEWORDS), g711.ulaw_decode),
    ):
        for before, after in zip(samples_of(decoded), samples_of(decode(transcoded)), strict=True):
            assert abs(before - after) <= (abs(before) + 132) / 16


def test_every_transcoding() -> None:
    assert sha256(g711.ulaw_to_alaw(ALL_CODEWORDS)) == TRANSCODINGS["ulaw_to_alaw"]
    assert sha256(g711.alaw_to_ulaw(ALL_CODEWORDS)) == TRANSCODINGS["alaw_to_ulaw"]


INTO = [
    (g711.ulaw_encode, g711.ulaw_encode_into, 2, 1),
    (g711.alaw_encode, g711.alaw_encode_into, 2, 1),
    (g711.ulaw_decode, g711.ulaw_decode_into, 1, 2),
    (g711.alaw_decode, g711.alaw_decode_into, 1, 2),
    (g711.ulaw_to_alaw, g711.ulaw_to_alaw_into, 1, 1),
    (g711.alaw_to_ulaw, g711.alaw_to_ulaw_into, 1, 1),
]


@pytest.mark.parametrize(("convert", "convert_into", "in_size", "out_size"), INTO)
@given(data=st.binary(max_size=400), spare=st.integers(0, 70))
def test_into_writes_what_the_plain_function_returns(convert, convert_into, in_size, out_size, data, spare) -> None:
    data = data[: len(data) // in_size * in_size]
    expected = convert(data)
    assert len(expected) == len(data) // in_size * out_size
    out = bytearray(b"\xa5" * (len(expected) + spare))
    assert convert_into(data, out) == len(expected)
    assert out == expected + b"\xa5" * spare


@pytest.mark.parametrize(("convert", "convert_into", "in_size", "out_size"), INTO)
def test_too_small_an_output_is_left_alone(convert, convert_into, in_size, out_size) -> None:
    out = bytearray(b"\xa5" * (160 * out_size - 1))
    with pytest.raises(BufferTooSmallError) as caught:
        convert_into(bytes(160 * in_size), out)
    assert (caught.value.needed, caught.value.available) == (160 * out_size, 160 * out_size - 1)
    assert out == b"\xa5" * len(out)


@given(st.binary(max_size=3000))
def test_decoding_is_stable(codewords: bytes) -> None:
    for encode, decode in ((g711.ulaw_encode, g711.ulaw_decode), (g711.alaw_encode, g711.alaw_decode)):
        samples = decode(codewords)
        assert decode(encode(samples)) == samples


@given(st.lists(st.integers(-32768, 32767), max_size=300))
def test_the_error_is_at_most_half_a_step(samples: list[int]) -> None:
    data = array("h", samples)
    for encode, decode, at_the_clip in (
        (g711.ulaw_encode, g711.ulaw_decode, 644),
        (g711.alaw_encode, g711.alaw_decode, 512),
    ):
        for sample, decoded in zip(samples, samples_of(decode(encode(data))), strict=True):
            # A step is a sixteenth of the power of two where its segment begins, and A-law's smallest is 16.
            assert abs(sample - decoded) <= min(at_the_clip, (abs(sample) + 132) / 16 / 2 + 8)


@pytest.mark.parametrize("n", [*range(70), 160, 800, 8000, 20_000])
def test_stereo_is_split_into_its_channels(n: int) -> None:
    first, second = random.Random(n).randbytes(n), random.Random(n + 1_000_000).randbytes(n)
    stereo = bytes(codeword for pair in zip(first, second, strict=True) for codeword in pair)
    assert g711.split_stereo(stereo) == (first, second)


def test_stereo_has_pairs() -> None:
    with pytest.raises(CodecError, match="2 bytes for each pair of codewords, got 3 bytes"):
        g711.split_stereo(bytes(3))

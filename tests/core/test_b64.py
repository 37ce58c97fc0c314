"""Strict base64 against the standard library, against pybase64, and against a rule of its own."""

import base64
import binascii
import random
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonewire import b64
from phonewire.errors import BufferTooSmallError, CodecError, InvalidBase64Error

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
VALUES = {ord(character): value for value, character in enumerate(ALPHABET)}


def first_bad(text: bytes) -> int | None:
    """The documented rule, character by character, in other words than the implementation's."""
    n = len(text)
    end = n
    while end > 0 and n - end < 2 and text[end - 1] == ord("="):
        end -= 1
    if n == 1:
        end = 1  # a lone '=' is no padding
    for i, byte in enumerate(text):
        place = i % 4
        if i < end:
            if (bits := VALUES.get(byte)) is None:
                return i
            followed_by_padding = i == end - 1 and end < n
            if followed_by_padding and ((place == 1 and bits & 15) or (place == 2 and bits & 3)):
                return i
        elif place < 2:
            return i
    return None if n % 4 == 0 else n


def offset_of_error(text: bytes | str) -> int | None:
    try:
        b64.decode(text)
    except InvalidBase64Error as error:
        return error.offset
    return None


def test_encode_agrees_with_the_standard_library() -> None:
    noise = random.Random(4648)
    for size in [*range(300), 768, 1600, 4095, 4096, 4097, 100_003]:
        data = noise.randbytes(size)
        text = base64.b64encode(data)
        assert b64.encode(data) == text
        assert b64.decode(text) == data
        assert b64.decode(text.decode()) == data
        assert b64.encoded_size(size) == len(text)
        assert b64.decoded_size(text) == size


@pytest.mark.parametrize(
    ("data", "text"),
    [  # RFC 4648 section 10
        (b"", b""),
        (b"f", b"Zg=="),
        (b"fo", b"Zm8="),
        (b"foo", b"Zm9v"),
        (b"foob", b"Zm9vYg=="),
        (b"fooba", b"Zm9vYmE="),
        (b"foobar", b"Zm9vYmFy"),
    ],
)
def test_vectors_of_the_rfc(data: bytes, text: bytes) -> None:
    assert b64.encode(data) == text
    assert b64.decode(text) == data


def test_twenty_milliseconds_of_silence() -> None:
    text = b64.encode(b"\xff" * 160)
    assert text == b"/" * 212 + b"/w=="
    assert len(text) == 216


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("=", 0), ("A", 1), ("A=", 1), ("==", 0), ("QQ", 2), ("QQ=", 3), ("QUI", 3), ("QUI=QUI=", 3), ("====", 0),
        ("Q===", 1), ("QQ=A", 2), ("QQ==QQ==", 2), ("QQ==A", 2), ("QQ===", 2), ("QUJD=", 4), ("QUJDQ=", 5),
        ("QUJDQQ=", 7), ("QUI==", 4), ("QR==", 1), ("QR=", 1), ("QUJ=", 2), ("QUI=", None), ("QQ==", None),
        ("QUJD\n", 4), (" QUJD", 0), ("QU-_", 2), ("QUJDQUJDQUJDQUJDQUJDQUJDQUJDQUJDQR==", 33),
    ],
)  # fmt: skip
def test_where_the_error_is(text: str, offset: int | None) -> None:
    assert offset_of_error(text) == offset
    assert offset_of_error(text.encode()) == offset
    assert first_bad(text.encode()) == offset


@pytest.mark.parametrize("size", [4, 8, 36, 68, 72, 140, 216])
def test_every_byte_at_every_position(size: int) -> None:
    good = b"QUJD" * (size // 4)
    for position in range(size):
        for byte in range(256):
            text = good[:position] + bytes([byte]) + good[position + 1 :]
            offset = offset_of_error(text)
            assert offset == first_bad(text), text
            if chr(byte) not in ALPHABET and position < size - 2:
                assert offset == position


def test_every_last_pair_of_characters() -> None:
    # Whatever an alphabet of 64, '=' and strangers can end with, after a character with and without loose bits.
    ends = [ord(character) for character in ALPHABET + "=!\n"] + [0, 0x7F, 0x80, 0xFF]
    for head in (b"QUJDQQ", b"QUJDQR"):
        for last_but_one in ends:
            for last in ends:
                text = head + bytes([last_but_one, last])
                assert offset_of_error(text) == first_bad(text), text


@given(st.text(alphabet="AQRVgw+/=\n-é", max_size=60))
@example("é")
def test_random_text_against_the_rule(text: str) -> None:
    assert offset_of_error(text) == first_bad(text.encode("ascii", "replace"))


@given(st.binary(max_size=600), st.data())
def test_what_is_accepted_is_what_encodes_to_it(data: bytes, draws: st.DataObject) -> None:
    text = bytearray(base64.b64encode(data))
    if text:
        text[draws.draw(st.integers(0, len(text) - 1))] = draws.draw(st.integers(0, 255))
    try:
        decoded = b64.decode(text)
    except InvalidBase64Error:
        # The standard library is more lenient in places, but never accepts and gives back the same text.
        with pytest.raises((binascii.Error, AssertionError)):
            assert base64.b64encode(base64.b64decode(text, validate=True)) == text
    else:
        assert base64.b64decode(text, validate=True) == decoded
        assert base64.b64encode(decoded) == text


def test_pybase64_agrees() -> None:
    pybase64 = pytest.importorskip("pybase64")
    noise = random.Random(1)
    for _ in range(2000):
        text = "".join(noise.choices(ALPHABET, k=4 * noise.randrange(1, 60)))
        if noise.random() < 0.5:
            position = noise.randrange(len(text))
            text = text[:position] + noise.choice("!-_ \n=AQw") + text[position + 1 :]
        try:
            theirs = pybase64.b64decode(text, validate=True)
        except binascii.Error:
            theirs = None
        if offset_of_error(text) is None:
            assert b64.decode(text) == theirs
        else:
            # pybase64 lets non-zero discarded bits pass.
            assert theirs is None or pybase64.b64encode(theirs).decode() != text


def test_text_that_is_not_ascii() -> None:
    assert offset_of_error("QUJDé") == 4
    assert offset_of_error("QUé=") == 2
    assert offset_of_error("é!") == 0
    assert offset_of_error("!é") == 0
    assert offset_of_error("\ud800QUJ") == 0
    assert offset_of_error("QUJD" * 50 + "\U0001f4de" + "QUJ") == 200


def test_the_error_names_both_numbers_and_not_the_text() -> None:
    with pytest.raises(InvalidBase64Error, match=r"^bad base64 character at offset 5 of 8$"):
        b64.decode("QUJDQ!JD")
    with pytest.raises(InvalidBase64Error, match=r"^base64 needs groups of 4 characters, got 7$"):
        b64.decode("QUJDQUJ")
    assert issubclass(InvalidBase64Error, CodecError)
    assert issubclass(CodecError, ValueError)


@given(st.binary(max_size=400), st.integers(0, 70))
def test_into_writes_what_the_plain_function_returns(data: bytes, spare: int) -> None:
    text = base64.b64encode(data)
    out = bytearray(b"\xa5" * (len(text) + spare))
    assert b64.encode_into(data, out) == len(text)
    assert out == text + b"\xa5" * spare
    out = bytearray(b"\xa5" * (len(data) + spare))
    assert b64.decode_into(text, out) == len(data)
    assert out == data + b"\xa5" * spare


def test_nothing_is_written_on_error() -> None:
    out = bytearray(b"\xa5" * 160)
    with pytest.raises(BufferTooSmallError) as caught:
        b64.encode_into(bytes(160), out)
    assert (caught.value.needed, caught.value.available) == (216, 160)
    with pytest.raises(BufferTooSmallError) as caught:
        b64.decode_into(b"QUJD" * 54, out)
    assert (caught.value.needed, caught.value.available) == (162, 160)
    with pytest.raises(InvalidBase64Error):
        b64.decode_into(b"QUJD" * 40 + b"QQ!=", out)
    assert out == b"\xa5" * 160


def test_sizes() -> None:
    assert [b64.encoded_size(n) for n in (0, 1, 2, 3, 4, 160, 768)] == [0, 4, 4, 4, 8, 216, 1024]
    assert [b64.decoded_size(text) for text in ("", "QQ==", "QUI=", b"QUJD")] == [0, 1, 2, 3]
    # Exact where the machine's sizes end: no arithmetic wraps.
    for n in (2**31 - 1, 2**31, 2**32 + 7, 2**62, 2**63 - 1):
        assert b64.encoded_size(n) == -(-n // 3) * 4
    with pytest.raises(ValueError, match="got -1"):
        b64.encoded_size(-1)
    with pytest.raises(InvalidBase64Error) as caught:
        b64.decoded_size("QUJDQ")
    assert caught.value.offset == 5


def test_every_chunk_size() -> None:
    for size in [*range(34), 159, 160, 768, 769, 1535, 1536, 1537, 4096]:
        data = random.Random(size).randbytes(size)
        for chunk in range(4, 1104, 4):
            pieces = list(b64.chunks(data, chunk))
            assert b"".join(pieces) == base64.b64encode(data)
            assert all(len(piece) == chunk for piece in pieces[:-1])
            assert all(pieces)
            assert b"".join(b64.decode(piece) for piece in pieces) == data


def test_chunks_are_1024_characters_by_default() -> None:
    assert [len(piece) for piece in b64.chunks(bytes(2000))] == [1024, 1024, 620]
    assert list(b64.chunks(b"")) == []


@pytest.mark.parametrize("size", [0, -4, 1, 2, 3, 5, 1023])
def test_a_chunk_that_would_not_decode_alone_is_refused_at_once(size: int) -> None:
    with pytest.raises(ValueError, match=f"multiple of 4, got {size}"):
        b64.chunks(b"abc", size)

"""Base64 in plain Python: RFC 4648 section 4, strict.

The standard library's decoder is not the specification: it lets padding in the middle and non-zero discarded bits
pass. Text is checked here, by one rule (`_first_bad`); `binascii` only turns good text into bytes.
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from phonewire._pure import buffers
from phonewire._typing import Buffer
from phonewire.errors import InvalidBase64Error

__all__ = [
    "decode",
    "decode_into",
    "decoded_size",
    "encode",
    "encode_into",
    "encoded_size",
]

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _characters(text: str | Buffer) -> bytes:
    if isinstance(text, str):
        # What is not ASCII becomes '?', which no base64 contains, at the same offset.
        return text.encode("ascii", "replace")
    return buffers.read(text, samples=False)


def _padding(text: bytes) -> int:
    return 2 if text.endswith(b"==") else 1 if len(text) > 1 and text.endswith(b"=") else 0


def _first_bad(text: bytes) -> int | None:
    """Return the index of the first bad character, None if the text is good.

    A character is bad if it is outside the alphabet; if it is '=' and not padding, which is one or two '=' at the end,
    in the third and fourth place of a group; or if it carries bits, not all zero, that the padding after it discards.
    The index is the length of the text where characters are only missing at the end.
    """
    padding = _padding(text)
    characters = text[: len(text) - padding]
    places = len(characters) % 4  # taken in the last group by characters that are not padding
    # Without the alphabet nothing may be left: the first character left over is the first bad one.
    if left := characters.translate(None, _ALPHABET):
        return characters.index(left[0])
    if padding and places < 2:
        return len(characters)  # '=' in the first or second place
    if padding == 2 and places == 3:
        return len(text) - 1  # the first '=' completes the group
    if padding and _ALPHABET.index(characters[-1]) & (15 if places == 2 else 3):
        return len(characters) - 1
    return len(text) if len(text) % 4 else None


def _invalid(offset: int, size: int) -> InvalidBase64Error:
    if offset == size:
        return InvalidBase64Error(f"base64 needs groups of 4 characters, got {size}", offset)
    return InvalidBase64Error(f"bad base64 character at offset {offset} of {size}", offset)


def encoded_size(n: int, /) -> int:
    """Return how many base64 characters n bytes take, padding included.

    Args:
        n: number of bytes.

    Returns:
        4 characters for every 3 bytes begun.

    Raises:
        ValueError: *n* is negative.

    Source: RFC 4648 section 4.
    """
    if n < 0:
        raise ValueError(f"size must not be negative, got {n}")
    return (n + 2) // 3 * 4


def decoded_size(text: str | Buffer, /) -> int:
    """Return how many bytes base64 text decodes to, from its length and its padding; the rest is not looked at.

    Args:
        text: base64 with padding; an ASCII str or any C-contiguous buffer of bytes.

    Returns:
        Bytes that `decode` returns if it accepts the text.

    Raises:
        InvalidBase64Error: the length is not a multiple of 4.
        TypeError: *text* is neither a str nor a buffer of bytes.
        BufferError: *text* is not C-contiguous.

    Source: RFC 4648 section 4.
    """
    characters = _characters(text)
    if len(characters) % 4:
        raise _invalid(len(characters), len(characters))
    return len(characters) // 4 * 3 - _padding(characters)


def encode(data: Buffer, /) -> bytes:
    """Encode bytes as base64 with padding, without line breaks.

    Args:
        data: n bytes; any C-contiguous buffer of bytes.

    Returns:
        ``encoded_size(n)`` ASCII characters.

    Raises:
        TypeError: *data* is no buffer of bytes.
        BufferError: *data* is not C-contiguous.

    Source: RFC 4648 section 4.
    """
    return b2a_base64(buffers.read(data, samples=False), newline=False)


def encode_into(data: Buffer, out: Buffer, /) -> int:
    """Encode bytes as base64 with padding, without line breaks, in the caller's buffer.

    Args:
        data: n bytes; any C-contiguous buffer of bytes.
        out: writable C-contiguous buffer of at least ``encoded_size(n)`` bytes. It may overlap *data*, which is read
            first.

    Returns:
        Bytes written, always ``encoded_size(n)``.

    Raises:
        BufferTooSmallError: *out* is too small; nothing is written.
        TypeError: an argument is no buffer of bytes; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: RFC 4648 section 4.
    """
    return buffers.write(encode(data), out, samples=False)


def decode(text: str | Buffer, /) -> bytes:
    """Decode strict base64: the alphabet, padding, no line breaks, zero in the bits that padding discards.

    Args:
        text: base64 with padding; an ASCII str or any C-contiguous buffer of bytes.

    Returns:
        ``decoded_size(text)`` bytes.

    Raises:
        InvalidBase64Error: *text* is not strict base64; ``.offset`` is the index of the first bad character, the
            length of the text if characters are missing at its end.
        TypeError: *text* is neither a str nor a buffer of bytes.
        BufferError: *text* is not C-contiguous.

    Source: RFC 4648 sections 3.2, 3.3, 3.5 and 4.
    """
    characters = _characters(text)
    offset = _first_bad(characters)
    if offset is not None:
        raise _invalid(offset, len(characters))
    return a2b_base64(characters)


def decode_into(text: str | Buffer, out: Buffer, /) -> int:
    """Decode strict base64 into the caller's buffer.

    Args:
        text: base64 with padding; an ASCII str or any C-contiguous buffer of bytes.
        out: writable C-contiguous buffer of at least ``decoded_size(text)`` bytes. It may overlap *text*, which is
            read first.

    Returns:
        Bytes written, always ``decoded_size(text)``.

    Raises:
        InvalidBase64Error: as for `decode`; nothing is written.
        BufferTooSmallError: *out* is too small; nothing is written.
        TypeError: *text* is neither a str nor a buffer of bytes, or *out* no buffer of bytes; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `decode`.
    """
    return buffers.write(decode(text), out, samples=False)

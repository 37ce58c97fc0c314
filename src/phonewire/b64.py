"""Base64 as media protocols use it: strict RFC 4648, and whole messages and payloads in one call.

Text comes as an ASCII str or as bytes and leaves as bytes. Decoding is strict: a character outside the alphabet, bad
padding or non-zero discarded bits raise `phonewire.errors.InvalidBase64Error` with the offset.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from phonewire._backend import NATIVE
from phonewire._typing import Buffer

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.b64 import decode, decode_into, decoded_size, encode, encode_into, encoded_size
    from phonewire._pure.payload import MessageFramer, decode_alaw, decode_ulaw
    from phonewire._pure.scanner import MessageScanner
else:
    from phonewire._native.b64 import decode, decode_into, decoded_size, encode, encode_into, encoded_size
    from phonewire._native.payload import MessageFramer, decode_alaw, decode_ulaw
    from phonewire._native.scanner import MessageScanner

__all__ = [
    "MessageFramer",
    "MessageScanner",
    "chunks",
    "decode",
    "decode_alaw",
    "decode_into",
    "decode_ulaw",
    "decoded_size",
    "encode",
    "encode_into",
    "encoded_size",
]


def chunks(data: Buffer, /, size: int = 1024) -> Iterator[bytes]:
    """Encode bytes as base64 in pieces, each of which decodes alone.

    Args:
        data: n bytes; any C-contiguous buffer of bytes. It is read once, now.
        size: characters in each piece, a multiple of 4; the last piece has what is left.

    Returns:
        An iterator over the pieces; together they are ``encode(data)``.

    Raises:
        ValueError: *size* is not a positive multiple of 4.
        TypeError: *data* is no buffer of bytes.
        BufferError: *data* is not C-contiguous.

    Source: RFC 4648 section 4.
    """
    if size < 4 or size % 4:
        raise ValueError(f"size must be a positive multiple of 4, got {size}")
    text = encode(data)
    return (text[i : i + size] for i in range(0, len(text), size))

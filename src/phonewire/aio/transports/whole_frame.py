"""The frame that nearly all are: a message in one piece, all of which has come."""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:  # the library was not compiled for this machine
    from websockets.utils import apply_mask

__all__ = ["read_whole"]

_TEXT, _BINARY = 0x81, 0x82  # final, and nothing reserved


def read_whole(data: bytes, start: int, most: int, *, masked: bool) -> tuple[bytes, bool, int] | None:
    """Read the frame that begins at *start*, if it is a whole message, all there, and of less than 64 KiB.

    Args:
        data: what was read from the socket.
        start: where the frame begins.
        most: bytes that a message may have.
        masked: whether frames have to be masked, as those of clients.

    Returns:
        The message, whether it is text, and where the frame ends; None for everything else.

    Source: RFC 6455 section 5.2.
    """
    if len(data) < start + 2:
        return None
    first, second = data[start], data[start + 1]
    if not _TEXT <= first <= _BINARY or (second >= 0x80) is not masked:
        return None
    size, begin = second & 0x7F, start + 2
    if size == 126:
        begin = start + 4
        size = int.from_bytes(data[start + 2 : begin], "big")
    elif size == 127:
        return None
    if masked:
        begin += 4
    end = begin + size
    if size > most or end > len(data):
        return None
    message = apply_mask(data[begin:end], data[begin - 4 : begin]) if masked else data[begin:end]
    return message, first == _TEXT, end

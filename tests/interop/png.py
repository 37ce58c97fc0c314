"""PNG made smaller without any loss: no filters, which suit photographs, and as much time as it takes.

Specification: https://www.w3.org/TR/png-3/, sections 5 and 9. For 8 bits of red, green and blue, as Chromium writes.
"""

import struct
import zlib
from collections.abc import Iterator

__all__ = ["smaller"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BYTES = 3  # of a pixel


def smaller(png: bytes) -> bytes:
    """Return the same picture in fewer bytes."""
    chunks = list(_chunks(png))
    header = next(body for kind, body in chunks if kind == b"IHDR")
    width, _, *form = struct.unpack(">IIBBBBB", header)
    assert form == [8, 2, 0, 0, 0], form
    filtered = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    rows = b"".join(b"\0" + row for row in _rows(filtered, width * _BYTES))
    found = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in found
    )


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = len(_SIGNATURE)
    while place < len(png):
        size, kind = struct.unpack_from(">I4s", png, place)
        yield kind, png[place + 8 : place + 8 + size]
        place += size + 12


def _rows(filtered: bytes, size: int) -> Iterator[bytes]:
    """Yield each row as it was before it was filtered."""
    above = bytes(size)
    for start in range(0, len(filtered), size + 1):
        kind, row = filtered[start], bytearray(filtered[start + 1 : start + 1 + size])
        for place in range(size):
            left, corner = (row[place - _BYTES], above[place - _BYTES]) if place >= _BYTES else (0, 0)
            row[place] = row[place] + _predicted(kind, left, above[place], corner) & 0xFF
        yield bytes(row)
        above = row


def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 4:  # Paeth: whichever is nearest to what the three together say
        return min((left, above, corner), key=lambda value: abs(left + above - corner - value))
    return (0, left, above, (left + above) // 2)[kind]

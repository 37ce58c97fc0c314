"""G.711 in plain Python.

A codeword is ``silence ^ sign ^ (segment << 4 | step)``: the complement that the transmission line wants (all bits for
µ-law, the even ones for A-law) is the codeword of positive zero. Everything is on the scale of 16-bit samples: four
times G.711's 14 bits of µ-law, eight times its 13 bits of A-law.
"""

from __future__ import annotations

from array import array
from functools import cache
from itertools import chain

from phonewire._pure import buffers
from phonewire._typing import Buffer, UlawFamily
from phonewire.errors import CodecError

__all__ = [
    "alaw_decode",
    "alaw_decode_into",
    "alaw_encode",
    "alaw_encode_into",
    "alaw_to_ulaw",
    "alaw_to_ulaw_into",
    "split_stereo",
    "ulaw_decode",
    "ulaw_decode_into",
    "ulaw_encode",
    "ulaw_encode_into",
    "ulaw_to_alaw",
    "ulaw_to_alaw_into",
]

_SIGN = 0x80
_ULAW_SILENCE = 0xFF
_ALAW_SILENCE = 0xD5
_ULAW_BIAS = 132  # makes every segment a power of two: 33 on the 14-bit scale


def _ulaw_codeword(sample: int, family: str) -> int:
    if family == "audioop":
        sample &= ~3  # 14 bits, rounded towards minus infinity
        magnitude = abs(sample)
    else:
        magnitude = ~sample if sample < 0 else sample  # one's complement
    biased = min(magnitude + _ULAW_BIAS, 0x7FFF)
    segment = biased.bit_length() - 8
    step = biased >> (segment + 3) & 15
    return _ULAW_SILENCE ^ (_SIGN if sample < 0 else 0) ^ (segment << 4 | step)


def _alaw_codeword(sample: int) -> int:
    magnitude = ~sample if sample < 0 else sample
    segment = max(magnitude.bit_length() - 8, 0)
    step = magnitude >> (max(segment, 1) + 3) & 15  # segments 0 and 1 have steps of the same size
    return _ALAW_SILENCE ^ (_SIGN if sample < 0 else 0) ^ (segment << 4 | step)


def _ulaw_sample(codeword: int) -> int:
    plain = codeword ^ 0xFF
    magnitude = ((plain & 15) * 8 + _ULAW_BIAS << (plain >> 4 & 7)) - _ULAW_BIAS
    return -magnitude if plain & _SIGN else magnitude


def _alaw_sample(codeword: int) -> int:
    plain = codeword ^ 0x55
    segment, step = plain >> 4 & 7, plain & 15
    magnitude = step * 16 + 264 << (segment - 1) if segment else step * 16 + 8
    return magnitude if plain & _SIGN else -magnitude


# Tables by unsigned 16-bit value: 0 to 32767, then -32768 to -1. Made on first use, 30 ms each.
_SAMPLES = range(0x8000), range(-0x8000, 0)


@cache
def _ulaw_codewords(family: str) -> bytes:
    if family not in ("itu", "audioop"):
        raise ValueError(f"compat must be 'itu' or 'audioop', got {family!r}")
    return bytes(_ulaw_codeword(sample, family) for sample in chain(*_SAMPLES))


@cache
def _alaw_codewords() -> bytes:
    return bytes(map(_alaw_codeword, chain(*_SAMPLES)))


_ULAW_SAMPLES = [_ulaw_sample(codeword) for codeword in range(256)]
_ALAW_SAMPLES = [_alaw_sample(codeword) for codeword in range(256)]

# Tables 3 and 4 of G.711: decoder output value numbers, lowest magnitude first; A-law counts from 1. Mind 80: µ-80
# becomes becomes µ-79, not the nearest, so that A-µ-A and µ-A-µ keep bits 1 to 7.
_ALAW_NUMBERS = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, *range(9, 26), 27, 29, 31, *range(33, 45), 46]
_ALAW_NUMBERS += [*range(48, 63), *range(64, 80), *range(81, 129)]
_ULAW_NUMBERS = [1, 3, 5, 7, 9, 11, 13, 15, *range(16, 32), 32, 32, 33, 33, 34, 34, 35, 35, *range(36, 48), 48, 48]
_ULAW_NUMBERS += [49, 49, *range(50, 64), 64, *range(64, 80), *range(79, 128)]

_ULAW_TO_ALAW = bytes(c & _SIGN | _ALAW_NUMBERS[(c & 0x7F) ^ 0x7F] - 1 ^ 0x55 for c in range(256))
_ALAW_TO_ULAW = bytes(c & _SIGN | _ULAW_NUMBERS[(c & 0x7F) ^ 0x55] ^ 0x7F for c in range(256))


def _encode(samples: Buffer, codewords: bytes) -> bytes:
    data = buffers.read(samples, samples=True)
    if len(data) % 2:
        raise CodecError(f"samples are 2 bytes each, got {len(data)} bytes")
    return bytes(map(codewords.__getitem__, array("H", data)))


def _decode(codewords: Buffer, samples: list[int]) -> bytes:
    return array("h", map(samples.__getitem__, buffers.read(codewords, samples=False))).tobytes()


def _encode_into(samples: Buffer, out: Buffer, codewords: bytes) -> int:
    data = buffers.read(samples, samples=True)
    buffers.writable(out, samples=False)
    return buffers.write(_encode(data, codewords), out, samples=False)


def _decode_into(codewords: Buffer, out: Buffer, samples: list[int]) -> int:
    return buffers.write(_decode(codewords, samples), out, samples=True)


def ulaw_encode(samples: Buffer, /, *, compat: UlawFamily = "itu") -> bytes:
    """Compress linear PCM to G.711 µ-law codewords.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.
        compat: "itu" follows ITU-T G.191; "audioop" follows CPython's former ``audioop.lin2ulaw``, which differs in
            508 of the 65,536 samples, by one codeword.

    Returns:
        n bytes, one codeword each.

    Raises:
        CodecError: the size of *samples* is odd.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: *samples* is not C-contiguous.
        ValueError: *compat* is neither.

    Source: ITU-T G.711 (11/88), table 2a; ITU-T G.191; CPython 3.12 ``Modules/audioop.c``.
    """
    return _encode(samples, _ulaw_codewords(compat))


def ulaw_encode_into(samples: Buffer, out: Buffer, /, *, compat: UlawFamily = "itu") -> int:
    """Compress linear PCM to G.711 µ-law codewords in the caller's buffer.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.
        out: writable C-contiguous buffer of at least n bytes. It may overlap *samples*, which is read first.
        compat: as for `ulaw_encode`.

    Returns:
        Bytes written, always n.

    Raises:
        CodecError: the size of *samples* is odd; nothing is written.
        BufferTooSmallError: ``len(out) < n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.
        ValueError: *compat* is neither; nothing is written.

    Source: as for `ulaw_encode`.
    """
    return _encode_into(samples, out, _ulaw_codewords(compat))


def ulaw_decode(codewords: Buffer, /) -> bytes:
    """Expand G.711 µ-law codewords to linear PCM.

    Args:
        codewords: n bytes, one codeword each; any C-contiguous buffer.

    Returns:
        2*n bytes: n samples, s16 in native byte order.

    Raises:
        TypeError: *codewords* is no buffer of bytes.
        BufferError: *codewords* is not C-contiguous.

    Source: ITU-T G.711 (11/88), table 2a; bit-exact with CPython ``audioop.ulaw2lin``.
    """
    return _decode(codewords, _ULAW_SAMPLES)


def ulaw_decode_into(codewords: Buffer, out: Buffer, /) -> int:
    """Expand G.711 µ-law codewords to linear PCM in the caller's buffer.

    Args:
        codewords: n bytes, one codeword each; any C-contiguous buffer.
        out: writable C-contiguous buffer of at least 2*n bytes; receives n samples, s16 in native byte order. It may
            overlap *codewords*, which is read first.

    Returns:
        Bytes written, always 2*n.

    Raises:
        BufferTooSmallError: ``len(out) < 2*n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `ulaw_decode`.
    """
    return _decode_into(codewords, out, _ULAW_SAMPLES)


def alaw_encode(samples: Buffer, /) -> bytes:
    """Compress linear PCM to G.711 A-law codewords.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.

    Returns:
        n bytes, one codeword each.

    Raises:
        CodecError: the size of *samples* is odd.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: *samples* is not C-contiguous.

    Source: ITU-T G.711 (11/88), table 1a; ITU-T G.191; bit-exact with CPython ``audioop.lin2alaw``.
    """
    return _encode(samples, _alaw_codewords())


def alaw_encode_into(samples: Buffer, out: Buffer, /) -> int:
    """Compress linear PCM to G.711 A-law codewords in the caller's buffer.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.
        out: writable C-contiguous buffer of at least n bytes. It may overlap *samples*, which is read first.

    Returns:
        Bytes written, always n.

    Raises:
        CodecError: the size of *samples* is odd; nothing is written.
        BufferTooSmallError: ``len(out) < n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `alaw_encode`.
    """
    return _encode_into(samples, out, _alaw_codewords())


def alaw_decode(codewords: Buffer, /) -> bytes:
    """Expand G.711 A-law codewords to linear PCM.

    Args:
        codewords: n bytes, one codeword each; any C-contiguous buffer.

    Returns:
        2*n bytes: n samples, s16 in native byte order.

    Raises:
        TypeError: *codewords* is no buffer of bytes.
        BufferError: *codewords* is not C-contiguous.

    Source: ITU-T G.711 (11/88), table 1a; bit-exact with CPython ``audioop.alaw2lin``.
    """
    return _decode(codewords, _ALAW_SAMPLES)


def alaw_decode_into(codewords: Buffer, out: Buffer, /) -> int:
    """Expand G.711 A-law codewords to linear PCM in the caller's buffer.

    Args:
        codewords: n bytes, one codeword each; any C-contiguous buffer.
        out: writable C-contiguous buffer of at least 2*n bytes; receives n samples, s16 in native byte order. It may
            overlap *codewords*, which is read first.

    Returns:
        Bytes written, always 2*n.

    Raises:
        BufferTooSmallError: ``len(out) < 2*n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `alaw_decode`.
    """
    return _decode_into(codewords, out, _ALAW_SAMPLES)


def ulaw_to_alaw(codewords: Buffer, /) -> bytes:
    """Convert G.711 µ-law codewords to A-law, by G.711's own table, without going through linear samples.

    Args:
        codewords: n bytes, one µ-law codeword each; any C-contiguous buffer.

    Returns:
        n bytes, one A-law codeword each. There and back keeps all bits but the last of every codeword.

    Raises:
        TypeError: *codewords* is no buffer of bytes.
        BufferError: *codewords* is not C-contiguous.

    Source: ITU-T G.711 (11/88), table 3.
    """
    return buffers.read(codewords, samples=False).translate(_ULAW_TO_ALAW)


def ulaw_to_alaw_into(codewords: Buffer, out: Buffer, /) -> int:
    """Convert G.711 µ-law codewords to A-law in the caller's buffer.

    Args:
        codewords: n bytes, one µ-law codeword each; any C-contiguous buffer.
        out: writable C-contiguous buffer of at least n bytes. It may overlap *codewords*, which is read first.

    Returns:
        Bytes written, always n.

    Raises:
        BufferTooSmallError: ``len(out) < n``; nothing is written.
        TypeError: an argument is no buffer of bytes; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `ulaw_to_alaw`.
    """
    return buffers.write(ulaw_to_alaw(codewords), out, samples=False)


def alaw_to_ulaw(codewords: Buffer, /) -> bytes:
    """Convert G.711 A-law codewords to µ-law, by G.711's own table, without going through linear samples.

    Args:
        codewords: n bytes, one A-law codeword each; any C-contiguous buffer.

    Returns:
        n bytes, one µ-law codeword each. There and back keeps all bits but the last of every codeword.

    Raises:
        TypeError: *codewords* is no buffer of bytes.
        BufferError: *codewords* is not C-contiguous.

    Source: ITU-T G.711 (11/88), table 4.
    """
    return buffers.read(codewords, samples=False).translate(_ALAW_TO_ULAW)


def alaw_to_ulaw_into(codewords: Buffer, out: Buffer, /) -> int:
    """Convert G.711 A-law codewords to µ-law in the caller's buffer.

    Args:
        codewords: n bytes, one A-law codeword each; any C-contiguous buffer.
        out: writable C-contiguous buffer of at least n bytes. It may overlap *codewords*, which is read first.

    Returns:
        Bytes written, always n.

    Raises:
        BufferTooSmallError: ``len(out) < n``; nothing is written.
        TypeError: an argument is no buffer of bytes; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `alaw_to_ulaw`.
    """
    return buffers.write(alaw_to_ulaw(codewords), out, samples=False)


def split_stereo(codewords: Buffer, /) -> tuple[bytes, bytes]:
    """Split G.711 stereo into its channels.

    Args:
        codewords: 2*n bytes, a codeword of the first channel and one of the second in turn, of either law; any
            C-contiguous buffer.

    Returns:
        n bytes for each channel.

    Raises:
        CodecError: *codewords* has an odd size.
        TypeError: *codewords* is no buffer of bytes.
        BufferError: *codewords* is not C-contiguous.

    Source: our own; the order of channels in WAV files and in RFC 3551 section 4.1.
    """
    stereo = buffers.read(codewords, samples=False)
    if len(stereo) % 2:
        raise CodecError(f"stereo has 2 bytes for each pair of codewords, got {len(stereo)} bytes")
    return bytes(stereo[0::2]), bytes(stereo[1::2])

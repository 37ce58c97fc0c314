"""Small operations on linear PCM in plain Python: gain, byte order, level."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from phonewire._pure import buffers
from phonewire._typing import Buffer
from phonewire.errors import CodecError

__all__ = ["Level", "byteswap", "byteswap_into", "gain", "gain_into", "level"]

_MAX_GAIN_DB = 90  # beyond this the smallest sample fills the range
_MAX_MEASURED = 1 << 34  # samples whose squares may overflow 64 bits


class Level(NamedTuple):
    """How loud audio is, in dB relative to full scale; silence is ``-inf``.

    Full scale is 32768, so that a square wave between the extremes has 0 dBFS and a full sine -3.01 dBFS RMS. This is
    the dBov of RFC 6464 and RFC 3389.

    Attributes:
        rms_dbfs: the root of the mean of the squares.
        peak_dbfs: the largest magnitude.
    """

    rms_dbfs: float
    peak_dbfs: float


def clipped(values: Iterable[int]) -> bytes:
    """Return samples of *values*, each as near as 16 bits come."""
    return array("h", [max(-0x8000, min(value, 0x7FFF)) for value in values]).tobytes()


def read(samples: Buffer) -> array[int]:
    """Read s16 samples.

    Raises:
        CodecError: the size of *samples* is odd.
    """
    data = buffers.read(samples, samples=True)
    if len(data) % 2:
        raise CodecError(f"samples are 2 bytes each, got {len(data)} bytes")
    return array("h", data)


def gain(samples: Buffer, /, gain_db: float) -> bytes:
    """Make audio louder or fainter, and clip it.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.
        gain_db: decibels: 6.02 doubles every sample, -6.02 halves it, ``-inf`` gives silence; at most 90.

    Returns:
        2*n bytes: n samples, s16 in native byte order. The factor is taken to 16 binary places; products are rounded
        to the nearest sample, halves upwards.

    Raises:
        CodecError: the size of *samples* is odd.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit; or *gain_db* is no number.
        BufferError: *samples* is not C-contiguous.
        ValueError: *gain_db* is more than 90, or not a number (NaN).

    Source: our own.
    """
    if not gain_db <= _MAX_GAIN_DB:
        raise ValueError(f"gain is at most {_MAX_GAIN_DB} dB, got {gain_db!r}")
    factor = round(10.0 ** (gain_db / 20) * 0x10000)
    return clipped(sample * factor + 0x8000 >> 16 for sample in read(samples))


def gain_into(samples: Buffer, out: Buffer, /, gain_db: float) -> int:
    """Make audio louder or fainter, and clip it, in the caller's buffer.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.
        out: writable C-contiguous buffer of at least 2*n bytes; receives n samples, s16, native byte order. It may
            overlap *samples*, which is read first.
        gain_db: as for `gain`.

    Returns:
        Bytes written, always 2*n.

    Raises:
        CodecError: the size of *samples* is odd; nothing is written.
        BufferTooSmallError: ``len(out) < 2*n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; or *gain_db* is no number; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.
        ValueError: *gain_db* is more than 90, or not a number (NaN); nothing is written.

    Source: as for `gain`.
    """
    return buffers.write(gain(samples, gain_db), out, samples=True)


def byteswap(samples: Buffer, /) -> bytes:
    """Turn s16le into s16be, or back: swap the two bytes of each sample.

    Args:
        samples: n samples of either byte order; any C-contiguous buffer of 2*n bytes.

    Returns:
        2*n bytes: n samples of the other byte order.

    Raises:
        CodecError: the size of *samples* is odd.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: *samples* is not C-contiguous.

    Source: our own; RTP's L16 is s16be (RFC 3551 section 4.5.11).
    """
    swapped = read(samples)
    swapped.byteswap()
    return swapped.tobytes()


def byteswap_into(samples: Buffer, out: Buffer, /) -> int:
    """Turn s16le into s16be, or back, in the caller's buffer.

    Args:
        samples: n samples of either byte order; any C-contiguous buffer of 2*n bytes.
        out: writable C-contiguous buffer of at least 2*n bytes; receives n samples of the other byte order. It may
            overlap *samples*, which is read first.

    Returns:
        Bytes written, always 2*n.

    Raises:
        CodecError: the size of *samples* is odd; nothing is written.
        BufferTooSmallError: ``len(out) < 2*n``; nothing is written.
        TypeError: an argument is no buffer, or its format is wrong; nothing is written.
        BufferError: a buffer is not C-contiguous, or *out* is read-only; nothing is written.

    Source: as for `byteswap`.
    """
    return buffers.write(byteswap(samples), out, samples=True)


def level(samples: Buffer, /) -> Level:
    """Measure how loud audio is.

    Args:
        samples: n samples, s16 in native byte order; any C-contiguous buffer of 2*n bytes.

    Returns:
        RMS and peak in dBFS, ``-inf`` for silence and for no audio.

    Raises:
        CodecError: the size of *samples* is odd.
        TypeError: *samples* is no buffer, or its format is neither bytes nor native 16-bit.
        BufferError: *samples* is not C-contiguous.
        ValueError: there are 2**34 samples or more (24 days at 8 kHz).

    Source: RFC 6464 section 3 for the reference; the mean as in CPython ``audioop.rms``.
    """
    values = read(samples)
    if len(values) >= _MAX_MEASURED:
        raise ValueError(f"level takes fewer than {_MAX_MEASURED} samples, got {len(values)}")
    energy = sum(value * value for value in values)
    if energy == 0:
        return Level(-math.inf, -math.inf)
    peak = max(max(values), -min(values))
    return Level(10 * math.log10(float(energy) / (len(values) * 2.0**30)), 20 * math.log10(peak / 32768))

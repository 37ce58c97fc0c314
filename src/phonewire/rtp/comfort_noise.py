"""Comfort noise: RFC 3389. Payload type 13 at 8 kHz.

The payload is the noise level and any number of quantised reflection coefficients, which shape the noise::

    |0|   level     |      N1       |      N2       |  ...
     0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
"""

from __future__ import annotations

from typing import Final, NamedTuple

from phonewire._pure import buffers
from phonewire._pure.rtp_parse import PacketReason
from phonewire._typing import Buffer
from phonewire.errors import PacketError

__all__ = ["ComfortNoise", "pack", "parse"]

_MAX_LEVEL = 127
_MAX_QUANTISED: Final = 254  # 255 is reserved
# k = 258 * (N - 127) / 32768: section 3.2.
_STEP = 258 / 32768
_ZERO = 127


class ComfortNoise(NamedTuple):
    """Background noise as the sender measured it.

    Attributes:
        level_dbov: -127 to 0, in dB relative to overload.
        reflection_coefficients: each -0.99994 to 0.99994; none for white noise. Their number is the model's order.
    """

    level_dbov: int
    reflection_coefficients: tuple[float, ...] = ()


def parse(payload: Buffer, /) -> ComfortNoise:
    """Read a comfort-noise payload.

    Args:
        payload: at least 1 byte; any C-contiguous buffer of bytes.

    Returns:
        The noise.

    Raises:
        PacketError: the payload is empty, the level above 127, or a coefficient is the reserved 255.
        TypeError: *payload* is no buffer of bytes.
        BufferError: *payload* is not C-contiguous.

    Source: RFC 3389 section 3.
    """
    data = buffers.read(payload, samples=False)
    if not data:
        raise PacketError("comfort noise needs 1 byte, got 0", PacketReason.BAD_COMFORT_NOISE, 0)
    for offset, octet in enumerate(data):
        maximum = _MAX_QUANTISED if offset else _MAX_LEVEL
        if octet > maximum:
            message = f"comfort noise must be 0 to {maximum} at offset {offset}, got {octet}"
            raise PacketError(message, PacketReason.BAD_COMFORT_NOISE, offset)
    return ComfortNoise(-data[0], tuple((octet - _ZERO) * _STEP for octet in data[1:]))


def pack(noise: ComfortNoise, /) -> bytes:
    """Write a comfort-noise payload.

    Args:
        noise: what to say; coefficients go to the nearest of their 255 steps.

    Returns:
        1 byte and one more for each coefficient.

    Raises:
        ValueError: the level or a coefficient is out of its range.

    Source: RFC 3389 section 3.
    """
    if not -_MAX_LEVEL <= noise.level_dbov <= 0:
        raise ValueError(f"level_dbov must be {-_MAX_LEVEL} to 0, got {noise.level_dbov}")
    for coefficient in noise.reflection_coefficients:
        if not abs(coefficient) < 1:
            raise ValueError(f"a reflection coefficient must lie between -1 and 1, got {coefficient}")
    return bytes([-noise.level_dbov, *(round(k / _STEP) + _ZERO for k in noise.reflection_coefficients)])

"""The audio level that a client puts into the header extension: RFC 6464.

One byte::

    |V|    level    |
     0 1 2 3 4 5 6 7
"""

from __future__ import annotations

from typing import Final, NamedTuple

from phonewire._pure import buffers
from phonewire._pure.rtp_parse import PacketReason
from phonewire._typing import Buffer
from phonewire.errors import PacketError

__all__ = ["URI", "AudioLevel", "pack", "parse"]

#: What signalling calls the extension (section 5).
URI: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"

_VOICE = 0x80


class AudioLevel(NamedTuple):
    """How loud the audio of a packet is.

    Attributes:
        level_dbov: -127 (digital silence) to 0 (the loudest square wave), in dB relative to overload.
        voice: whether the sender believes that it is speech; False also where it does not say.
    """

    level_dbov: int
    voice: bool = False


def parse(data: Buffer, /) -> AudioLevel:
    """Read the data of an extension element.

    Args:
        data: 1 byte; any C-contiguous buffer of bytes.

    Returns:
        The level.

    Raises:
        PacketError: there is not just one byte.
        TypeError: *data* is no buffer of bytes.
        BufferError: *data* is not C-contiguous.

    Source: RFC 6464 section 3.
    """
    octets = buffers.read(data, samples=False)
    if len(octets) != 1:
        raise PacketError(f"audio level needs 1 byte, got {len(octets)}", PacketReason.BAD_AUDIO_LEVEL, len(octets))
    return AudioLevel(-(octets[0] & ~_VOICE), octets[0] & _VOICE != 0)


def pack(level: AudioLevel, /) -> bytes:
    """Write a level as the data of an extension element.

    Args:
        level: what to say.

    Returns:
        1 byte.

    Raises:
        ValueError: the level is out of its range.

    Source: RFC 6464 section 3.
    """
    if not -127 <= level.level_dbov <= 0:
        raise ValueError(f"level_dbov must be -127 to 0, got {level.level_dbov}")
    return bytes([-level.level_dbov | (_VOICE if level.voice else 0)])

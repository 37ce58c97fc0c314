"""RTP and RTCP on one port: RFC 5761."""

from __future__ import annotations

from typing import Final

from phonewire._pure import buffers
from phonewire._typing import Buffer

__all__ = ["is_rtcp"]

# RTCP packet types 192 to 223 lie where RTP has payload types 64 to 95 with the marker.
_RTCP_TYPES: Final = range(192, 224)


def is_rtcp(packet: Buffer, /) -> bool:
    """Tell an RTCP packet from an RTP packet that came on the same port.

    Args:
        packet: one whole packet; any C-contiguous buffer of bytes.

    Returns:
        Whether it is for RTCP. False says that it is for `parse`, which may still refuse it.

    Raises:
        TypeError: *packet* is no buffer of bytes.
        BufferError: *packet* is not C-contiguous.

    Source: RFC 5761 section 4.
    """
    data = buffers.hold(packet)
    return len(data) >= 2 and data[0] >> 6 == 2 and data[1] in _RTCP_TYPES

"""RTP: packets, their sequence, and the payload formats of telephony.

This module has what every packet needs: `parse`, `parse_batch`, `pack`, `pack_into`, `Packetizer` and
`SequenceTracker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from phonewire._backend import NATIVE
from phonewire._pure.rtp_parse import PacketReason
from phonewire._pure.rtp_tracker import ReceptionReport
from phonewire.rtp.demux import is_rtcp

if TYPE_CHECKING or not NATIVE:
    from phonewire._pure.rtp_pack import pack, pack_into
    from phonewire._pure.rtp_packetizer import Packetizer
    from phonewire._pure.rtp_parse import RtpPacket, parse, parse_batch
    from phonewire._pure.rtp_tracker import SequenceTracker
else:
    from phonewire._native.rtp_pack import pack, pack_into
    from phonewire._native.rtp_packetizer import Packetizer
    from phonewire._native.rtp_parse import RtpPacket, parse, parse_batch
    from phonewire._native.rtp_tracker import SequenceTracker

__all__ = [
    "PacketReason",
    "Packetizer",
    "ReceptionReport",
    "RtpPacket",
    "SequenceTracker",
    "is_rtcp",
    "pack",
    "pack_into",
    "parse",
    "parse_batch",
]

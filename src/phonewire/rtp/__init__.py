"""RTP: packets, their sequence, and the payload formats of telephony.

This module has what every packet needs: `parse`, `parse_batch`, `pack`, `pack_into`, `Packetizer` and
`SequenceTracker`. What may ride in a packet has modules of its own, each with `parse` and `pack`:
``header_extension`` (RFC 8285), ``audio_level`` (RFC 6464), ``telephone_event`` (RFC 4733), ``comfort_noise``
(RFC 3389), ``red`` (RFC 2198). ``event_sender`` turns a key into packets, ``event_receiver`` packets into keys.
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

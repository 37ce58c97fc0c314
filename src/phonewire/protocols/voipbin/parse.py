"""Messages to events, one small function an encapsulation."""

from __future__ import annotations

from collections.abc import Callable

from phonewire import rtp
from phonewire.errors import PacketError
from phonewire.protocols.connection import Media, RejectReason, RtpMedia, Skip
from phonewire.protocols.voipbin.dialects import Encapsulation
from phonewire.protocols.voipbin.intake import Intake

__all__ = ["PARSERS"]


def _parse_rtp(data: bytes, intake: Intake) -> RtpMedia:
    try:
        packet = rtp.parse(data)
    except PacketError as error:
        raise Skip(RejectReason.BAD_PACKET, str(error)) from None
    payload_type = packet.payload_type
    if payload_type not in intake.payload_types:
        taken = " or ".join(map(str, sorted(intake.payload_types)))
        raise Skip(RejectReason.WRONG_FORMAT, f"the payload type is {taken}, got {payload_type}")
    payload, media_format = packet.payload, intake.media_format
    audio = intake.audio(payload, "rtp", payload_type)
    number, ssrc = packet.sequence_number, packet.ssrc
    samples = len(audio) // media_format.group_bytes
    timestamp = intake.timestamps.count(ssrc, number, packet.timestamp, len(payload), samples)
    return RtpMedia(audio, None, None, media_format, None, number, timestamp, ssrc, packet.marker)


def _parse_sln(data: bytes, intake: Intake) -> Media:
    return Media(intake.audio(data, "sln"), None, None, intake.media_format)


def _parse_audiosocket(payload: bytes, intake: Intake) -> Media:
    return Media(intake.audio(payload, "audiosocket"), None, None, intake.media_format)


#: What makes an event of a message; of AudioSocket, of the payload of a frame of audio.
PARSERS: dict[str, tuple[str, Callable[[bytes, Intake], Media]]] = {
    Encapsulation.RTP: ("audio", _parse_rtp),
    Encapsulation.SLN: ("audio", _parse_sln),
    Encapsulation.AUDIOSOCKET: ("audio", _parse_audiosocket),
}

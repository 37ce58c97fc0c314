"""Audio to messages: 20 ms each, with the header of the encapsulation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from phonewire import rtp
from phonewire._typing import Encoding
from phonewire.errors import LocalProtocolError
from phonewire.protocols.audiosocket import Kind, pack_frame
from phonewire.protocols.connection import Media, RtpMedia
from phonewire.protocols.payload import transcoder
from phonewire.protocols.voipbin.dialects import Encapsulation

__all__ = ["PACKERS", "Outlet"]

_SAMPLES_PER_PACKET = 160  # 20 ms at 8 kHz
_PIECE_SIZES: dict[Encoding, int] = {"ulaw": 160, "s16le": 320}


class Outlet:
    """Packs audio as the wire has it; what it has can change.

    Args:
        encapsulation: of the messages; SLN for no header.
        encoding: of the audio in them.
        payload_type: of RTP.
        call_encoding: of the audio as it is given.
        ssrc: of RTP.
        sequence_number: of the first packet.
        timestamp: of the first packet; None for the size of its payload.
        counts_bytes: timestamps count bytes rather than samples.
    """

    def __init__(
        self, encapsulation: str, encoding: Encoding, payload_type: int, *, call_encoding: Encoding, ssrc: int,
        sequence_number: int, timestamp: int | None, counts_bytes: bool,
    ) -> None:  # fmt: skip
        self._call_encoding = call_encoding
        self._ssrc = ssrc
        self._sequence_number = sequence_number
        self._timestamp = timestamp
        self._counts_bytes = counts_bytes
        self._packetizer: rtp.Packetizer | None = None
        self._form: tuple[str, Encoding, int] | None = None
        self.change(encapsulation, encoding, payload_type)

    def change(self, encapsulation: str, encoding: Encoding, payload_type: int) -> None:
        """Pack otherwise from now on; the numbers of RTP go on."""
        form = encapsulation, encoding, payload_type
        if form == self._form:
            return
        if self._packetizer is not None:
            self._sequence_number, self._timestamp = self._packetizer.sequence_number, self._packetizer.timestamp
        self._form, self._packetizer = form, None
        self.encapsulation, self.encoding, self.payload_type = form
        self._transcode = transcoder(self._call_encoding, encoding)

    def pack(self, audio: bytes) -> list[bytes]:
        """Return the messages for audio as the call has it."""
        payload = self._transcode(audio)
        size = _PIECE_SIZES[self.encoding]
        if self.encapsulation == Encapsulation.RTP:
            packetizer = self._packetizer or self._start_packets(size, len(payload))
            return packetizer.packetize(payload) + packetizer.flush()
        pieces = [payload[start : start + size] for start in range(0, len(payload), size)]
        return pieces if self.encapsulation == Encapsulation.SLN else [pack_frame(Kind.SLIN, p) for p in pieces]

    def skip(self, duration_ms: int) -> None:
        """Let time pass that there are no packets for."""
        if self.encapsulation != Encapsulation.RTP or (self._packetizer is None and self._timestamp is None):
            return  # there is no timestamp yet that the next could be later than
        size = _PIECE_SIZES[self.encoding]
        packetizer = self._packetizer or self._start_packets(size, size)
        units = size if self._counts_bytes else _SAMPLES_PER_PACKET
        packetizer.skip(duration_ms * units // 20 & 0xFFFFFFFF)

    def pack_as_told(self, event: RtpMedia) -> list[bytes]:
        """Return the packet of an event, with the numbers that it has.

        Raises:
            LocalProtocolError: this encapsulation has no packets, or RTP has no room for a number.
        """
        if self.encapsulation != Encapsulation.RTP:
            raise LocalProtocolError(f"there are no packets in {self.encapsulation}")
        try:
            packet = rtp.pack(
                self._transcode(event.payload),
                payload_type=self.payload_type,
                sequence_number=event.sequence_number,
                timestamp=event.timestamp,
                ssrc=event.ssrc,
                marker=event.marker,
            )
        except ValueError as error:
            raise LocalProtocolError(str(error)) from None
        return [packet]

    def _start_packets(self, size: int, first_size: int) -> rtp.Packetizer:
        self._packetizer = rtp.Packetizer(
            self.payload_type,
            ssrc=self._ssrc,
            sequence_number=self._sequence_number,
            timestamp=min(size, first_size) if self._timestamp is None else self._timestamp,
            samples_per_packet=size if self._counts_bytes else _SAMPLES_PER_PACKET,
            payload_size=size,
        )
        return self._packetizer


def _pack_media(event: Media, outlet: Outlet) -> list[bytes]:
    return outlet.pack(event.payload)


def _pack_rtp_media(event: RtpMedia, outlet: Outlet) -> list[bytes]:
    return outlet.pack_as_told(event)


#: What makes messages of an event.
PACKERS: dict[type, tuple[str, Callable[[Any, Outlet], list[bytes]]]] = {
    Media: ("audio", _pack_media),
    RtpMedia: ("audio", _pack_rtp_media),
}

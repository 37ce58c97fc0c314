"""Audio cut into RTP packets in plain Python."""

from __future__ import annotations

from typing import final

from phonewire._pure import buffers
from phonewire._pure.rtp_pack import U7, U16, U32, field, fixed_header
from phonewire._typing import Buffer

__all__ = ["Packetizer"]


@final
class Packetizer:
    """Cuts audio into RTP packets, numbered and timed by the audio itself.

    Args:
        payload_type: 0 to 127.
        ssrc: 0 to 2**32 - 1, random.
        sequence_number: of the first packet, 0 to 65535, random.
        timestamp: of the first packet, 0 to 2**32 - 1, random.
        samples_per_packet: timestamp units of a packet: 160 for 20 ms at a clock rate of 8 kHz.
        payload_size: bytes of a packet's payload, 1 to 65535: 160 for those 20 ms in G.711.

    Raises:
        ValueError: a number is out of its range.
        TypeError: a number is no integer.

    Attributes:
        sequence_number: of the next packet.
        timestamp: of the next packet.

    Source: RFC 3550 section 5.1, RFC 3551 section 4.1.
    """

    def __init__(
        self, payload_type: int, *, ssrc: int, sequence_number: int, timestamp: int, samples_per_packet: int,
        payload_size: int,
    ) -> None:  # fmt: skip
        self._payload_type = field("payload_type", payload_type, U7)
        self._ssrc = field("ssrc", ssrc, U32)
        self._sequence_number = field("sequence_number", sequence_number, U16)
        self._timestamp = field("timestamp", timestamp, U32)
        self._samples_per_packet = field("samples_per_packet", samples_per_packet, U32)
        self._payload_size = field("payload_size", payload_size, U16)
        if self._payload_size == 0:
            raise ValueError("payload_size must be positive, got 0")
        self._marker = False
        self._carried = b""

    @property
    def sequence_number(self) -> int:
        return self._sequence_number

    @property
    def timestamp(self) -> int:
        return self._timestamp

    def _packet(self, payload: bytes, samples: int) -> bytes:
        header = fixed_header(self._payload_type, self._sequence_number, self._timestamp, self._ssrc, self._marker)
        self._sequence_number = self._sequence_number + 1 & U16
        self._timestamp = self._timestamp + samples & U32
        self._marker = False
        return bytes(header + payload)

    def packetize(self, audio: Buffer, /) -> list[bytes]:
        """Return the packets that the audio so far fills; carry the rest to the next call.

        Args:
            audio: encoded audio of any size; any C-contiguous buffer of bytes.

        Returns:
            Whole packets, in order; maybe none. However the audio is cut into calls, the packets are the same.

        Raises:
            TypeError: *audio* is no buffer of bytes.
            BufferError: *audio* is not C-contiguous.
        """
        data = self._carried + buffers.read(audio, samples=False)
        size = self._payload_size
        whole = len(data) // size * size
        self._carried = data[whole:]
        return [self._packet(data[i : i + size], self._samples_per_packet) for i in range(0, whole, size)]

    def flush(self) -> list[bytes]:
        """Return what is carried as a packet, shorter than the others.

        Returns:
            One packet, or none. The timestamp moves on by the packet's share of ``samples_per_packet``.
        """
        data, self._carried = self._carried, b""
        return [self._packet(data, self._samples_per_packet * len(data) // self._payload_size)] if data else []

    def skip(self, samples: int, /) -> None:
        """Let silence pass that is not sent: the timestamp moves on and the next packet has the marker.

        Args:
            samples: timestamp units, 0 to 2**32 - 1.

        Raises:
            ValueError: *samples* is out of range, or audio is carried, which must be flushed first.
            TypeError: *samples* is no integer.
        """
        if self._carried:
            raise ValueError(f"{len(self._carried)} bytes are carried: flush before silence")
        self._timestamp = self._timestamp + field("samples", samples, U32) & U32
        self._marker = True

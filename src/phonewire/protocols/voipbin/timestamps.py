"""RTP timestamps of a peer that counts bytes where RFC 3550 counts samples."""

from __future__ import annotations

__all__ = ["Timestamps"]

_MOST_LOST = 3000  # RFC 3550 appendix A.1: a larger step of the sequence numbers is no loss but a new beginning


class Timestamps:
    """Gives timestamps that count samples, whatever those on the wire count.

    VoIPBIN's grow by the size of the payload. Of 16-bit samples that is twice their number, and a jitter buffer would
    find a gap after every packet. What a peer counts is seen from one packet to the next.

    Args:
        counts_bytes: what to take for granted before it was seen.
    """

    def __init__(self, *, counts_bytes: bool) -> None:
        self._counts_bytes = counts_bytes
        self._last: tuple[int, int, int] | None = None  # SSRC, sequence number and timestamp on the wire
        self._samples = 0  # the timestamp given for that packet

    def count(self, ssrc: int, sequence_number: int, timestamp: int, size: int, samples: int) -> int:
        """Return the timestamp of a packet in samples, modulo 2**32.

        Args:
            ssrc: of the packet; another one begins anew.
            sequence_number: of the packet.
            timestamp: of the packet, on the wire.
            size: bytes of its payload.
            samples: how many it has.
        """
        last, self._last = self._last, (ssrc, sequence_number, timestamp)
        if last is None or last[0] != ssrc:
            self._samples = timestamp
            return timestamp
        packets = (sequence_number - last[1]) & 0xFFFF
        step = (timestamp - last[2] + 0x80000000 & 0xFFFFFFFF) - 0x80000000  # back, when packets were overtaken
        if size != samples and 0 < packets < _MOST_LOST and step in (packets * size, packets * samples):
            self._counts_bytes = step == packets * size
        if self._counts_bytes:
            step = step * samples // size
        self._samples = self._samples + step & 0xFFFFFFFF
        return self._samples

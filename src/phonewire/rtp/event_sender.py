"""A key or tone as RTP packets: the sender's side of RFC 4733."""

from __future__ import annotations

from typing import NamedTuple

from phonewire._pure.rtp_pack import U32, field
from phonewire.errors import LocalProtocolError
from phonewire.rtp.telephone_event import MAX_DURATION, TelephoneEvent, pack

__all__ = ["EventPacket", "EventSender", "event_packets"]

_TRANSMISSIONS = 3  # of the last report, since nothing after it would make its loss good (section 2.5.1.4)


class EventPacket(NamedTuple):
    """What `phonewire.rtp.pack` needs to send a report; it gets the next sequence number of the stream.

    Attributes:
        payload: a telephone-event payload.
        timestamp: of the event's (or segment's) beginning.
        marker: set on the first packet of an event.
    """

    payload: bytes
    timestamp: int
    marker: bool


class EventSender:
    """Reports one event while it lasts.

    Args:
        event: 0 to 255; for a key its place in `DTMF_KEYS`.
        timestamp: when it began, 0 to 2**32 - 1, on the clock of the audio stream.
        volume_dbm0: -63 to 0.

    Raises:
        ValueError: a number is out of its range.

    Source: RFC 4733 section 2.5.1.
    """

    def __init__(self, event: int, *, timestamp: int, volume_dbm0: int = -10) -> None:
        self._report = TelephoneEvent(event, 0, volume_dbm0=volume_dbm0)
        pack([self._report])  # says what is out of range
        self._timestamp = field("timestamp", timestamp, U32)  # of the segment
        self._earlier = self._duration = 0  # of earlier segments; of the event
        self._marker = True
        self._ended = False

    def update(self, duration: int, /) -> list[EventPacket]:
        """Report that the event goes on; to be called at every packet time, such as 20 or 50 ms.

        Args:
            duration: timestamp units since the event began; never less than before.

        Returns:
            One packet; where a segment of 65,535 units is full, its last report before.

        Raises:
            ValueError: *duration* is less than before; nothing is reported.
            LocalProtocolError: the event has ended; nothing is reported.
        """
        return self._reports(duration, end=False)

    def end(self, duration: int, /) -> list[EventPacket]:
        """Report that the event is over.

        Args:
            duration: timestamp units from beginning to end.

        Returns:
            The last report three times, each for a packet of its own, one packet time apart or at once.

        Raises:
            ValueError: *duration* is less than before; nothing is reported.
            LocalProtocolError: the event has ended already; nothing is reported.
        """
        *packets, last = self._reports(duration, end=True)
        self._ended = True
        return [*packets, last, *[last._replace(marker=False)] * (_TRANSMISSIONS - 1)]

    def _reports(self, duration: int, *, end: bool) -> list[EventPacket]:
        if self._ended:
            raise LocalProtocolError("the event has ended")
        if duration < self._duration:
            raise ValueError(f"duration must not fall below {self._duration}, got {duration}")
        self._duration = duration
        packets = []
        # The timestamp of the next segment says how long this one was, so that its last report needs no repetition.
        while duration - self._earlier > MAX_DURATION:
            packets.append(self._packet(MAX_DURATION, end=False))
            self._earlier += MAX_DURATION
            self._timestamp = self._timestamp + MAX_DURATION & U32
        return [*packets, self._packet(duration - self._earlier, end=end)]

    def _packet(self, duration: int, *, end: bool) -> EventPacket:
        marker, self._marker = self._marker, False
        return EventPacket(pack([self._report._replace(duration=duration, end=end)]), self._timestamp, marker)


def event_packets(
    event: int, duration: int, *, timestamp: int, samples_per_packet: int, volume_dbm0: int = -10
) -> list[EventPacket]:
    """Return all packets of an event whose duration is known.

    Args:
        event: 0 to 255; for a key its place in `DTMF_KEYS`.
        duration: timestamp units from beginning to end.
        timestamp: when it begins, 0 to 2**32 - 1.
        samples_per_packet: timestamp units from one packet to the next: 160 for 20 ms at a clock rate of 8 kHz.
        volume_dbm0: -63 to 0.

    Returns:
        The packets in order, to be sent one packet time apart.

    Raises:
        ValueError: a number is out of its range.

    Source: RFC 4733 section 2.5.1.
    """
    if duration < 0 or samples_per_packet < 1:
        raise ValueError(f"need a duration from 0 and packets from 1, got {duration} and {samples_per_packet}")
    sender = EventSender(event, timestamp=timestamp, volume_dbm0=volume_dbm0)
    packets = [
        packet for so_far in range(samples_per_packet, duration, samples_per_packet) for packet in sender.update(so_far)
    ]
    return packets + sender.end(duration)

"""Keys and tones out of RTP packets: the receiver's side of RFC 4733.

Every packet of an event says the same again, so that any may be lost. An event is known by its timestamp: the first
packet seen begins it, the first with E ends it, and what else comes with that timestamp is a repetition. Where all ends
are lost, silence or the next event ends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from phonewire._pure.rtp_pack import U32
from phonewire._typing import Buffer
from phonewire.rtp.telephone_event import MAX_DURATION, TelephoneEvent, parse

__all__ = ["EventEnd", "EventReceiver", "EventStart"]

# How far back a timestamp is a late packet and not a sender that began anew: two segments, 16 s at 8 kHz.
_MAX_AGE = 2 * MAX_DURATION


class EventStart(NamedTuple):
    """A key was pressed, a tone began. There is one for each event.

    Attributes:
        event: 0 to 255; 0 to 15 are `DTMF_KEYS`.
        timestamp: of its beginning.
        volume_dbm0: -63 to 0.
    """

    event: int
    timestamp: int
    volume_dbm0: int


class EventEnd(NamedTuple):
    """It is over. There is one for each `EventStart`.

    Attributes:
        event: 0 to 255.
        timestamp: of its beginning.
        duration: timestamp units, as far as reported.
        confirmed: whether the sender said so; False where its last packets are missing.
    """

    event: int
    timestamp: int
    duration: int
    confirmed: bool


@dataclass(slots=True)
class _Current:
    """The latest event; kept when it has ended, to know its repetitions."""

    event: int
    timestamp: int
    segment: int  # timestamp of the segment
    earlier: int = 0  # duration of earlier segments
    duration: int = 0  # of this segment
    state: Literal["on", "ended", "lost"] = "on"  # ended: its sender said so; lost: it did not


class EventReceiver:
    """Makes events of the telephone-event packets of a stream. No packet is needed for itself, nor the marker.

    Args:
        timeout_ms: an event of which nothing has come for so long is over; three packets of 50 ms by default.

    Source: RFC 4733 section 2.5.2.
    """

    def __init__(self, *, timeout_ms: int = 150) -> None:
        self._timeout_ns = timeout_ms * 1_000_000
        self._ssrc: int | None = None
        self._current: _Current | None = None
        self._deadline_ns: int | None = None

    def receive(self, payload: Buffer, /, *, ssrc: int, timestamp: int, now_ns: int) -> list[EventStart | EventEnd]:
        """Take a telephone-event packet.

        Args:
            payload: any C-contiguous buffer of bytes.
            ssrc: the packet's; another one than before is another stream.
            timestamp: the packet's.
            now_ns: the time on a monotonic clock.

        Returns:
            What began and ended, in order; nothing for a repetition.

        Raises:
            PacketError: the payload is malformed; nothing changes.
            TypeError: *payload* is no buffer of bytes; nothing changes.
            BufferError: *payload* is not C-contiguous; nothing changes.
        """
        reports = parse(payload)
        changes: list[EventStart | EventEnd] = []
        if ssrc != self._ssrc:
            changes += self._end("lost")
            self._ssrc, self._current = ssrc, None
        for report in reports:
            changes += self._take(report, timestamp, now_ns)
            timestamp = timestamp + report.duration & U32
        return changes

    def next_deadline_ns(self) -> int | None:
        """Return when `handle_timeout` is due; None while no event is on."""
        return self._deadline_ns

    def handle_timeout(self, now_ns: int) -> list[EventStart | EventEnd]:
        """End an event of which nothing came for too long.

        Args:
            now_ns: the time on the clock of `receive`.

        Returns:
            The end; nothing if it is not due.
        """
        if self._deadline_ns is None or now_ns < self._deadline_ns:
            return []
        return self._end("lost")

    def _take(self, report: TelephoneEvent, timestamp: int, now_ns: int) -> list[EventStart | EventEnd]:
        changes: list[EventStart | EventEnd] = []
        current = self._current
        if current and report.event == current.event and _continues(current, timestamp):
            current.earlier, current.duration, current.segment = current.earlier + MAX_DURATION, 0, timestamp
        if current is None or (current.segment - timestamp & U32) > _MAX_AGE:
            changes += self._end("lost")
            current = self._current = _Current(report.event, timestamp, timestamp)
            changes.append(EventStart(report.event, timestamp, report.volume_dbm0))
        if current.state == "on" and (report.event, timestamp) == (current.event, current.segment):
            current.duration = max(current.duration, report.duration)
            self._deadline_ns = now_ns + self._timeout_ns
            if report.end:
                changes += self._end("ended")
        return changes

    def _end(self, state: Literal["ended", "lost"]) -> list[EventStart | EventEnd]:
        current = self._current
        if current is None or current.state != "on":
            return []
        current.state, self._deadline_ns = state, None
        duration = current.earlier + current.duration
        return [EventEnd(current.event, current.timestamp, duration, confirmed=state == "ended")]


def _continues(current: _Current, timestamp: int) -> bool:
    """Whether a timestamp is that of the next segment of an event that was not ended by its sender."""
    return current.state != "ended" and timestamp == current.segment + MAX_DURATION & U32

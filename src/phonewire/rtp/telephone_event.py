"""Keys and tones as events: RFC 4733. Payload type by agreement, usually 101.

Four bytes; several events that follow each other without a gap may share a packet::

    |     event     |E|R| volume    |          duration             |
     0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7

All packets of an event have the timestamp of its beginning; the duration grows from packet to packet, E marks the end.
Any of them may be lost, the first (with the marker) and the last (with E) too.
"""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

from phonewire._pure import buffers
from phonewire._pure.rtp_parse import PacketReason
from phonewire._typing import Buffer
from phonewire.errors import PacketError

__all__ = ["DTMF_KEYS", "FLASH", "MAX_DURATION", "TelephoneEvent", "pack", "parse"]

#: The keys in the order of their event codes, 0 to 15 (section 3.2).
DTMF_KEYS: Final = "0123456789*#ABCD"
#: The hook, pressed and let go.
FLASH: Final = 16
#: Timestamp units; longer events go on in a new segment (section 2.5.1.3).
MAX_DURATION: Final = 0xFFFF

_ITEM = Struct("!BBH")
_END, _VOLUME = 0x80, 0x3F


class TelephoneEvent(NamedTuple):
    """What one report says of an event.

    Attributes:
        event: 0 to 255; 0 to 15 are `DTMF_KEYS`.
        duration: timestamp units since the event (or its segment) began, 0 to 65535.
        end: whether the event is over.
        volume_dbm0: -63 to 0.
    """

    event: int
    duration: int
    end: bool = False
    volume_dbm0: int = -10


def parse(payload: Buffer, /) -> list[TelephoneEvent]:
    """Read a telephone-event payload.

    Args:
        payload: 4 bytes for each event, at least one; any C-contiguous buffer of bytes.

    Returns:
        The reports; the first event has the packet's timestamp, each other begins where the one before it ends.

    Raises:
        PacketError: the payload is empty or no multiple of 4 bytes.
        TypeError: *payload* is no buffer of bytes.
        BufferError: *payload* is not C-contiguous.

    Source: RFC 4733 sections 2.3 and 2.5.1.5.
    """
    data = buffers.read(payload, samples=False)
    if not data or len(data) % _ITEM.size:
        message = f"telephone-events need 4 bytes each, got {len(data)}"
        raise PacketError(message, PacketReason.BAD_TELEPHONE_EVENT, len(data))
    return [
        TelephoneEvent(event, duration, flags & _END != 0, -(flags & _VOLUME))
        for event, flags, duration in _ITEM.iter_unpack(data)
    ]


def pack(events: Iterable[TelephoneEvent], /) -> bytes:
    """Write a telephone-event payload.

    Args:
        events: usually one; several where they follow each other without a gap.

    Returns:
        4 bytes for each.

    Raises:
        ValueError: a number is out of its range.

    Source: RFC 4733 section 2.3.
    """
    return b"".join(_pack_one(event) for event in events)


def _pack_one(report: TelephoneEvent) -> bytes:
    for name, value, lowest, highest in (
        ("event", report.event, 0, 255),
        ("duration", report.duration, 0, MAX_DURATION),
        ("volume_dbm0", report.volume_dbm0, -_VOLUME, 0),
    ):
        if not lowest <= value <= highest:
            raise ValueError(f"{name} must be {lowest} to {highest}, got {value}")
    return _ITEM.pack(report.event, (_END if report.end else 0) | -report.volume_dbm0, report.duration)

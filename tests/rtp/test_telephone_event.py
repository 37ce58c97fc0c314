"""Telephone-event payloads, and the packets of an event: RFC 4733."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import rtp
from phonewire.errors import LocalProtocolError, PacketError
from phonewire.rtp import telephone_event
from phonewire.rtp.event_sender import EventSender, event_packets
from phonewire.rtp.telephone_event import TelephoneEvent

T = 0x00ABCDEF

# RFC 4733 section 2.5.1, worked out by hand: key 5 for 100 ms at -10 dBm0, 20 ms a packet, payload type 101.
# Second octet of the packet, payload.
KEY_5 = ["e5 050a00a0", "65 050a0140", "65 050a01e0", "65 050a0280", "65 058a0320", "65 058a0320", "65 058a0320"]


def test_a_key_of_100_ms() -> None:
    packets = [
        rtp.pack(
            packet.payload, payload_type=101, sequence_number=10 + i, timestamp=packet.timestamp, ssrc=7,
            marker=packet.marker,
        )
        for i, packet in enumerate(event_packets(5, 800, timestamp=T, samples_per_packet=160))
    ]  # fmt: skip
    assert packets == [
        bytes.fromhex(f"80 {text[:2]} 00{10 + i:02x} 00abcdef 00000007 {text[2:]}") for i, text in enumerate(KEY_5)
    ]


def test_a_payload_is_read() -> None:
    assert telephone_event.parse(bytes.fromhex("050a00a0")) == [TelephoneEvent(5, 160, end=False, volume_dbm0=-10)]
    assert telephone_event.parse(bytes.fromhex("0bbfffff")) == [TelephoneEvent(11, 65535, end=True, volume_dbm0=-63)]
    assert telephone_event.parse(bytes.fromhex("05ca0320")) == [TelephoneEvent(5, 800, end=True)]  # R is ignored


def test_the_keys_are_in_the_order_of_their_codes() -> None:
    assert [telephone_event.DTMF_KEYS[code] for code in (0, 9, 10, 11, 12, 15)] == list("09*#AD")
    assert telephone_event.FLASH == len(telephone_event.DTMF_KEYS) == 16


@given(
    st.lists(
        st.builds(TelephoneEvent, st.integers(0, 255), st.integers(0, 65535), st.booleans(), st.integers(-63, 0)),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_packed_is_parsed(events: list[TelephoneEvent]) -> None:
    assert telephone_event.parse(telephone_event.pack(events)) == events


@pytest.mark.parametrize("size", [0, 1, 3, 5, 7, 15])
def test_a_malformed_payload(size: int) -> None:
    with pytest.raises(PacketError, match=f"need 4 bytes each, got {size}") as caught:
        telephone_event.parse(bytes(size))
    assert caught.value.offset == size


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (TelephoneEvent(256, 0), "event must be 0 to 255, got 256"),
        (TelephoneEvent(-1, 0), "event must be 0 to 255, got -1"),
        (TelephoneEvent(0, 65536), "duration must be 0 to 65535, got 65536"),
        (TelephoneEvent(0, 0, volume_dbm0=1), "volume_dbm0 must be -63 to 0, got 1"),
        (TelephoneEvent(0, 0, volume_dbm0=-64), "volume_dbm0 must be -63 to 0, got -64"),
    ],
)
def test_what_does_not_fit_is_refused(event: TelephoneEvent, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        telephone_event.pack([event])
    if event.duration == 0:
        with pytest.raises(ValueError, match=message):
            EventSender(event.event, timestamp=0, volume_dbm0=event.volume_dbm0)


def reports(packets: list) -> list[tuple[int, int, bool, bool]]:
    """Timestamp, duration, end and marker of each packet."""
    parsed = [(packet, telephone_event.parse(packet.payload)[0]) for packet in packets]
    return [(packet.timestamp, event.duration, event.end, packet.marker) for packet, event in parsed]


def test_an_event_longer_than_a_segment() -> None:
    # Section 2.5.1.3: 0xFFFF without E, then a new timestamp where it ended; the marker only at the very beginning.
    sender = EventSender(3, timestamp=2**32 - 0x8000)
    assert reports(sender.update(65535)) == [(0xFFFF8000, 65535, False, True)]
    assert reports(sender.update(65536)) == [(0xFFFF8000, 65535, False, False), (0x7FFF, 1, False, False)]
    assert reports(sender.update(131070)) == [(0x7FFF, 65535, False, False)]
    assert reports(sender.end(131230)) == [(0x7FFF, 65535, False, False), *[(0x17FFE, 160, True, False)] * 3]


def test_a_first_report_may_be_the_last() -> None:
    assert reports(event_packets(1, 100, timestamp=5, samples_per_packet=160)) == [
        (5, 100, True, True), (5, 100, True, False), (5, 100, True, False),
    ]  # fmt: skip
    assert reports(EventSender(1, timestamp=5).end(0))[0] == (5, 0, True, True)


@given(st.integers(0, 200_000), st.integers(80, 800))
def test_the_reports_add_up(duration: int, samples_per_packet: int) -> None:
    start = 2**32 - 1000
    packets = reports(event_packets(1, duration, timestamp=start, samples_per_packet=samples_per_packet))
    ends = [(timestamp - start) % 2**32 + so_far for timestamp, so_far, _, _ in packets]
    assert ends == sorted(ends)
    assert ends[-3:] == [duration] * 3
    assert [end for _, _, end, _ in packets] == [False] * (len(packets) - 3) + [True] * 3
    assert [marker for _, _, _, marker in packets] == [True] + [False] * (len(packets) - 1)
    assert all(b - a <= samples_per_packet for a, b in itertools.pairwise(ends))


def test_an_ended_event_says_nothing_more() -> None:
    sender = EventSender(1, timestamp=0)
    sender.update(320)
    with pytest.raises(ValueError, match="duration must not fall below 320, got 160"):
        sender.update(160)
    sender.end(320)
    for method in (sender.update, sender.end):
        with pytest.raises(LocalProtocolError, match="has ended"):
            method(480)


@pytest.mark.parametrize(("duration", "samples_per_packet"), [(-1, 160), (800, 0), (800, -160)])
def test_impossible_times_are_refused(duration: int, samples_per_packet: int) -> None:
    with pytest.raises(ValueError, match=f"got {duration} and {samples_per_packet}"):
        event_packets(1, duration, timestamp=0, samples_per_packet=samples_per_packet)
    with pytest.raises(ValueError, match="timestamp must be 0 to 4294967295"):
        event_packets(1, 800, timestamp=2**32, samples_per_packet=160)

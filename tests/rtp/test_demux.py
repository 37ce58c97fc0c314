"""RTP and RTCP on one port: RFC 5761."""

import pytest

from phonewire import rtp

# RFC 3550 section 6.4.2: an empty receiver report.
RECEIVER_REPORT = bytes.fromhex("80 c9 0001 cafe0001")


@pytest.mark.parametrize("second", range(256))
def test_the_second_octet_decides(second: int) -> None:
    packet = bytes([0x80, second]) + bytes(10)
    assert rtp.is_rtcp(packet) == (192 <= second <= 223)


@pytest.mark.parametrize("kind", [192, 193, 195, 200, 201, 202, 203, 204, 205, 206, 207])
def test_the_types_in_use_are_rtcp(kind: int) -> None:
    assert rtp.is_rtcp(bytes([0x81, kind]))


@pytest.mark.parametrize("payload_type", [0, 3, 8, 9, 11, 13, 18, *range(96, 128)])
@pytest.mark.parametrize("marker", [False, True])
def test_the_payload_types_in_use_are_rtp(payload_type: int, marker: bool) -> None:
    assert not rtp.is_rtcp(
        rtp.pack(b"", payload_type=payload_type, sequence_number=1, timestamp=2, ssrc=3, marker=marker)
    )


def test_other_protocols_and_stubs_are_not() -> None:
    assert rtp.is_rtcp(RECEIVER_REPORT)
    assert rtp.is_rtcp(memoryview(bytearray(RECEIVER_REPORT)))
    assert not rtp.is_rtcp(b"")
    assert not rtp.is_rtcp(b"\x80")
    for first in (0x00, 0x16, 0x40, 0xC0):  # STUN, DTLS, TURN, nothing
        assert not rtp.is_rtcp(bytes([first]) + RECEIVER_REPORT[1:])

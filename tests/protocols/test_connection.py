"""What engines share: how audio is measured, how many messages a far end takes, and what most of them do without."""

import re

import pytest

from phonewire.protocols.connection import MediaFormat, MessageRate, NoShortcuts


@pytest.mark.parametrize(
    ("media_format", "size"),
    [(MediaFormat(), 160), (MediaFormat("s16le", 16_000), 640), (MediaFormat("alaw", 8000, 2), 320)],
)
def test_audio_is_measured_in_bytes_and_in_time(media_format, size):
    assert media_format.size_of(20) == size
    assert media_format.ms_of(size) == 20
    assert media_format.ms_of(size - 1) == 19
    assert media_format.ns_of(size) == 20_000_000


def test_bytes_are_whole_samples_of_every_channel():
    assert MediaFormat("s16le", 11_025, 2).size_of(1) == 11 * 4


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"per_s": 0.0}, "per_s is above 0, got 0.0"),
        ({"burst": 5}, "burst is at least 6, got 5"),
        ({"batch_ms": 19}, "batch_ms is at least 20, got 19"),
        ({"message_bytes": 319}, "message_bytes is at least 320, got 319"),
        ({"batch_ms": 11, "message_bytes": 320}, "batch_ms is at least 20, got 11"),
        ({"batch_ms": 21, "message_bytes": 640}, "batch_ms is at most 20 in 640 bytes"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        MessageRate(**fields)


def test_a_rate_of_the_least_that_there_is():
    rate = MessageRate(per_s=0.1, burst=6, batch_ms=20, message_bytes=640)
    assert (rate.batch_ms, rate.message_bytes) == (20, 640)


def test_an_engine_without_shortcuts_has_none():
    assert NoShortcuts().media_readers() == ()

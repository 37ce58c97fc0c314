"""What a client of AudioHook offers."""

import pytest

from phonewire.protocols.audiohook.dialects import CONNECTOR, MONITOR
from phonewire.protocols.audiohook.offers import offers_of
from phonewire.protocols.connection import MediaFormat

EXTERNAL, BOTH = ("external",), ("external", "internal")


@pytest.mark.parametrize(
    ("dialect", "media_format", "offers"),
    [
        (MONITOR, None, [("PCMU", BOTH), ("PCMU", EXTERNAL)]),
        (MONITOR, MediaFormat(), [("PCMU", EXTERNAL)]),
        (MONITOR, MediaFormat("s16le", 8000, 2), [("L16", BOTH)]),
        (CONNECTOR, None, [("PCMU", EXTERNAL)]),
        (CONNECTOR, MediaFormat("s16le"), [("L16", EXTERNAL)]),
    ],
)
def test_a_client_offers_what_it_has(dialect, media_format, offers):
    assert [(offer.format, offer.channels) for offer in offers_of(dialect, media_format)] == offers


@pytest.mark.parametrize(
    ("dialect", "media_format", "most"),
    [
        (MONITOR, MediaFormat("alaw"), "1 or 2 channels"),
        (MONITOR, MediaFormat("ulaw", 16_000), "1 or 2 channels"),
        (MONITOR, MediaFormat("ulaw", 8000, 3), "1 or 2 channels"),
        (CONNECTOR, MediaFormat("ulaw", 8000, 2), "1 channel"),
    ],
)
def test_no_session_carries_other_audio(dialect, media_format, most):
    with pytest.raises(ValueError, match=rf"^{dialect.name} has ulaw or s16le, 8000 Hz, {most}, got MediaFormat"):
        offers_of(dialect, media_format)

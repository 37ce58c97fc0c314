"""How the audio is carried: what is offered, and one voice a channel."""

from __future__ import annotations

from collections.abc import Sequence

from phonewire._typing import Encoding
from phonewire.g711 import split_stereo
from phonewire.pcm import deinterleave
from phonewire.protocols.audiohook.dialects import Dialect
from phonewire.protocols.audiohook.events import MediaOffer
from phonewire.protocols.connection import MediaFormat

__all__ = ["CHANNELS", "choose", "encoding_of", "offers_of", "split"]

#: What a session can carry: the customer (external) and the agent (internal).
CHANNELS: tuple[tuple[str, ...], ...] = (("external", "internal"), ("external",), ("internal",))

# L16 is little-endian here, whatever RFC 3551 has: Genesys' reference reads it so.
_ENCODINGS: dict[str, Encoding] = {"PCMU": "ulaw", "L16": "s16le"}
_FORMATS = {encoding: name for name, encoding in _ENCODINGS.items()}


def encoding_of(offer: MediaOffer) -> Encoding | None:
    """Return how the audio of an offer is coded, None where it is none that is known here."""
    known = offer.type == "audio" and offer.rate == 8000
    return _ENCODINGS.get(offer.format) if known else None


def choose(offers: Sequence[MediaOffer], channels: Sequence[tuple[str, ...]] | None) -> int | None:
    """Return the place of the best offer.

    Args:
        offers: the best first, as the client sees it.
        channels: the best first, as the server sees it; None where the client's order counts.
    """
    wanted = list(channels or CHANNELS)
    good = [place for place, offer in enumerate(offers) if encoding_of(offer) and offer.channels in wanted]
    return min(good, key=lambda place: wanted.index(offers[place].channels) if channels else place, default=None)


def offers_of(dialect: Dialect, media_format: MediaFormat | None) -> tuple[MediaOffer, ...]:
    """Return what a client offers, the best first.

    Args:
        dialect: a bot hears only whom it speaks with.
        media_format: how the audio is; None for µ-law, of both channels where the server wants them.

    Raises:
        ValueError: no session carries such audio.
    """
    voices = CHANNELS[1:2] if dialect.two_way else CHANNELS[:2]
    wanted = media_format or MediaFormat()
    form = _FORMATS.get(wanted.encoding)
    if media_format is not None:
        voices = tuple(channels for channels in voices if len(channels) == wanted.channels)
    if form is None or wanted.sample_rate_hz != 8000 or not voices:
        most = "1 channel" if dialect.two_way else "1 or 2 channels"
        raise ValueError(f"{dialect.name} has ulaw or s16le, 8000 Hz, {most}, got {wanted}")
    return tuple(MediaOffer(format=form, channels=channels) for channels in voices)


def split(payload: bytes, media_format: MediaFormat) -> Sequence[bytes]:
    """Return the audio of each channel of an interleaved payload, in bytes; there are one or two."""
    if media_format.channels == 1:
        return (payload,)
    return deinterleave(payload, 2) if media_format.encoding == "s16le" else split_stereo(payload)

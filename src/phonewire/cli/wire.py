"""How audio is coded, on the command line: ``ulaw:8000``; for VoIPBIN, which reading of its protocol: ``deployed``."""

from __future__ import annotations

from typing import Any, cast

import click

from phonewire import MediaFormat
from phonewire._typing import Encoding
from phonewire.protocols import voipbin

__all__ = ["WIRE", "WIRE_OR_READING", "WireFormat"]

_ENCODINGS = ("ulaw", "alaw", "s16le")
_RATES_HZ = (8000, 16000, 24000, 48000)


class WireFormat(click.ParamType["MediaFormat | str"]):
    """ENCODING:HZ, such as ``ulaw:8000``; what the signalling of the session said.

    Args:
        readings: the names of readings of a protocol that are taken, too.
    """

    name = "encoding:hz"

    def __init__(self, readings: tuple[str, ...] = ()) -> None:
        self._readings = readings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MediaFormat | str:
        """Return the media format or the reading, or say which there are."""
        if isinstance(value, MediaFormat) or value in self._readings:
            return cast("MediaFormat | str", value)
        encoding, _, rate = str(value).partition(":")
        if encoding not in _ENCODINGS or rate not in map(str, _RATES_HZ):
            rates = f"{', '.join(map(str, _RATES_HZ[:-1]))} or {_RATES_HZ[-1]}"
            known = f"{', '.join(_ENCODINGS)}, a colon, and {rates}"
            also = f", nor {', '.join(self._readings)}" if self._readings else ""
            self.fail(f"{value!r} is not one of {known}{also}", param, ctx)
        return MediaFormat(cast("Encoding", encoding), int(rate))


#: For das-Peak.
WIRE = WireFormat()

#: For any far end, VoIPBIN's as well.
WIRE_OR_READING = WireFormat(tuple(voipbin.DIALECTS))

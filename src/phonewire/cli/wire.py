"""How das-Peak's audio is coded, on the command line: ``ulaw:8000``."""

from __future__ import annotations

from typing import Any, cast

import click

from phonewire import MediaFormat
from phonewire._typing import Encoding

__all__ = ["WIRE", "WireFormat"]

_ENCODINGS = ("ulaw", "alaw", "s16le")
_RATES_HZ = (8000, 16000)


class WireFormat(click.ParamType[MediaFormat]):
    """ENCODING:HZ, such as ``ulaw:8000``; what the signalling of the session said."""

    name = "encoding:hz"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> MediaFormat:
        """Return the media format, or say which there are."""
        if isinstance(value, MediaFormat):
            return value
        encoding, _, rate = str(value).partition(":")
        if encoding not in _ENCODINGS or rate not in map(str, _RATES_HZ):
            known = f"{', '.join(_ENCODINGS)}, a colon, and {' or '.join(map(str, _RATES_HZ))}"
            self.fail(f"{value!r} is not one of {known}", param, ctx)
        return MediaFormat(cast("Encoding", encoding), int(rate))


WIRE = WireFormat()

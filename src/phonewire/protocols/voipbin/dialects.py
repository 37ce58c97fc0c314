"""What VoIPBIN's tutorial, its documents and its deployed service each make of the wire, as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from phonewire._typing import Encoding
from phonewire.protocols.connection import Dialect as BaseDialect
from phonewire.protocols.connection import MediaFormat, Side

__all__ = ["AUTO", "DEPLOYED", "DIALECTS", "DOCUMENTED", "TUTORIAL", "Dialect", "Encapsulation"]


class Encapsulation(StrEnum):
    """How audio is packed in messages, as the query of the URL asks for it."""

    RTP = "rtp"
    SLN = "sln"  # nothing but the audio
    AUDIOSOCKET = "audiosocket"


def _all(encoding: Encoding) -> dict[str, Encoding]:
    return dict.fromkeys(Encapsulation, encoding)


class Dialect(BaseDialect, frozen=True, kw_only=True):
    """One reading of the protocol: each setting can be changed by itself with ``msgspec.structs.replace``.

    Attributes:
        payload_type: that RTP is sent with.
        payload_types: that are taken.
        to_client: how audio to the client is coded, by encapsulation.
        to_server: how audio to the server is coded.
        header: whether messages have the header of their encapsulation.
        counts_bytes: the server's RTP timestamps count bytes and begin with the size of the first payload.
        detects: what comes is judged message by message, and answered in kind; the other settings are the beginning.
    """

    payload_type: int
    payload_types: frozenset[int]
    to_client: Mapping[str, Encoding]
    to_server: Mapping[str, Encoding]
    header: bool = True
    counts_bytes: bool = False
    detects: bool = False
    continuous: bool = True
    may_reconnect: bool = True
    spread: bool = True

    def encoding(self, encapsulation: str, receiver: Side) -> Encoding:
        """Return how audio to *receiver* is coded."""
        return (self.to_client if receiver is Side.CLIENT else self.to_server)[encapsulation]

    def media_format(self, encapsulation: str) -> MediaFormat:
        """Return what the call has: the wire's coding where it is one for both directions and cannot change."""
        there, back = self.encoding(encapsulation, Side.SERVER), self.encoding(encapsulation, Side.CLIENT)
        return MediaFormat(there if there == back and not self.detects else "s16le")


#: As the tutorial has it.
TUTORIAL = Dialect(
    name="tutorial",
    payload_type=0,
    payload_types=frozenset({0}),
    to_client=_all("s16le") | {"rtp": "ulaw"},
    to_server=_all("s16le") | {"rtp": "ulaw"},
)

#: As the current documents have it.
DOCUMENTED = Dialect(
    name="documented",
    payload_type=96,
    payload_types=frozenset({96}),
    to_client=_all("s16le"),
    to_server=_all("s16le"),
    counts_bytes=True,
)

#: As the service's source has it: Asterisk sends the format that its channel was made with, µ-law, and takes
#: everything for linear.
DEPLOYED = Dialect(
    name="deployed",
    payload_type=96,
    payload_types=frozenset({96}),
    to_client=_all("ulaw"),
    to_server=_all("s16le"),
    counts_bytes=True,
)

#: Judges each message, and answers in kind.
AUTO = Dialect(
    name="auto",
    payload_type=96,
    payload_types=frozenset({0, 96}),
    to_client=_all("s16le"),
    to_server=_all("s16le"),
    detects=True,
)

#: By what ``wire=`` calls them.
DIALECTS = {dialect.name: dialect for dialect in (AUTO, TUTORIAL, DOCUMENTED, DEPLOYED)}

"""What a platform makes of the protocol, as data."""

from __future__ import annotations

from phonewire.protocols.connection import Dialect as BaseDialect

__all__ = ["CLIENT_KINDS", "DAS_PEAK", "DIALECTS", "MAX_MESSAGE_SIZE", "SPEC", "TWILIO", "TWILIO_ONE_WAY", "Dialect"]

#: Where the messages are specified.
SPEC = "https://www.twilio.com/docs/voice/media-streams/websocket-messages"

#: Bytes of one message in either direction: 6 s of µ-law, 300 times what Twilio sends at once.
MAX_MESSAGE_SIZE = 65536

#: Every kind of message that Twilio sends: a server takes them all, whatever its dialect.
CLIENT_KINDS = frozenset({"connected", "start", "media", "dtmf", "mark", "stop"})


class Dialect(BaseDialect, frozen=True, kw_only=True):
    """One platform's form of the protocol.

    Attributes:
        client_sends: kinds of message that its client sends.
        server_sends: kinds of message that its server sends.
        required: fields of ``start`` without which a stream does not open.
        numbered: the client's messages carry the stream's id and counters.
        consumer_closes: the server's close, anywhere after the first media, is success.
    """

    client_sends: frozenset[str]
    server_sends: frozenset[str]
    required: tuple[str, ...]
    numbered: bool = True
    consumer_closes: bool = False

    @property
    def marks(self) -> bool:
        """Whether marks and clear exist."""
        return "mark" in self.server_sends


#: Two-way streams, as ``<Connect><Stream>`` makes them.
TWILIO = Dialect(
    name="twilio",
    client_sends=CLIENT_KINDS,
    server_sends=frozenset({"media", "mark", "clear"}),
    required=("callSid", "streamSid"),
    lead_ms=160,
)

#: What ``<Start><Stream>`` makes: the server only listens.
TWILIO_ONE_WAY = Dialect(
    name="twilio-one-way",
    client_sends=CLIENT_KINDS - {"dtmf", "mark"},
    server_sends=frozenset(),
    required=("callSid", "streamSid"),
)

#: A sender of das-Peak's audio, and its consumer, which closes when it has enough.
DAS_PEAK = Dialect(
    name="das-peak",
    client_sends=frozenset({"start", "media"}),
    server_sends=frozenset(),
    required=("callSid",),
    numbered=False,
    paced=False,
    piece_size=768,  # 1,024 characters of base64, where the published client cuts
    consumer_closes=True,
)

#: By the name that an endpoint gives for its protocol.
DIALECTS = {dialect.name: dialect for dialect in (TWILIO, TWILIO_ONE_WAY, DAS_PEAK)}

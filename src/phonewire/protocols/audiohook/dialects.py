"""The two products that speak AudioHook, as data."""

from __future__ import annotations

from phonewire.protocols.connection import Dialect as BaseDialect
from phonewire.protocols.connection import MessageRate

__all__ = ["CONNECTOR", "DIALECTS", "MAX_AUDIO_SIZE", "MAX_MESSAGE_SIZE", "MONITOR", "SPEC", "VERSION", "Dialect"]

#: Where the messages are specified.
SPEC = "https://github.com/purecloudlabs/audiohook-reference-implementation"

VERSION = "2"

#: Bytes of one message that is taken: what the reference takes, 4 s of stereo.
MAX_MESSAGE_SIZE = 65_535

#: Bytes of audio in one message to Genesys; more is answered with an error.
MAX_AUDIO_SIZE = 64_000


class Dialect(BaseDialect, frozen=True, kw_only=True):
    """One product.

    Attributes:
        two_way: the server sends audio and notices to the call's participant; the client sends keys and tells when
            playback begins and ends.
    """

    two_way: bool


#: Listens to a call: the customer's side (``external``), the agent's (``internal``), or both.
MONITOR = Dialect(name="audiohook", two_way=False, answered=True, client_closes=True)

#: Speaks with the customer, as a bot in an Architect flow. Genesys buffers what it is sent, and counts messages.
CONNECTOR = Dialect(
    name="audiohook-connector",
    two_way=True,
    lead_ms=200,
    answered=True,
    client_closes=True,
    message_rate=MessageRate(message_bytes=MAX_AUDIO_SIZE),
    output_variables=True,
)

#: By the name that an endpoint gives for its protocol.
DIALECTS = {dialect.name: dialect for dialect in (MONITOR, CONNECTOR)}

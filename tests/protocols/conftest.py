"""Hand-typed messages, and connections in a known state."""

from pathlib import Path

import pytest

from phonewire.protocols import twilio
from phonewire.protocols.twilio import Connection, Side

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(scope="session")
def vectors():
    """The messages of Twilio and its dialects, by name."""
    return {path.stem: path.read_bytes().rstrip(b"\n") for path in sorted((VECTORS / "twilio").glob("*.json"))}


@pytest.fixture(scope="session")
def mutations():
    """Yield every prefix of a message, and it with each bit flipped, each byte deleted and each byte doubled."""

    def mutate(message):
        for index in range(len(message)):
            before, byte, after = message[:index], message[index : index + 1], message[index + 1 :]
            yield before
            yield before + after
            yield before + byte + byte + after
            for bit in range(8):
                yield before + bytes([byte[0] ^ 1 << bit]) + after

    return mutate


@pytest.fixture
def server(vectors):
    """Make a server that has taken a ``start``."""

    def make(dialect=twilio.TWILIO, start="start", **options):
        connection = Connection(Side.SERVER, dialect=dialect, **options)
        connection.receive(vectors[start], text=True)
        assert connection.state is twilio.State.OPEN
        return connection

    return make


@pytest.fixture
def client():
    """Make a client that has sent its ``start``."""

    def make(dialect=twilio.TWILIO, **options):
        connection = Connection(Side.CLIENT, dialect=dialect, **options)
        if "connected" in dialect.client_sends:
            connection.send(twilio.Connected())
        connection.send(
            twilio.Start(
                call_sid="CA5da4a5f7d5b6f2a1c8d9e0f1a2b3c4d5",
                stream_sid="MZ18ad3ab5a668481ce02b83e7395059f0",
                account_sid="AC0123456789abcdef0123456789abcdef",
            )
        )
        connection.data_to_send()
        return connection

    return make

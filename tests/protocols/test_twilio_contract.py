"""For any bytes of a peer: events or RemoteProtocolError, and nothing of the bytes in what is said of them."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import RemoteProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.twilio import Connection, Ended, Rejected, Side, State

VECTORS = {
    path.stem: path.read_bytes().rstrip(b"\n")
    for path in sorted((Path(__file__).parent / "vectors" / "twilio").glob("*.json"))
}
EVENTS = (*twilio.Event.__args__,)

# Every detail there is, numbers written as N. Field and type names are ours and JSON's, never the peer's.
NAMES = [
    "event",
    "sequenceNumber",
    "streamSid",
    "connected",
    "protocol",
    "version",
    "start",
    "callSid",
    "accountSid",
    "tracks",
    "mediaFormat",
    "encoding",
    "sampleRate",
    "channels",
    "customParameters",
    "media",
    "payload",
    "track",
    "chunk",
    "timestamp",
    "dtmf",
    "digit",
    "mark",
    "name",
    "clear",
    "stop",
]
NAME = f"(?:{'|'.join(NAMES)})"
TYPE = r"(?:object|array|str|int|float|bool|null)"
FIELD_ERROR = (
    rf"(?:Expected {TYPE}(?: \| null)?(?:, got {TYPE})?"
    rf"|Object missing required field {NAME}|not a value that is allowed)"
)
DETAIL = re.compile(
    "|".join(
        (
            "N bytes are not JSON",
            "the message is nested too deeply",
            "a string is not valid UTF-N",
            "the message is JSON, but not an object",
            "event is (?:missing|not a string)",
            "the event is none that is known here",
            rf"(?:{NAME}(?:\.{NAME})*: )?{FIELD_ERROR}",
            rf"{NAME}\.{NAME}: not an id of N to N safe characters",
            rf"start\.mediaFormat\.{NAME} is not (?:audio/x-mulaw|N)",
            r"start\.streamSid is missing",
            r"streamSid and start\.streamSid differ",
            "streamSid is not this stream's",
            r"media\.payload is not baseN at offset N",
            r"media\.payload is empty",
            r"mark\.name is empty",
            r"dtmf\.digit is not one of N-N, \*, #, A-D",
            rf"{NAME} while the stream is (?:opening|open|closing)",
            rf"{NAME} is not sent this way in (?:twilio|twilio-one-way|das-peak)",
            "connected for the second time",
            "the message is binary, not text",
        )
    )
)  # fmt: skip


def opening_server():
    return Connection(Side.SERVER)


def open_server():
    connection = Connection(Side.SERVER)
    connection.receive(VECTORS["start"], text=True)
    return connection


def das_peak_server():
    connection = Connection(Side.SERVER, dialect=twilio.DAS_PEAK)
    connection.receive(VECTORS["das_peak_start"], text=True)
    return connection


def open_client():
    connection = Connection(Side.CLIENT)
    connection.send(twilio.Connected())
    connection.send(twilio.Start("CA1", "MZ18ad3ab5a668481ce02b83e7395059f0"))
    return connection


MAKERS = [opening_server, open_server, das_peak_server, open_client]


def assert_contract(connection, data, *, text=True):
    """Give *data* to the connection and check everything that holds whatever it is."""
    try:
        events = connection.receive(data, text=text)
    except RemoteProtocolError as caught:
        error = caught
        events = []
        assert connection.state is State.CLOSED
    else:
        error = None
    assert error is None or str(error) == "a second start names another call"
    rejected = [event for event in events if isinstance(event, Rejected)]
    assert all(isinstance(event, EVENTS) for event in events)
    assert sum(isinstance(event, Ended) for event in events) <= 1
    assert sum(connection.rejected.values()) == len(rejected)
    for event in rejected:
        assert DETAIL.fullmatch(re.sub(r"\d+", "N", event.detail)), event


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("name", VECTORS)
def test_every_small_damage_of_every_message(name, make, mutations):
    for data in mutations(VECTORS[name]):
        assert_contract(make(), data)


def test_there_are_messages_enough():
    assert len(VECTORS) >= 12


@given(data=st.binary(max_size=300), text=st.booleans())
def test_any_bytes(data, text):
    for make in MAKERS:
        assert_contract(make(), data, text=text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
names = st.sampled_from(NAMES[1:])


@given(
    kind=st.sampled_from(["connected", "start", "media", "dtmf", "mark", "clear", "stop"]),
    body=st.dictionaries(names, json_values | st.dictionaries(names, json_values, max_size=4), max_size=8),
)
def test_any_json_that_looks_like_a_message(kind, body):
    for make in MAKERS:
        assert_contract(make(), json.dumps({"event": kind, **body}).encode())


CANARY = "c4n4ry-ÿ"


def with_canary(value):
    """Yield the value with each leaf, each member's value and each member's name replaced by a canary in turn."""
    yield CANARY
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        for changed in with_canary(inner):
            copy = value.copy()
            copy[key] = changed
            yield copy
        if isinstance(value, dict):
            yield {CANARY if name == key else name: other for name, other in value.items()}


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_of_the_peer_is_repeated(make):
    rejected = 0
    for message in VECTORS.values():
        for changed in with_canary(json.loads(message)):
            for data in (json.dumps(changed), json.dumps(changed, ensure_ascii=False), CANARY + json.dumps(changed)):
                try:
                    events = make().receive(data.encode(), text=True)
                    details = [event.detail for event in events if isinstance(event, Rejected)]
                except RemoteProtocolError as error:
                    details = [str(error), error.close_reason]
                rejected += len(details)
                assert not [detail for detail in details if "c4n4ry" in detail or "ÿ" in detail]
    assert rejected > 200

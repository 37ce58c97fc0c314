"""What the platforms' pages say of the wire, beside what the engines put on it."""

import json
import re

import pytest

from phonewire.protocols import audiohook, audiosocket, twilio
from phonewire.protocols.audiohook.session import CALLER_SENDS, CLIENT_SENDS, SERVER_SENDS
from phonewire.protocols.connection import RejectReason, Side
from tests.docs.pages import page

PLATFORMS = ("twilio", "das-peak", "genesys", "voipbin", "asterisk")


def section(name, title):
    return page(f"{name}.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(name, columns):
    """Return the rows of the table under "On the wire", whose cells have code in backticks."""
    lines = re.findall(r"^\| (?!from |kind |---)(.*) \|$", section(name, "On the wire"), re.MULTILINE)
    assert all(line.count(" | ") == columns - 1 for line in lines)
    return [line.split(" | ") for line in lines]


def written(connection, *events):
    for event in events:
        connection.send(event)
    return [json.loads(data) for data, _ in connection.data_to_send()]


def table_of(messages, who):
    """Say of each message what its row says: who sends it, and which fields it has, those of an object behind it."""
    told = set()
    for message in messages:
        event, fields = message.pop("event"), set()
        for name, value in message.items():
            fields |= {name, *value} if isinstance(value, dict) else {name}
        told.add((who, event, frozenset(fields)))
    return told


def twilio_streams(dialect):
    """Let both sides say all that there is."""
    client = twilio.Connection(Side.CLIENT, dialect=dialect)
    start = twilio.Start(
        call_sid="CA1", stream_sid="MZ1", account_sid="AC1", tracks=("inbound",), parameters={"a": "b"}
    )
    spoken = {
        "connected": twilio.Connected(),
        "start": start,
        "media": twilio.Media(b"\xff"),
        "dtmf": twilio.Dtmf("1"),
        "mark": twilio.Mark("m"),
        "stop": twilio.Stop(),
    }
    sent = written(client, *(event for kind, event in spoken.items() if kind in dialect.client_sends))
    server = twilio.Connection(Side.SERVER, dialect=dialect)
    for message in sent[:-1]:
        server.receive(json.dumps(message).encode(), text=True)
    answers = {"media": twilio.Media(b"\xff"), "mark": twilio.Mark("m"), "clear": twilio.Clear()}
    return sent, written(server, *(event for kind, event in answers.items() if kind in dialect.server_sends))


@pytest.mark.parametrize(("name", "dialect"), [("twilio", twilio.TWILIO), ("das-peak", twilio.DAS_PEAK)])
def test_messages_and_their_fields(name, dialect):
    sent, answered = twilio_streams(dialect)
    client = "Twilio" if name == "twilio" else "client"
    told = {
        (who, event.strip("`"), frozenset(re.findall(r"`(\w+)`", fields.replace("`call_id`", ""))))
        for who, event, fields, _ in rows(name, 4)
    }
    assert told == table_of(sent, client) | table_of(answered, "server")


def test_the_types_of_audiohook():
    told = {"Genesys": set(), "server": set()}
    for who, types, _ in rows("genesys", 3):
        told[who] |= set(re.findall(r"`(\w+)`", types))
    assert told == {"Genesys": {*CLIENT_SENDS, *CALLER_SENDS}, "server": set(SERVER_SENDS)}


def test_the_kinds_of_audiosocket():
    table = [(int(kind.strip("`"), 16), name.strip("`"), what) for kind, name, _, what in rows("asterisk", 4)]
    assert [(number, name) for number, name, _ in table] == [(kind.value, kind.name) for kind in audiosocket.Kind]
    for number, _, what in table:
        if number in audiosocket.FORMATS:
            assert f"{audiosocket.FORMATS[number].sample_rate_hz / 1000:g} kHz" in what


def test_the_limits_of_audiohook():
    assert f"{audiohook.MAX_AUDIO_SIZE:,} bytes a message" in page("genesys.md")
    assert f"a message over {audiohook.MAX_MESSAGE_SIZE:,} bytes" in section("genesys", "What comes wrong")


@pytest.mark.parametrize("name", PLATFORMS)
def test_every_platform_has_the_same_parts(name):
    text = page(f"{name}.md")
    for title in ("On the wire", "Where we differ, and what is open", "Limits"):
        assert f"\n## {title}\n" in text
    assert "\n## With a real account\n" in text or "\n## What to try first\n" in text
    assert "\n## What comes wrong\n" in text or "(twilio.md#what-comes-wrong)" in text


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_rejected_has_such_a_reason(name):
    named = re.findall(r"Rejected\((\w+)\)", page(f"{name}.md"))
    assert set(named) <= set(RejectReason)

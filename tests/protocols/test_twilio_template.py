"""Media messages that are matched instead of parsed: nobody can tell, but for the time that it takes."""

import json
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import b64, g711
from phonewire.protocols.twilio import (
    DAS_PEAK,
    Connection,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    Side,
    connection,
    template,
)

START = b'{"event":"start","streamSid":"MZ18","start":{"callSid":"CA5d","streamSid":"MZ18"}}'
TRACKS = ("inbound", "outbound")


def twilio_media(number, track="inbound", payload=bytes(160), **more):
    """Make a message as Twilio's own sender does."""
    media = {
        "track": track,
        "chunk": str(number),
        "timestamp": str(20 * number),
        "payload": b64.encode(payload).decode(),
    }
    message = {"event": "media", "sequenceNumber": str(number + 2), "media": media, "streamSid": "MZ18", **more}
    return json.dumps(message, separators=(",", ":")).encode()


# Pairs of one form: what is learned, and the next.
PAIRS = {
    "twilio": (twilio_media(9), twilio_media(10, payload=b"\xff" * 159)),
    "numbers, spaces and the payload in front": (
        b'{"event": "media", "media": {"payload": "/38A", "timestamp": 20, "chunk": 1}, "sequenceNumber": 3 }',
        b'{"event": "media", "media": {"payload": "gICAgA==", "timestamp": 40, "chunk": 2}, "sequenceNumber": 40 }',
    ),
    "the payload alone": (
        b'{"event":"media","media":{"payload":"/38A"}}',
        b'{"event":"media","media":{"payload":"gICAgA=="}}',
    ),
    "one counter, and a stranger with its name in another place": (
        b'{"event":"media","chunk":"8","timestamps":[20],"media":{"payload":"/38A","timestamp":20}}',
        b'{"event":"media","chunk":"8","timestamps":[20],"media":{"payload":"/w==","timestamp":40}}',
    ),
    "a counter that is none": (
        b'{"event":"media","sequenceNumber":"three","media":{"payload":"/38A","chunk":null,"timestamp":20}}',
        b'{"event":"media","sequenceNumber":"three","media":{"payload":"/w==","chunk":null,"timestamp":40}}',
    ),
    "members twice that are the same in both": (
        b'{"event":"mark","event":"media","media":{"payload":"/38A","track":"inbound","track":"outbound"}}',
        b'{"event":"mark","event":"media","media":{"payload":"/w==","track":"inbound","track":"outbound"}}',
    ),
    "bytes that are no ASCII": (
        '{"event":"media","ä":"ß\u2028","media":{"payload":"/38A"}}'.encode(),
        '{"event":"media","ä":"ß\u2028","media":{"payload":"/w=="}}'.encode(),
    ),
}

# Messages whose values have no certain place, or not one for digits alone.
UNSUITABLE = {
    "an escaped payload": b'{"event":"media","media":{"payload":"\\/38A"}}',
    "an escaped name": b'{"event":"media","media":{"chun\\u006b":5,"chunk":4,"payload":"/38A"}}',
    "an escape anywhere": b'{"event":"media","media":{"payload":"/38A"},"x":"\\""}',
    "a payload twice": b'{"event":"media","media":{"payload":"/38A","payload":"/w=="}}',
    "a payload elsewhere": b'{"event":"media","payload":"/38A","media":{"payload":"/w=="}}',
    "media twice": b'{"event":"media","media":{"payload":"/38A"},"media":{"payload":"/w=="}}',
    "a chunk twice": b'{"event":"media","media":{"payload":"/38A","chunk":5,"chunk":5.0}}',
    "a chunk twice, the other way": b'{"event":"media","media":{"payload":"/38A","chunk":5.0,"chunk":5}}',
    "a chunk elsewhere": b'{"event":"media","chunk":5,"media":{"payload":"/38A","chunk":5}}',
    "a name as a value": b'{"event":"media","x":"chunk","media":{"payload":"/38A","chunk":5}}',
    "a number with a point": b'{"event":"media","media":{"payload":"/38A","chunk":5.0}}',
    "a number with an exponent": b'{"event":"media","media":{"payload":"/38A","chunk":0e1}}',
    "a number with 19 digits": b'{"event":"media","media":{"payload":"/38A","chunk":1000000000000000000}}',
}  # fmt: skip


@pytest.fixture(autouse=True)
def in_plain_python_too(monkeypatch):
    monkeypatch.setattr(template, "LESSONS", 4)


@pytest.fixture
def opened(monkeypatch):
    """Make a connection that has taken a ``start``, and one that never learns."""

    def make(lessons=4, **options):
        monkeypatch.setattr(template, "LESSONS", lessons)
        made = Connection(Side.SERVER, **options)
        made.receive(START, text=True)
        return made

    return make


@pytest.fixture
def no_decoder(monkeypatch):
    """Make a function after which every message that is parsed is an error."""

    def forbid():
        def decode(data):
            raise AssertionError("parsed")

        monkeypatch.setattr(connection, "_decode_media", decode)
        monkeypatch.setattr(connection.wire, "decode", decode)

    return forbid


def outcome(made, message):
    events = made.receive(message, text=True)
    return [
        (event, getattr(event, "chunk", 0), getattr(event, "message_sequence", 0)) for event in events
    ], made.rejected


def mutations(message):
    """Yield every prefix, and the message with every bit flipped, every byte missing, doubled or another's."""
    for i in range(len(message)):
        yield message[:i]
        yield message[:i] + message[i + 1 :]
        yield message[: i + 1] + message[i:]
        for bit in range(4):
            yield message[:i] + bytes([message[i] ^ 1 << bit]) + message[i + 1 :]
        for byte in b'0="\\':
            yield message[:i] + bytes([byte]) + message[i + 1 :]


class TestReader:
    @pytest.mark.parametrize("name", PAIRS)
    def test_reads_the_next_message_as_the_parser_does(self, opened, name):
        first, second = PAIRS[name]
        (media,), (other,) = (opened(lessons=0).receive(message, text=True) for message in (first, second))
        read = template.reader_like(first, media)
        assert (read(first), read(second)) == (media, other)
        assert media != other
        assert media.track == other.track
        assert read(first.replace(b"media", b"Media")) is None

    @pytest.mark.parametrize("name", UNSUITABLE)
    def test_is_not_made_from_what_leaves_a_doubt(self, opened, name):
        (media,) = opened(lessons=0).receive(UNSUITABLE[name], text=True)
        assert isinstance(media, Media)
        assert template.reader_like(UNSUITABLE[name], media) is None

    def test_is_not_made_from_another_message(self):
        message = twilio_media(9)
        assert (
            template.reader_like(message, Media(bytes(160), "inbound", 180, chunk=9, message_sequence=11)) is not None
        )
        assert template.reader_like(message, Media(bytes(160), "inbound", 180, chunk=8, message_sequence=11)) is None
        assert template.reader_like(message, Media(bytes(159), "inbound", 180, chunk=9, message_sequence=11)) is None
        assert template.reader_like(b"", Media(b"\xff")) is None


class TestTemplates:
    def test_know_two_forms_the_newer_first(self):
        templates = template.Templates()
        for number, track in enumerate(("inbound", "outbound", "inbound")):
            templates.learn(twilio_media(number, track), Media(bytes(160), track, 20 * number))
        newest, older = templates.readers
        assert newest(twilio_media(2, "inbound")).track == "inbound"
        assert older(twilio_media(1, "outbound")).track == "outbound"
        assert templates.lessons == 1

    def test_give_up_with_the_last_lesson(self):
        templates = template.Templates()
        for number in range(4):
            assert templates.lessons
            templates.learn(twilio_media(number), Media(bytes(160), "inbound", 20 * number))
            assert len(templates.readers) == (0 if number == 3 else min(number + 1, 2))
        assert templates.lessons == 0

    def test_a_message_without_a_form_is_a_lesson_too(self):
        templates = template.Templates()
        templates.learn(UNSUITABLE["a payload twice"], Media(b"\xff"))
        assert (templates.readers, templates.lessons) == ((), 3)


class TestConnection:
    @pytest.mark.parametrize("name", PAIRS)
    def test_parses_one_message_of_a_form(self, opened, no_decoder, name):
        first, second = PAIRS[name]
        made, expected = opened(), opened(lessons=0).receive(second, text=True)
        made.receive(first, text=True)
        no_decoder()
        (event,) = made.receive(second, text=True)
        assert [event] == expected
        assert event.pcm == expected[0].pcm
        with pytest.raises(AssertionError, match="parsed"):
            made.receive(second + b" ", text=True)

    def test_parses_one_message_of_each_track(self, opened, no_decoder):
        made = opened()
        for track in TRACKS:
            made.receive(twilio_media(1, track), text=True)
        no_decoder()
        for number, track in product(range(2, 200), TRACKS):
            (event,) = made.receive(twilio_media(number, track), text=True)
            assert event == Media(bytes(160), track, 20 * number, chunk=number, message_sequence=number + 2)

    @pytest.mark.parametrize("name", [*PAIRS, *UNSUITABLE])
    def test_takes_and_rejects_as_without_templates(self, opened, name):
        first = PAIRS[name][0] if name in PAIRS else UNSUITABLE[name]
        for message in mutations(first):
            made, plain = opened(), opened(lessons=0)
            for step in (first, message, first):
                assert outcome(made, step) == outcome(plain, step), message

    def test_binary_and_long_messages_and_halves_of_samples(self, opened):
        made = opened(max_message_size=1000, media_format=MediaFormat("s16le"))
        made.receive(twilio_media(1), text=True)
        (event,) = made.receive(twilio_media(2, payload=bytes(159)), text=True)
        assert event == Rejected(RejectReason.BAD_LENGTH, "media.payload has 159 bytes, not a multiple of 2")
        (event,) = made.receive(twilio_media(3), text=False)
        assert event.reason is RejectReason.WRONG_MESSAGE_TYPE
        with pytest.raises(connection.LimitExceededError):
            made.receive(twilio_media(4, payload=bytes(1000)), text=True)
        assert made.receive(twilio_media(5), text=True) == []

    def test_nothing_is_taken_after_the_end(self, opened):
        made = opened()
        made.receive(twilio_media(1), text=True)
        made.receive(b'{"event":"stop"}', text=True)
        assert made.receive(twilio_media(2), text=True)[0].reason is RejectReason.OUT_OF_ORDER
        made = opened()
        made.receive(twilio_media(1), text=True)
        made.close()
        assert made.receive(twilio_media(2), text=True) == []

    def test_a_peer_that_changes_the_form_each_time_is_learned_from_3_times(self, opened, monkeypatch):
        made, learned = opened(), []
        monkeypatch.setattr(template, "reader_like", lambda data, media: learned.append(media))
        for number in range(50):
            (event,) = made.receive(twilio_media(number, **{f"x{number}": ""}), text=True)
            assert (event.chunk, event.payload) == (number, bytes(160))
        assert [media.chunk for media in learned] == [*range(3)]

    def test_das_peak(self, opened, no_decoder):
        made = opened(dialect=DAS_PEAK)
        message = b'{"event": "media", "media": {"payload": "%s"}}'
        made.receive(message % b64.encode(bytes(768)), text=True)
        no_decoder()
        audio = random.Random(5).randbytes(300)
        assert made.receive(message % b64.encode(audio), text=True) == [Media(audio)]


NUMBER = st.integers(0, 10**20) | st.sampled_from([2**63 - 1, 2**63, 10**18, 10**18 - 1])
MEMBERS = st.fixed_dictionaries(
    {"payload": st.binary(max_size=8).map(lambda data: b64.encode(data).decode())},
    optional={"chunk": NUMBER | NUMBER.map(str), "timestamp": NUMBER | NUMBER.map(str), "x": st.text(max_size=3)},
)


@given(st.lists(st.tuples(MEMBERS, st.booleans(), NUMBER), min_size=2, max_size=8), st.booleans())
def test_any_stream(messages, spaces):
    separators = (", ", ": ") if spaces else (",", ":")
    connections = []
    for lessons in (0, 4):
        template.LESSONS = lessons
        connections.append(Connection(Side.SERVER))
        connections[-1].receive(START, text=True)
    for media, front, number in messages:
        message = {"event": "media", **({"sequenceNumber": number} if front else {}), "media": media}
        data = json.dumps(message, separators=separators).encode()
        assert outcome(connections[0], data) == outcome(connections[1], data)


def test_shortcuts_are_there_once_the_stream_flows():
    server = Connection(Side.SERVER)
    assert server.media_readers() == ()
    server.receive(START, text=True)
    for number in range(2, 12):
        server.receive(twilio_media(number), text=True)
    assert server.media_readers()
    assert server.media_framers(160) is None  # nothing was sent yet
    server.send_payload(bytes(160))
    speech = bytes(range(80)) * 2
    framed, samples_bytes, framed_samples = server.media_framers(160)
    server.data_to_send()
    server.send_payload(speech)
    ((message, _),) = server.data_to_send()
    assert framed(speech) == message
    assert samples_bytes == 320
    assert framed_samples(g711.ulaw_decode(speech)) == message


def test_shortcuts_are_not_there_for_messages_that_are_too_long():
    server = Connection(Side.SERVER, max_message_size=1000)
    server.receive(START, text=True)
    assert server.media_readers() == ()
    server.send_payload(bytes(160))
    assert server.media_framers(160) is not None
    assert server.media_framers(1000) is None

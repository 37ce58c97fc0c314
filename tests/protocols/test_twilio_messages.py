"""Every message of the two specifications, read and written, against the hand-typed vectors."""

import json
from array import array

import pytest

from phonewire.errors import LocalProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.twilio import (
    DAS_PEAK,
    TWILIO,
    Clear,
    Connected,
    Connection,
    Dtmf,
    Ended,
    EndReason,
    Mark,
    Media,
    MediaFormat,
    Side,
    Start,
    State,
    Stop,
)

PAYLOAD = bytes.fromhex("ff7f0080ff7e7d")
SAMPLES = array("h", [0, 0, -32124, 32124, 0, -8, -16]).tobytes()  # ITU-T G.711, table 2a
STREAM_SID = "MZ18ad3ab5a668481ce02b83e7395059f0"
CALL_SID = "CA5da4a5f7d5b6f2a1c8d9e0f1a2b3c4d5"
ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
PARAMETERS = {"FirstName": "Jane", "Grüße": '"ä" & <b>'}

FROM_TWILIO = {
    "connected": Connected("Call", "1.0.0"),
    "start": Start(CALL_SID, STREAM_SID, ACCOUNT_SID, ("inbound",), MediaFormat(), PARAMETERS),
    "media": Media(PAYLOAD, "inbound", 5, chunk=1, message_sequence=3),
    "dtmf": Dtmf("1"),
    "mark": Mark("my label"),
    "stop": Stop(ACCOUNT_SID, CALL_SID),
}
TO_TWILIO = {"server_media": Media(PAYLOAD), "server_mark": Mark("utt-7"), "server_clear": Clear()}
FROM_DAS_PEAK_CLIENT = {
    "das_peak_start": Start("4fd9e9af-dd71-4177-be31-0bc5041221be", media_format=MediaFormat()),
    "das_peak_media": Media(PAYLOAD),
}
FROM_CLONES = {
    "clone_start": Start("6d7b1e40-9f0c-4b0f-8f43-6f1f9f5a7f3b", "s1", media_format=MediaFormat()),
    "clone_media_numbers": Media(PAYLOAD, "outbound", 1234, chunk=6, message_sequence=7),
    "clone_media_words": Media(PAYLOAD, "inbound"),
}


def receive_all(connection, messages):
    return [connection.receive(message, text=True) for message in messages]


class TestRead:
    def test_a_call_of_twilio(self, vectors):
        connection = Connection(Side.SERVER)
        events = receive_all(connection, [vectors[name] for name in FROM_TWILIO])
        expected = [[event] for event in FROM_TWILIO.values()]
        expected[-1].append(Ended(EndReason.STOPPED))
        assert events == expected
        assert connection.start == FROM_TWILIO["start"]
        assert connection.call_id == CALL_SID
        assert connection.parameters == PARAMETERS
        assert connection.state is State.CLOSING
        assert connection.receive_eof() == []
        assert connection.state is State.CLOSED
        assert not connection.rejected

    @pytest.mark.parametrize("dialect", twilio.DIALECTS.values(), ids=twilio.DIALECTS)
    def test_a_server_takes_what_twilio_sends_in_every_dialect(self, vectors, dialect):
        connection = Connection(Side.SERVER, dialect=dialect)
        events = receive_all(connection, [vectors[name] for name in FROM_TWILIO])
        assert [event for several in events for event in several] == [*FROM_TWILIO.values(), Ended(EndReason.STOPPED)]

    def test_what_a_server_sends(self, client, vectors):
        events = receive_all(client(), [vectors[name] for name in TO_TWILIO])
        assert events == [[event] for event in TO_TWILIO.values()]

    def test_a_call_of_the_das_peak_client(self, vectors):
        connection = Connection(Side.SERVER, dialect=DAS_PEAK)
        events = receive_all(connection, [vectors[name] for name in FROM_DAS_PEAK_CLIENT])
        assert events == [[event] for event in FROM_DAS_PEAK_CLIENT.values()]

    def test_look_alikes(self, vectors):
        events = receive_all(Connection(Side.SERVER), [vectors[name] for name in FROM_CLONES])
        assert events == [[event] for event in FROM_CLONES.values()]

    def test_samples_are_decoded_once(self, server, vectors):
        (media,) = server().receive(vectors["media"], text=True)
        assert media.pcm == SAMPLES
        assert media.pcm is media.pcm

    def test_media_compares_by_what_was_received(self, server, vectors):
        (media,) = server().receive(vectors["media"], text=True)
        for decoded in (False, True):
            assert (media == FROM_TWILIO["media"], media != FROM_TWILIO["media"]) == (True, False)
            assert (media == Media(PAYLOAD, "inbound"), media != Media(PAYLOAD, "inbound")) == (False, True)
            assert (media == PAYLOAD, media != PAYLOAD) == (False, True)
            assert decoded or media.pcm
        with pytest.raises(TypeError, match="unhashable"):
            hash(media)

    @pytest.mark.parametrize(
        ("value", "count"),
        [
            ("7", 7), ('"7"', 7), ("7.0", 7), ('"7.0"', 7), ("0", 0), (str(2**63 - 1), 2**63 - 1),
            ("null", None), ('""', None), ('"x"', None), ('"-7"', None), ("-7", None), ("7.5", None), ("true", None),
            ("[]", None), ("{}", None), ('"7 "', None), ('"٧"', None), ("1e400", None), (str(2**63), None),
            ("9" * 5000, None), (f'"{"9" * 5000}"', None),
        ],
    )  # fmt: skip
    def test_counters_are_numbers_or_nothing(self, server, value, count):
        body = f'{{"chunk":{value},"timestamp":{value},"payload":"/w=="}}'
        message = f'{{"event":"media","sequenceNumber":{value},"media":{body}}}'
        connection = server()
        assert connection.receive(message.encode(), text=True) == [
            Media(b"\xff", timestamp_ms=count, chunk=count, message_sequence=count)
        ]
        assert not connection.rejected

    def test_of_equal_members_the_last_counts(self, server):
        connection = server()
        for message in (
            b'{"event":"media","media":{"payload":"AA==","payload":"/w=="}}',
            b'{"event":"media","media":{"payload":"AA=="},"media":{"payload":"/w=="}}',
            b'{"event":"mark","event":"media","media":{"payload":"/w=="}}',
            b'{"event":"none","event":"media","media":{"payload":"/w=="}}',
        ):
            assert connection.receive(message, text=True) == [Media(b"\xff")]

    def test_what_else_a_message_has_is_ignored(self, server):
        message = b'{"x":{"y":[1,2,{"z":1e999}]},"event":"stop","stop":{"reason":7},"sequenceNumber":"8"}'
        assert server().receive(message, text=True) == [Stop(), Ended(EndReason.STOPPED)]

    def test_a_stream_id_may_stand_outside_of_start_alone(self):
        connection = Connection(Side.SERVER)
        connection.receive(b'{"event":"start","streamSid":"MZ1","start":{"callSid":"CA1"}}', text=True)
        connection.send(Clear())
        assert connection.data_to_send() == [(b'{"event":"clear","streamSid":"MZ1"}', True)]

    def test_names_of_encodings_have_no_case(self):
        message = (
            b'{"event":"start","start":{"callSid":"C","streamSid":"M","mediaFormat":{"encoding":"Audio/X-MuLaw"}}}'
        )
        (event,) = Connection(Side.SERVER).receive(message, text=True)
        assert event.media_format == MediaFormat("ulaw", 8000, 1)

    def test_stop_needs_no_body(self, server):
        assert server().receive(b'{"event":"stop"}', text=True) == [Stop(), Ended(EndReason.STOPPED)]


class TestWrite:
    def test_a_call_of_twilio(self, vectors):
        connection = Connection(Side.CLIENT)
        connection.send(FROM_TWILIO["connected"])
        connection.send(FROM_TWILIO["start"])
        assert connection.data_to_send() == [(vectors["connected"], True), (vectors["start"], True)]
        assert connection.data_to_send() == []

    def test_numbers(self, client):
        connection = client()
        connection.send_payload(bytes(160))
        connection.send(Dtmf("#"))
        connection.send(Media(bytes(100), "outbound"))
        connection.send_audio(bytes(2))
        connection.send(Mark("m"))
        connection.send_payload(bytes(161))
        connection.send_payload(b"\xff")
        connection.skip_audio(1000)
        connection.send(Media(b"\xff", "outbound", 77, chunk=77, message_sequence=77))
        connection.send(Stop())
        sent = [json.loads(data) for data, _ in connection.data_to_send()]
        assert [message.pop("sequenceNumber") for message in sent] == ["2", "3", "4", "5", "6", "7", "8", "9", "10"]
        assert {message.pop("streamSid") for message in sent} == {STREAM_SID}
        media = [message["media"] for message in sent if message["event"] == "media"]
        assert [(body["track"], body["chunk"], body["timestamp"]) for body in media] == [
            ("inbound", "1", "0"),
            ("outbound", "1", "0"),
            ("inbound", "2", "20"),
            ("inbound", "3", "20"),  # 161 samples are 20.125 ms
            ("inbound", "4", "40"),  # 322 samples are 40.25 ms
            ("outbound", "2", "1012"),  # 100 samples are 12.5 ms, 1 s was skipped; the event's counts do not go out
        ]
        assert [message for message in sent if message["event"] != "media"] == [
            {"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": "#"}},
            {"event": "mark", "mark": {"name": "m"}},
            {"event": "stop", "stop": {"accountSid": ACCOUNT_SID, "callSid": CALL_SID}},
        ]

    def test_the_track_is_inbound_unless_said_otherwise(self):
        for tracks, written in (((), ["inbound"]), (("outbound",), ["outbound"])):
            connection = Connection(Side.CLIENT)
            connection.send(Connected())
            connection.send(Start("CA1", "MZ1", tracks=tracks))
            assert json.loads(connection.data_to_send()[1][0])["start"] == {
                "streamSid": "MZ1",
                "callSid": "CA1",
                "tracks": written,
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {},
            }

    def test_a_refused_message_takes_no_number(self, client):
        connection = client()
        for event in (Dtmf("x"), Mark(""), Connected(), Media(b""), Media(bytes(99_999))):
            with pytest.raises(LocalProtocolError):
                connection.send(event)
        connection.send(Mark("m"))
        assert b'"sequenceNumber":"2"' in connection.data_to_send()[0][0]

    def test_what_a_server_sends(self, server, vectors):
        connection = server()
        for event in TO_TWILIO.values():
            connection.send(event)
        assert connection.data_to_send() == [(vectors[name], True) for name in TO_TWILIO]
        connection.send_payload(PAYLOAD)
        connection.send_audio(array("h", [0, -32124, 32124]).tobytes())
        connection.send_mark("utt-7")
        connection.send_clear()
        assert [data for data, _ in connection.data_to_send()] == [
            vectors["server_media"],
            vectors["server_media"].replace(b"/38AgP9+fQ==", b"/wCA"),
            vectors["server_mark"],
            vectors["server_clear"],
        ]

    def test_a_das_peak_client_sends_two_kinds_and_nothing_else(self, client):
        connection = Connection(Side.CLIENT, dialect=DAS_PEAK)
        connection.send(
            Start("4fd9e9af-dd71-4177-be31-0bc5041221be", STREAM_SID, ACCOUNT_SID, ("inbound",), None, PARAMETERS)
        )
        connection.send_payload(PAYLOAD)
        connection.send(Media(PAYLOAD, "inbound", 5, chunk=1))
        assert connection.data_to_send() == [
            (b'{"event":"start","start":{"callSid":"4fd9e9af-dd71-4177-be31-0bc5041221be"}}', True),
            (b'{"event":"media","media":{"payload":"/38AgP9+fQ=="}}', True),
            (b'{"event":"media","media":{"payload":"/38AgP9+fQ=="}}', True),
        ]

    def test_one_piece_of_das_peak_is_1024_characters(self, client):
        connection = client(DAS_PEAK)
        connection.send_payload(bytes(DAS_PEAK.piece_size))
        ((data, _),) = connection.data_to_send()
        assert len(data.split(b'"')[-2]) == 1024
        assert data.split(b'"')[-2].count(b"=") == 0

    def test_names_are_escaped(self, server):
        connection = server()
        connection.send(Mark('a"b\\c\n\x00 ü'))
        ((data, _),) = connection.data_to_send()
        assert data.endswith('"mark":{"name":"a\\"b\\\\c\\n\\u0000 ü"}}'.encode())

    def test_audio_from_any_buffer(self, server):
        connection = server()
        samples = array("h", [0, 1000, -1000])
        for buffer in (samples.tobytes(), bytearray(samples.tobytes()), memoryview(samples), samples):
            connection.send_audio(buffer)
        for buffer in (PAYLOAD, bytearray(PAYLOAD), memoryview(PAYLOAD)):
            connection.send_payload(buffer)
        sent = [data for data, _ in connection.data_to_send()]
        assert len(set(sent[:4])) == 1
        assert len(set(sent[4:])) == 1


def test_dialects_by_name():
    assert list(twilio.DIALECTS) == ["twilio", "twilio-one-way", "das-peak"]
    assert [dialect.name for dialect in twilio.DIALECTS.values()] == list(twilio.DIALECTS)
    assert (TWILIO.lead_ms, TWILIO.paced, TWILIO.piece_size, TWILIO.marks, TWILIO.consumer_closes) == (
        160,
        True,
        None,
        True,
        False,
    )
    assert (DAS_PEAK.lead_ms, DAS_PEAK.paced, DAS_PEAK.piece_size, DAS_PEAK.marks, DAS_PEAK.consumer_closes) == (
        0,
        False,
        768,
        False,
        True,
    )
    assert not twilio.TWILIO_ONE_WAY.marks

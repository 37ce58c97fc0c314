"""What a peer does wrong, and what the caller does: each has one outcome, is counted, and mostly the call goes on."""

import pytest

from phonewire.errors import CodecError, LimitExceededError, LocalProtocolError, RemoteProtocolError
from phonewire.protocols.twilio import (
    DAS_PEAK,
    TWILIO,
    TWILIO_ONE_WAY,
    Clear,
    Connected,
    Connection,
    Dtmf,
    Ended,
    EndReason,
    Mark,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    Side,
    Start,
    State,
    Stop,
)

GOOD = b'{"event":"media","media":{"payload":"/w=="}}'
S16 = MediaFormat("s16le", 16000)


def media(payload):
    return b'{"event":"media","media":{"payload":%s}}' % payload


def start(members):
    return b'{"event":"start","start":{%s}}' % members


def named(members):
    return start(b'"callSid":"id","streamSid":"id",' + members)


# What came to an open stream, why it is skipped, and what is said of it.
# From 3.14 on CPython measures the stack instead of counting calls, and has room for all that one message may nest.
NESTED = "the message is nested too deeply"
SKIPPED = [
    (b"", RejectReason.NOT_JSON, "0 bytes are not JSON"),
    (b"hello", RejectReason.NOT_JSON, "5 bytes are not JSON"),
    (b"\xff\xfe{}", RejectReason.NOT_JSON, "4 bytes are not JSON"),
    (b'\xef\xbb\xbf{"event":"stop"}', RejectReason.NOT_JSON, "19 bytes are not JSON"),
    (b'{"event":"stop"', RejectReason.NOT_JSON, "15 bytes are not JSON"),
    (b'{"event":"stop"} ]', RejectReason.NOT_JSON, "18 bytes are not JSON"),
    (b"{'event':'stop'}", RejectReason.NOT_JSON, "16 bytes are not JSON"),
    (b'{"event":"stop","x":NaN}', RejectReason.NOT_JSON, "24 bytes are not JSON"),
    (b'{"event":"stop","x":Infinity}', RejectReason.NOT_JSON, "29 bytes are not JSON"),
    (b"[" * 60_000, RejectReason.NOT_JSON, (NESTED, "60000 bytes are not JSON")),
    (b'{"event":"stop","x":' + b"[" * 60_000, RejectReason.NOT_JSON, (NESTED, "60020 bytes are not JSON")),
    (b'{"a":' * 10_000, RejectReason.NOT_JSON, (NESTED, "50000 bytes are not JSON")),
    (b'{"event":"mark","mark":{"name":"\xff"}}', RejectReason.NOT_JSON, "a string is not valid UTF-8"),
    (b'{"event":"mark","mark":{"name":"\\ud800"}}', RejectReason.NOT_JSON, "41 bytes are not JSON"),
    (b'{"\xff":1}', RejectReason.NOT_JSON, "7 bytes are not JSON"),
    (b"[]", RejectReason.NOT_AN_OBJECT, "the message is JSON, but not an object"),
    (b'"event"', RejectReason.NOT_AN_OBJECT, "the message is JSON, but not an object"),
    (b"null", RejectReason.NOT_AN_OBJECT, "the message is JSON, but not an object"),
    (b"7" * 60_000, RejectReason.NOT_AN_OBJECT, "the message is JSON, but not an object"),
    (b"{}", RejectReason.BAD_FIELD, "event is missing"),
    (b'{"Event":"stop"}', RejectReason.BAD_FIELD, "event is missing"),
    (b'{"event":7}', RejectReason.BAD_FIELD, "event is not a string"),
    (b'{"event":null}', RejectReason.BAD_FIELD, "event is not a string"),
    (b'{"event":["stop"]}', RejectReason.BAD_FIELD, "event is not a string"),
    (b'{"event":"Stop"}', RejectReason.UNKNOWN_EVENT, "the event is none that is known here"),
    (b'{"event":"playAudio"}', RejectReason.UNKNOWN_EVENT, "the event is none that is known here"),
    (b'{"event":""}', RejectReason.UNKNOWN_EVENT, "the event is none that is known here"),
    (b'{"event":"media"}', RejectReason.BAD_FIELD, "Object missing required field media"),
    (b'{"event":"media","media":null}', RejectReason.BAD_FIELD, "media: Expected object, got null"),
    (b'{"event":"media","media":"/w=="}', RejectReason.BAD_FIELD, "media: Expected object, got str"),
    (b'{"event":"media","media":{}}', RejectReason.BAD_FIELD, "media: Object missing required field payload"),
    (media(b"7"), RejectReason.BAD_FIELD, "media.payload: Expected str, got int"),
    (media(b"null"), RejectReason.BAD_FIELD, "media.payload: Expected str, got null"),
    (media(b'["/w=="]'), RejectReason.BAD_FIELD, "media.payload: Expected str, got array"),
    (media(b'"/w==","track":"left"'), RejectReason.BAD_FIELD, "media.track: not a value that is allowed"),
    (media(b'"/w==","track":7'), RejectReason.BAD_FIELD, "media.track: "),
    (b'{"event":"media","streamSid":7,"media":{"payload":"/w=="}}', RejectReason.BAD_FIELD, "streamSid: "),
    (b'{"event":"mark","mark":{"name":7}}', RejectReason.BAD_FIELD, "mark.name: Expected str, got int"),
    (b'{"event":"mark","mark":{"name":""}}', RejectReason.BAD_FIELD, "mark.name is empty"),
    (b'{"event":"mark"}', RejectReason.BAD_FIELD, "Object missing required field mark"),
    (b'{"event":"dtmf","dtmf":{"digit":"12"}}', RejectReason.BAD_FIELD, "dtmf.digit is not one of 0-9, *, #, A-D"),
    (b'{"event":"dtmf","dtmf":{"digit":""}}', RejectReason.BAD_FIELD, "dtmf.digit is not one of 0-9, *, #, A-D"),
    (b'{"event":"dtmf","dtmf":{"digit":1}}', RejectReason.BAD_FIELD, "dtmf.digit: Expected str, got int"),
    (b'{"event":"stop","stop":{"callSid":"a b"}}', RejectReason.BAD_FIELD, "stop.callSid: not an id of 1 to 128 safe"),
    (b'{"event":"stop","stop":7}', RejectReason.BAD_FIELD, "stop: Expected object | null, got int"),
    (media(b'"/w="'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"/w"'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"/w==="'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"_w=="'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"/w==\\n"'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"/x=="'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media('"äöüß"'.encode()), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'"\\u0000AAA"'), RejectReason.BAD_BASE64, "media.payload is not base64 at offset "),
    (media(b'""'), RejectReason.EMPTY_PAYLOAD, "media.payload is empty"),
    (b'{"event":"connected"}', RejectReason.OUT_OF_ORDER, "connected while the stream is open"),
    (b'{"event":"clear"}', RejectReason.NOT_ALLOWED, "clear is not sent this way in twilio"),
    (b'{"event":"media","streamSid":"MZ1","media":{"payload":"/w=="}}', RejectReason.WRONG_STREAM, "streamSid is not"),
    (b'{"event":"stop","streamSid":"MZother"}', RejectReason.WRONG_STREAM, "streamSid is not"),
    (b'{"event":"stop","streamSid":""}', RejectReason.WRONG_STREAM, "streamSid is not"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "reason", "detail"), SKIPPED, ids=[m[:40].decode("latin-1") for m, _, _ in SKIPPED]
)
def test_is_skipped_and_counted_and_the_call_goes_on(server, message, reason, detail):
    connection = server()
    (event,) = connection.receive(message, text=True)
    assert isinstance(event, Rejected)
    assert event.reason is reason
    assert event.detail.startswith(detail)
    assert connection.rejected == {reason: 1}
    assert connection.state is State.OPEN
    assert connection.receive(GOOD, text=True) == [Media(b"\xff")]


# What came instead of a start, and what is said of it; "id" stands for a good one.
BAD_STARTS = [
    (b'{"event":"start"}', "Object missing required field start"),
    (start(b""), "start: Object missing required field callSid"),
    (start(b'"streamSid":"id"'), "start: Object missing required field callSid"),
    (start(b'"callSid":7,"streamSid":"id"'), "start.callSid: Expected str, got int"),
    (start(b'"callSid":null,"streamSid":"id"'), "start.callSid: Expected str, got null"),
    (start(b'"callSid":"id"'), "start.streamSid is missing"),
    (start(b'"callSid":"","streamSid":"id"'), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"../id","streamSid":"id"'), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"..","streamSid":"id"'), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"a\\nb","streamSid":"id"'), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"id\\n","streamSid":"id"'), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"%s","streamSid":"id"' % (b"a" * 129)), "start.callSid: not an id of 1 to 128 safe characters"),
    (start(b'"callSid":"id","streamSid":"a/b"'), "start.streamSid: not an id of 1 to 128 safe characters"),
    (named(b'"accountSid":"<b>"'), "start.accountSid: not an id of 1 to 128"),
    (b'{"event":"start","streamSid":"no","start":{"callSid":"id","streamSid":"id"}}', "streamSid and start.streamSid"),
    (named(b'"tracks":"inbound"'), "start.tracks: Expected array, got str"),
    (named(b'"tracks":["left"]'), "start.tracks: not a value that is allowed"),
    (named(b'"customParameters":{"a":7}'), "start.customParameters: Expected str, got int"),
    (named(b'"customParameters":[]'), "start.customParameters: Expected object | null"),
    (named(b'"mediaFormat":{"encoding":"audio/x-alaw"}'), "start.mediaFormat.encoding is not audio/x-mulaw"),
    (named(b'"mediaFormat":{"encoding":"opus"}'), "start.mediaFormat.encoding is not audio/x-mulaw"),
    (named(b'"mediaFormat":{"sampleRate":16000}'), "start.mediaFormat.sampleRate is not 8000"),
    (named(b'"mediaFormat":{"sampleRate":"fast"}'), "start.mediaFormat.sampleRate: Expected int"),
    (named(b'"mediaFormat":{"channels":2}'), "start.mediaFormat.channels is not 1"),
]  # fmt: skip


class TestStart:
    @pytest.mark.parametrize(("message", "detail"), BAD_STARTS)
    def test_is_refused_and_a_good_one_may_follow(self, message, detail):
        connection = Connection(Side.SERVER)
        (event,) = connection.receive(message, text=True)
        assert isinstance(event, Rejected)
        assert (event.reason, event.detail[: len(detail)]) == (RejectReason.BAD_FIELD, detail)
        assert connection.state is State.OPENING
        assert connection.call_id == ""
        assert connection.parameters == {}
        (event,) = connection.receive(start(b'"callSid":"id","streamSid":"id"'), text=True)
        assert event == Start("id", "id", media_format=MediaFormat())

    @pytest.mark.parametrize("text", ["a", "Z9._:@+=-", "4fd9e9af-dd71-4177-be31-0bc5041221be", "a" * 128])
    def test_good_ids(self, text):
        connection = Connection(Side.SERVER, dialect=DAS_PEAK)
        connection.receive(start(b'"callSid":"%s"' % text.encode()), text=True)
        assert connection.call_id == text

    @pytest.mark.parametrize("state", ["opening", "open"])
    def test_before_it_all_else_is_out_of_order(self, vectors, state):
        connection = Connection(Side.SERVER)
        for name in ("media", "dtmf", "mark", "stop", "clone_media_words"):
            (event,) = connection.receive(vectors[name], text=True)
            assert event.reason is RejectReason.OUT_OF_ORDER
            assert event.detail.endswith("while the stream is opening")
        assert connection.rejected == {RejectReason.OUT_OF_ORDER: 5}
        assert isinstance(connection.receive(vectors["start"], text=True)[0], Start)

    def test_connected_comes_once(self, vectors):
        connection = Connection(Side.SERVER)
        assert connection.receive(vectors["connected"], text=True) == [Connected()]
        (event,) = connection.receive(vectors["connected"], text=True)
        assert event == Rejected(RejectReason.OUT_OF_ORDER, "connected for the second time")

    def test_second_one_of_the_same_call_is_skipped(self, server, vectors):
        connection = server()
        again = vectors["start"].replace(b"MZ18", b"MZ99")
        assert connection.receive(again, text=True)[0].reason is RejectReason.OUT_OF_ORDER
        assert connection.receive(vectors["media"], text=True)[0].payload == bytes.fromhex("ff7f0080ff7e7d")

    def test_second_one_of_another_call_ends_the_connection(self, server, vectors):
        connection = server()
        with pytest.raises(RemoteProtocolError) as caught:
            connection.receive(vectors["start"].replace(b"CA5d", b"CA99"), text=True)
        assert caught.value.close_code == 1008
        assert "CA" not in str(caught.value)
        assert_failed(connection)


def assert_failed(connection):
    assert connection.state is State.CLOSED
    assert connection.receive(GOOD, text=True) == []
    with pytest.raises(LocalProtocolError):
        connection.send_payload(b"\xff")
    assert connection.receive_eof() == [Ended(EndReason.FAILED)]
    assert connection.receive_eof() == []


class TestMessages:
    @pytest.mark.parametrize("message", [GOOD, b"", b"\x80\x00" * 80, b'{"event":"stop"}'])
    def test_binary_is_skipped(self, server, message):
        connection = server()
        (event,) = connection.receive(message, text=False)
        assert event == Rejected(RejectReason.WRONG_MESSAGE_TYPE, "the message is binary, not text")
        assert connection.state is State.OPEN

    @pytest.mark.parametrize("text", [True, False])
    def test_64_kib_and_no_more(self, server, text):
        connection = server()
        longest = GOOD + b" " * (65536 - len(GOOD))
        assert connection.receive(longest, text=True) == [Media(b"\xff")]
        with pytest.raises(LimitExceededError) as caught:
            connection.receive(longest + b" ", text=text)
        assert (caught.value.limit, caught.value.actual, caught.value.close_code) == (65536, 65537, 1009)
        assert_failed(connection)

    def test_the_limit_is_a_setting(self, server):
        connection = server(max_message_size=1000)
        connection.send(Mark("m" * (1000 - 84)))
        assert [len(data) for data, _ in connection.data_to_send()] == [1000]
        with pytest.raises(LocalProtocolError, match="at most 1000 bytes, got 1001"):
            connection.send(Mark("m" * (1001 - 84)))
        connection.send_payload(bytes(600))
        with pytest.raises(LocalProtocolError, match="at most 1000 bytes, got 1157"):
            connection.send_payload(bytes(800))
        assert len(connection.data_to_send()) == 1
        with pytest.raises(LimitExceededError, match="at most 1000, got 1001"):
            connection.receive(bytes(1001), text=True)

    def test_half_a_sample(self, server):
        connection = server(DAS_PEAK, "das_peak_start", media_format=S16)
        (event,) = connection.receive(GOOD, text=True)
        assert event == Rejected(RejectReason.BAD_LENGTH, "media.payload has 1 bytes, not a multiple of 2")
        (event,) = connection.receive(media(b'"AQI="'), text=True)
        assert event == Media(b"\1\2", media_format=S16)

    def test_after_stop(self, server, vectors):
        connection = server()
        assert connection.receive(vectors["stop"], text=True)[-1] == Ended(EndReason.STOPPED)
        for name in ("media", "stop", "mark", "start"):
            (event,) = connection.receive(vectors[name], text=True)
            assert (event.reason, connection.state) == (RejectReason.OUT_OF_ORDER, State.CLOSING)
        assert connection.receive_eof() == []

    def test_a_client_on_a_one_way_stream_takes_nothing(self, client, vectors):
        for dialect in (TWILIO_ONE_WAY, DAS_PEAK):
            connection = client(dialect)
            for name in ("server_media", "server_mark", "server_clear", "start", "dtmf"):
                assert connection.receive(vectors[name], text=True)[0].reason is RejectReason.NOT_ALLOWED
            assert connection.rejected == {RejectReason.NOT_ALLOWED: 5}

    def test_a_server_that_speaks_before_start(self, vectors):
        connection = Connection(Side.CLIENT)
        (event,) = connection.receive(vectors["server_media"], text=True)
        assert event == Rejected(RejectReason.OUT_OF_ORDER, "media while the stream is opening")


class TestEnd:
    @pytest.mark.parametrize("close_code", [1000, 1001, 1005, 1006])
    def test_of_das_peak_is_success_after_the_first_media(self, client, close_code):
        connection = client(DAS_PEAK)
        connection.send_audio(bytes(1536))
        assert connection.receive_eof(close_code) == [Ended(EndReason.COMPLETED)]
        assert connection.receive_eof(close_code) == []

    def test_of_das_peak_before_the_first_media_is_none(self, client):
        assert client(DAS_PEAK).receive_eof(1000) == [Ended(EndReason.DROPPED)]
        assert Connection(Side.CLIENT, dialect=DAS_PEAK).receive_eof(1000) == [Ended(EndReason.DROPPED)]

    def test_for_a_reason_that_the_peer_gives_is_a_refusal(self, client):
        connection = client(DAS_PEAK)
        connection.send_audio(bytes(1536))
        assert connection.receive_eof(1008) == [Ended(EndReason.REFUSED)]

    def test_without_stop(self, server, client):
        for connection in (server(), server(DAS_PEAK, "das_peak_start"), Connection(Side.SERVER), client()):
            assert connection.receive_eof() == [Ended(EndReason.DROPPED)]
            assert connection.state is State.CLOSED
            assert connection.receive_eof() == []
            assert connection.receive(GOOD, text=True) == []

    def test_of_our_own(self, server, vectors):
        for connection in (server(), server(DAS_PEAK, "das_peak_start"), Connection(Side.SERVER)):
            connection.close()
            connection.close()
            assert connection.state is State.CLOSING
            assert connection.data_to_send() == []
            assert connection.receive(vectors["media"], text=True) == []
            assert connection.receive(vectors["stop"], text=True) == []
            assert not connection.rejected
            assert connection.receive_eof() == [Ended(EndReason.CLOSED)]
            connection.close()
            assert connection.state is State.CLOSED

    def test_a_client_says_stop(self, client, vectors):
        for end in (lambda connection: connection.send(Stop()), Connection.close):
            connection = client()
            end(connection)
            assert [b'"event":"stop"' in data for data, _ in connection.data_to_send()] == [True]
            assert connection.receive(vectors["server_media"], text=True) == []
            connection.close()
            assert connection.data_to_send() == []
            assert connection.receive_eof() == [Ended(EndReason.CLOSED)]

    def test_ours_after_theirs(self, server, vectors):
        connection = server()
        connection.receive(vectors["stop"], text=True)
        connection.close()
        assert connection.receive_eof() == []


def illegal(connection, *events):
    """Check that none of the events can be sent, and that nothing of them is queued."""
    for event in events:
        with pytest.raises(LocalProtocolError):
            connection.send(event)
    assert connection.data_to_send() == []


class TestCaller:
    """The other side of the contract: what we may not send."""

    def test_a_one_way_stream_is_not_written_to(self, server):
        for connection in (server(TWILIO_ONE_WAY), server(DAS_PEAK, "das_peak_start")):
            assert not connection.may_send_media
            assert not connection.may_mark
            illegal(connection, Media(b"\xff"), Mark("m"), Clear())
            for send in (connection.send_audio, connection.send_payload):
                with pytest.raises(LocalProtocolError, match="a server sends no media"):
                    send(bytes(320))

    def test_das_peak_has_no_marks(self, client):
        illegal(client(DAS_PEAK), Mark("m"), Dtmf("1"), Stop(), Connected(), Clear())

    def test_nothing_before_start(self):
        server = Connection(Side.SERVER)
        illegal(server, Media(b"\xff"), Mark("m"), Clear())
        client = Connection(Side.CLIENT)
        illegal(client, Media(b"\xff"), Mark("m"), Dtmf("1"), Stop(), Start("CA1", "MZ1"))
        client.send(Connected())
        with pytest.raises(LocalProtocolError, match="opening"):
            client.send(Connected())

    def test_nothing_after_the_end(self, server, client, vectors):
        stopped = server()
        stopped.receive(vectors["stop"], text=True)
        closed = server()
        closed.close()
        dropped = client()
        dropped.receive_eof()
        said = client()
        said.send(Stop())
        said.data_to_send()
        for connection in (stopped, closed, dropped, said):
            illegal(connection, Media(b"\xff"), Mark("m"))
            for send in (connection.send_audio, connection.send_payload):
                with pytest.raises(LocalProtocolError, match="the stream is clos"):
                    send(bytes(320))

    def test_events_of_the_other_side(self, server, client):
        illegal(server(), Connected(), Start("CA1", "MZ1"), Dtmf("1"), Stop())
        illegal(client(), Clear(), Start("CA1", "MZ1"))
        illegal(server(), Ended(EndReason.CLOSED), Rejected(RejectReason.NOT_JSON, ""), None, "media")

    @pytest.mark.parametrize(
        "event",
        [
            Start("CA1"),
            Start("", "MZ1"),
            Start("CA 1", "MZ1"),
            Start("CA1", "MZ/1"),
            Start("CA1", "MZ1", "A C"),
            Start("CA1", "MZ1", tracks=("left",)),
            Start("CA1", "MZ1", media_format=MediaFormat("alaw")),
            Start("CA1", "MZ1", media_format=MediaFormat("ulaw", 16000)),
            Start("CA1", "MZ1", parameters={"a": 7}),
            Start("CA1", "MZ1", parameters={"a": "\ud800"}),
            Start("CA1", "MZ1", parameters={"a": object()}),
            Start("CA1", "MZ1", parameters={"a": "b" * 65536}),
            Start(7, "MZ1"),
        ],
    )
    def test_a_start_that_no_server_would_take(self, event):
        client = Connection(Side.CLIENT)
        client.send(Connected())
        client.data_to_send()
        illegal(client, event)
        assert client.state is State.OPENING
        client.send(Start("CA1", "MZ1"))

    def test_values_that_no_peer_would_take(self, client, server):
        illegal(client(), Dtmf(""), Dtmf("12"), Dtmf("x"), Dtmf(1), Stop(call_sid="a b"))
        illegal(client(), Media(b""), Media(b"\xff", "left"), Media(b"\xff", media_format=MediaFormat("alaw")))
        illegal(server(), Mark(""), Mark(7), Mark("\ud800"), Mark("m" * 65536), Media(b""))
        illegal(server(), Media(bytes(2), media_format=S16), Media(bytes(65536)))

    def test_empty_audio(self, client, server):
        for connection in (client(), client(DAS_PEAK), client(DAS_PEAK, media_format=S16), server()):
            for send in (connection.send_audio, connection.send_payload):
                with pytest.raises(LocalProtocolError, match="at least one sample"):
                    send(b"")
            assert connection.data_to_send() == []

    def test_half_a_sample(self, client, server):
        for connection in (client(), client(DAS_PEAK), client(DAS_PEAK, media_format=S16), server()):
            with pytest.raises(CodecError):
                connection.send_audio(b"\0\0\0")
            assert connection.data_to_send() == []
        for dialect in (DAS_PEAK, TWILIO):
            connection = client(dialect, media_format=S16)
            with pytest.raises(CodecError):
                connection.send_payload(b"\0\0\0")
            assert connection.data_to_send() == []

    def test_a_format_that_is_none(self):
        with pytest.raises(ValueError, match="got 'opus'"):
            Connection(Side.SERVER, media_format=MediaFormat("opus"))
        with pytest.raises(ValueError, match="1 channel, got 2"):
            Connection(Side.SERVER, media_format=MediaFormat(channels=2))

    def test_there_are_no_timers(self, server):
        connection = server()
        assert connection.next_deadline_ns() is None
        assert connection.handle_timeout(10**18) == []

"""Every frame of AudioSocket, both ways, and what a peer does wrong: one outcome each, counted."""

import struct
from pathlib import Path

import pytest

from phonewire.errors import CodecError, LocalProtocolError, RemoteProtocolError
from phonewire.protocols.audiosocket import (
    FORMATS,
    Connection,
    Dtmf,
    Ended,
    EndReason,
    Error,
    ErrorCode,
    Hangup,
    Kind,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    Side,
    Silence,
    Start,
    State,
    pack_frame,
)

VECTORS = {
    path.stem: bytes.fromhex(path.read_text())
    for path in sorted((Path(__file__).parent / "vectors" / "audiosocket").glob("*.hex"))
}
UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
EIGHT_SAMPLES = bytes(range(1, 17))
S16_8, S16_16, S16_192 = MediaFormat("s16le", 8000), MediaFormat("s16le", 16_000), MediaFormat("s16le", 192_000)
EVENTS = {
    "uuid": Start(UUID),
    "audio": Media(EIGHT_SAMPLES, media_format=S16_8),
    "audio_16_khz": Media(b"\x00\x80\xff\x7f", media_format=S16_16),
    "audio_192_khz": Media(b"\x34\x12", media_format=S16_192),
    "silence": Silence(),
    "dtmf": Dtmf("5"),
    "error": Error(),
    "error_hangup": Error(ErrorCode.HANGUP),
    "hangup": Hangup(),
}
GOOD = VECTORS["audio"]


def open_server(media_format=S16_8, **options):
    connection = Connection(Side.SERVER, media_format=media_format, **options)
    assert connection.receive(VECTORS["uuid"], text=False) == [Start(UUID)]
    return connection


def open_client(media_format=S16_8):
    connection = Connection(Side.CLIENT, media_format=media_format)
    connection.send(Start(UUID))
    connection.data_to_send()
    return connection


@pytest.mark.parametrize("name", VECTORS)
def test_each_frame_is_read_and_written(name):
    event = EVENTS[name]
    media_format = event.media_format if isinstance(event, Media) else S16_8
    server = Connection(Side.SERVER) if name == "uuid" else open_server(media_format)
    client = Connection(Side.CLIENT) if name == "uuid" else open_client(media_format)
    assert server.receive(VECTORS[name], text=False)[0] == event
    client.send(event)
    assert client.data_to_send() == [(VECTORS[name], False)]
    assert not server.rejected


def test_every_kind_has_a_vector():
    assert {vector[0] for vector in VECTORS.values()} >= set(Kind) - set(FORMATS)


def test_the_call_is_known_by_its_uuid():
    connection = Connection(Side.SERVER)
    assert (connection.state, connection.call_id) == (State.OPENING, "")
    connection.receive(VECTORS["uuid"], text=False)
    assert (connection.state, connection.call_id, connection.parameters) == (State.OPEN, UUID, {})
    assert connection.dialect.continuous
    assert not connection.may_mark


@pytest.mark.parametrize(("kind", "media_format"), FORMATS.items(), ids=[kind.name for kind in FORMATS])
def test_audio_of_every_rate_both_ways(kind, media_format):
    samples = struct.pack("=3h", -32768, 1, 32767)
    frame = bytes([kind, 0, 6]) + struct.pack("<3h", -32768, 1, 32767)
    for speaker, listener in ((open_client, open_server), (open_server, open_client)):
        speaks = speaker(media_format)
        speaks.send_audio(samples)
        speaks.send_payload(frame[3:])
        speaks.send(Media(frame[3:], media_format=media_format))
        assert speaks.data_to_send() == [(frame, False)] * 3
        (media,) = listener(media_format).receive(frame, text=False)
        assert (media.pcm, media.media_format) == (samples, media_format)


def test_the_rates_are_those_of_asterisk():
    khz = {kind: FORMATS[kind].sample_rate_hz / 1000 for kind in FORMATS}
    assert list(khz) == list(range(0x10, 0x19))
    assert list(khz.values()) == [8, 12, 16, 24, 32, 44.1, 48, 96, 192]


@pytest.mark.parametrize("media_format", [MediaFormat(), MediaFormat("s16le", 11_025), MediaFormat("s16le", 8000, 2)])
def test_other_audio_is_refused(media_format):
    with pytest.raises(ValueError, match="AudioSocket carries s16le, mono, at 8000, 12000, "):
        Connection(Side.SERVER, media_format=media_format)


# What came to an open server, why it is skipped, and what is said of it.
SKIPPED = [
    (b"\x04\x00\x00", RejectReason.UNKNOWN_KIND, "kind 0x04 with 0 bytes is none that is known here"),
    (b"\x19\x00\x02ab", RejectReason.UNKNOWN_KIND, "kind 0x19 with 2 bytes is none that is known here"),
    (b"\xfe\xff\xff" + bytes(65_535), RejectReason.UNKNOWN_KIND, "kind 0xfe with 65535 bytes is none that is known"),
    (b"\x10\x00\x00", RejectReason.EMPTY_PAYLOAD, "a frame of audio is empty"),
    (b"\x10\x00\x03abc", RejectReason.BAD_LENGTH, "audio has 3 bytes, not a multiple of 2"),
    (b"\x12\x00\x02ab", RejectReason.WRONG_FORMAT, "the stream has 8000 Hz, got audio of 16000 Hz"),
    (b"\x03\x00\x00", RejectReason.BAD_LENGTH, "a digit has 1 byte, got 0"),
    (b"\x03\x00\x0212", RejectReason.BAD_LENGTH, "a digit has 1 byte, got 2"),
    (b"\x03\x00\x01x", RejectReason.BAD_FIELD, "the digit is not one of 0-9, *, #, A-D"),
    (b"\x03\x00\x01\xff", RejectReason.BAD_FIELD, "the digit is not one of 0-9, *, #, A-D"),
    (b"\xff\x00\x02ab", RejectReason.BAD_LENGTH, "an error code has at most 1 byte, got 2"),
    (VECTORS["uuid"], RejectReason.OUT_OF_ORDER, "uuid while the stream is open"),
    (b"\x01\x00\x02ab", RejectReason.OUT_OF_ORDER, "uuid while the stream is open"),
]


@pytest.mark.parametrize(("frame", "reason", "detail"), SKIPPED, ids=[frame[:4].hex() for frame, _, _ in SKIPPED])
def test_is_skipped_and_counted_and_the_call_goes_on(frame, reason, detail):
    connection = open_server()
    rejected, media = connection.receive(frame + GOOD, text=False)
    assert rejected.reason is reason
    assert rejected.detail.startswith(detail)
    assert media == EVENTS["audio"]
    assert connection.rejected == {reason: 1}


@pytest.mark.parametrize("first", [*(set(VECTORS) - {"uuid"}), "a short UUID", "an unknown kind"])
def test_who_does_not_begin_with_a_uuid_is_not_asterisk(first):
    frame = VECTORS.get(first) or {"a short UUID": b"\x01\x00\x01x", "an unknown kind": b"\x77\x00\x00"}[first]
    connection = Connection(Side.SERVER)
    assert connection.receive(frame[:-1], text=False) == []
    with pytest.raises(RemoteProtocolError, match="the first frame is no UUID: "):
        connection.receive(frame[-1:] + VECTORS["uuid"], text=False)
    assert connection.state is State.CLOSED
    assert sum(connection.rejected.values()) == 1
    assert connection.receive(VECTORS["uuid"], text=False) == []
    assert connection.receive_eof(1000) == [Ended(EndReason.FAILED)]


def test_a_client_that_has_not_said_its_uuid_skips_what_comes():
    (event,) = Connection(Side.CLIENT).receive(GOOD, text=False)
    assert event == Rejected(RejectReason.OUT_OF_ORDER, "audio while the stream is opening")


@pytest.mark.parametrize("name", ["uuid", "silence", "dtmf", "error"])
def test_a_server_says_only_audio_and_hangup(name):
    (event,) = open_client().receive(VECTORS[name], text=False)
    assert event == Rejected(RejectReason.NOT_ALLOWED, f"{name} is not sent this way")
    server = open_server()
    with pytest.raises(LocalProtocolError, match=f"a server sends no {name} in AudioSocket"):
        server.send(EVENTS[name])


def test_a_frame_over_the_limit_is_skipped_and_never_kept():
    connection = open_server(max_message_size=19)
    too_long = pack_frame(Kind.SLIN, bytes(50_000))
    events = []
    for byte in too_long + GOOD:
        events += connection.receive(bytes([byte]), text=False)
        assert connection._reader.missing <= 50_000
        assert len(connection._reader._partial) < 19
    assert events == [Rejected(RejectReason.TOO_LONG, "a frame has at most 19 bytes, got 50000 + 3"), EVENTS["audio"]]


def test_text_has_no_place():
    connection = open_server()
    assert connection.receive(GOOD, text=True) == [
        Rejected(RejectReason.WRONG_MESSAGE_TYPE, "the message is text, not binary")
    ]
    assert connection.receive(GOOD, text=False) == [EVENTS["audio"]]


class TestEnd:
    def test_a_hangup_is_the_goodbye(self):
        connection = open_server()
        assert connection.receive(VECTORS["hangup"] + GOOD, text=False) == [Hangup(), Ended(EndReason.STOPPED)]
        assert connection.state is State.CLOSING
        assert connection.receive(GOOD, text=False) == []
        assert connection.receive_eof(1000) == connection.receive_eof(1006) == []
        assert connection.state is State.CLOSED

    def test_to_close_the_connection_means_the_same(self):
        assert open_server().receive_eof(1000) == [Ended(EndReason.STOPPED)]

    def test_a_connection_that_breaks_is_no_goodbye(self):
        assert open_server().receive_eof() == [Ended(EndReason.DROPPED)]
        assert Connection(Side.SERVER).receive_eof(1000) == [Ended(EndReason.DROPPED)]

    @pytest.mark.parametrize(("size", "missing"), [(1, 2), (2, 1), (3, 16), (18, 1)])
    def test_what_is_left_of_a_frame_is_reported(self, size, missing):
        connection = open_server()
        assert connection.receive(GOOD[:size], text=False) == []
        rejected, ended = connection.receive_eof(1000)
        assert rejected.reason is RejectReason.BAD_PACKET
        assert rejected.detail == f"the stream ended {missing} bytes before the end of a frame"
        assert ended == Ended(EndReason.DROPPED)

    @pytest.mark.parametrize(
        ("frame", "reason"),
        [("error", EndReason.REFUSED), ("error_hangup", EndReason.STOPPED)],
    )
    def test_an_error_says_why(self, frame, reason):
        connection = open_server()
        assert connection.receive(VECTORS[frame], text=False) == [EVENTS[frame]]
        assert connection.state is State.OPEN
        assert connection.receive_eof(1006) == [Ended(reason)]

    @pytest.mark.parametrize("make", [open_server, open_client])
    def test_we_hang_up(self, make):
        connection = make()
        connection.close()
        assert connection.data_to_send() == [(b"\x00\x00\x00", False)]
        assert connection.receive(GOOD, text=False) == []
        connection.close()
        assert connection.data_to_send() == []
        assert connection.receive_eof(1000) == [Ended(EndReason.CLOSED)]

    def test_we_give_up_before_the_uuid(self):
        connection = Connection(Side.SERVER)
        connection.close()
        assert connection.data_to_send() == []
        assert connection.receive_eof(1000) == [Ended(EndReason.CLOSED)]

    def test_the_transport_cut_the_peer_off(self):
        connection = open_server()
        connection.fail(RejectReason.BAD_WEBSOCKET)
        assert connection.receive_eof(1002) == [Ended(EndReason.FAILED)]
        assert open_server().receive_eof(1008) == [Ended(EndReason.REFUSED)]


class TestSending:
    @pytest.mark.parametrize(
        "send",
        [
            lambda c: c.send_payload(b""),
            lambda c: c.send_audio(b""),
            lambda c: c.send(Media(b"", media_format=S16_8)),
            lambda c: c.send(Media(b"abc", media_format=S16_8)),
            lambda c: c.send(Media(b"ab")),
            lambda c: c.send(Media(b"ab", media_format=S16_16)),
            lambda c: c.send_payload(bytes(65_536)),
            lambda c: c.send(Ended(EndReason.CLOSED)),
            lambda c: c.send_mark("m"),
            lambda c: c.send_clear(),
            lambda c: c.send(Dtmf("x")),
            lambda c: c.send(Dtmf("12")),
            lambda c: c.send(Error(256)),
            lambda c: c.send(Start(UUID)),
        ],
    )
    def test_is_refused_and_nothing_is_queued(self, send):
        connection = open_client()
        with pytest.raises(LocalProtocolError):
            send(connection)
        assert connection.data_to_send() == []

    def test_half_a_sample_is_refused(self):
        connection = open_server()
        for send in (connection.send_audio, connection.send_payload):
            with pytest.raises(CodecError, match="even number of bytes, got 3"):
                send(b"abc")
        assert connection.data_to_send() == []

    def test_nothing_is_sent_before_the_uuid(self):
        for connection in (Connection(Side.SERVER), Connection(Side.CLIENT)):
            with pytest.raises(LocalProtocolError, match="no audio can be sent now, the stream is opening"):
                connection.send_payload(bytes(320))

    def test_the_id_is_a_uuid_in_any_of_its_forms(self):
        connection = Connection(Side.CLIENT)
        with pytest.raises(LocalProtocolError, match="is a UUID"):
            connection.send(Start("CA1"))
        connection.send(Start(UUID.upper().replace("-", "")))
        assert connection.data_to_send() == [(VECTORS["uuid"], False)]
        assert connection.call_id == UUID

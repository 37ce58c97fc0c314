"""VoIPBIN's wire: every encapsulation in every reading, both ways, and what a peer does wrong in one that is fixed."""

import math
import struct
from pathlib import Path

import msgspec
import pytest

from phonewire import g711, rtp
from phonewire.errors import CodecError, LimitExceededError, LocalProtocolError
from phonewire.protocols.voipbin import (
    AUTO,
    DEPLOYED,
    DIALECTS,
    DOCUMENTED,
    TUTORIAL,
    Connection,
    Encapsulation,
    Ended,
    EndReason,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    RtpMedia,
    Side,
    State,
)

VECTORS = {
    path.stem: bytes.fromhex(path.read_text())
    for path in sorted((Path(__file__).parent / "vectors" / "voipbin").glob("*.hex"))
}
S16 = MediaFormat("s16le")
AUDIO = bytes(range(1, 17))
SPEECH = struct.pack("=1600h", *(round(9000 * math.sin(n / 7) * math.sin(n / 211)) for n in range(1600)))


def up(side, dialect=AUTO, encapsulation="rtp", **options):
    """Return a stream that is open."""
    connection = Connection(side, dialect=dialect, encapsulation=encapsulation, **options)
    connection.connected(0)
    connection.handle_timeout(10**9)
    assert connection.state is State.OPEN
    return connection


def audio_of(events):
    return [event for event in events if isinstance(event, Media)]


def little(samples):
    return struct.pack(f"<{len(samples) // 2}h", *struct.unpack(f"={len(samples) // 2}h", samples))


# What goes to the client and to the server: the coding of each encapsulation, as the sources have it.
WIRE = {
    ("tutorial", "rtp"): ("ulaw", "ulaw"),
    ("tutorial", "sln"): ("s16le", "s16le"),
    ("tutorial", "audiosocket"): ("s16le", "s16le"),
    ("documented", "rtp"): ("s16le", "s16le"),
    ("documented", "sln"): ("s16le", "s16le"),
    ("documented", "audiosocket"): ("s16le", "s16le"),
    ("deployed", "rtp"): ("ulaw", "s16le"),
    ("deployed", "sln"): ("ulaw", "s16le"),
    ("deployed", "audiosocket"): ("ulaw", "s16le"),
}
PAYLOAD_TYPES = {"tutorial": 0, "documented": 96, "deployed": 96}


@pytest.mark.parametrize(("wire", "encapsulation"), WIRE)
@pytest.mark.parametrize("to_server", [False, True])
def test_speech_in_every_reading(wire, encapsulation, to_server):
    speaks, hears = (Side.CLIENT, Side.SERVER) if to_server else (Side.SERVER, Side.CLIENT)
    speaker, listener = (up(side, DIALECTS[wire], encapsulation) for side in (speaks, hears))
    speaker.send_audio(SPEECH)
    messages = speaker.data_to_send()
    encoding = WIRE[wire, encapsulation][to_server]
    payload = g711.ulaw_encode(SPEECH) if encoding == "ulaw" else little(SPEECH)
    size = len(payload) // 10  # 20 ms
    for number, (data, text) in enumerate(messages):
        assert not text
        header = {
            "sln": b"",
            "audiosocket": struct.pack("!BH", 0x10, size),
            "rtp": data[:12],
        }[encapsulation]
        assert data == header + payload[number * size : (number + 1) * size]
        if encapsulation == "rtp":
            packet = rtp.parse(data)
            # The server's timestamps count bytes, but for the tutorial's, whose µ-law makes both the same.
            step = size if not to_server else 160
            assert (packet.payload_type, packet.sequence_number) == (PAYLOAD_TYPES[wire], 1 + number)
            assert (packet.timestamp, packet.ssrc, packet.marker) == (size + number * step, 0, False)
    assert len(messages) == 10
    heard = [event for data, text in messages for event in listener.receive(data, text=text)]
    expected = g711.ulaw_decode(payload) if encoding == "ulaw" else SPEECH
    assert b"".join(event.pcm for event in heard) == expected
    assert {event.media_format for event in heard} == {listener.media_format}
    assert not listener.rejected
    assert not listener.tolerated


def test_the_call_has_the_coding_of_the_wire_where_there_is_one():
    formats = {
        key: Connection(Side.CLIENT, dialect=DIALECTS[key[0]], encapsulation=key[1]).media_format for key in WIRE
    }
    assert {key for key, media_format in formats.items() if media_format == MediaFormat()} == {("tutorial", "rtp")}
    assert set(formats.values()) == {MediaFormat(), S16}
    assert Connection(Side.CLIENT).media_format == S16


@pytest.mark.parametrize("encapsulation", Encapsulation)
def test_the_messages_of_voipbins_own_tests(encapsulation):
    server = up(Side.SERVER, DOCUMENTED, encapsulation)
    server.send_payload(AUDIO)
    assert server.data_to_send() == [(VECTORS[encapsulation], False)]
    client = up(Side.CLIENT, DOCUMENTED, encapsulation)
    (media,) = client.receive(VECTORS[encapsulation], text=False)
    assert (media.payload, media.media_format) == (AUDIO, S16)


def test_the_header_of_rtp_comes_with_the_audio():
    (media,) = up(Side.SERVER, DOCUMENTED).receive(VECTORS["rtp_csrc_extension_padding"], text=False)
    assert media == RtpMedia(AUDIO, None, None, S16, None, 1, 16, 0, marker=True)
    (media,) = up(Side.SERVER, TUTORIAL).receive(VECTORS["rtp_pcmu"], text=False)
    assert media == RtpMedia(b"\xff\x7f\x00\x80", None, None, MediaFormat(), None, 0x1234, 160, 0xDEADBEEF)
    assert struct.unpack("=4h", media.pcm) == (0, 0, -32124, 32124)


def test_numbers_of_packets_can_be_given_and_wrap_around():
    client = up(Side.CLIENT, TUTORIAL, ssrc=0xFFFFFFFF, sequence_number=65535, timestamp=2**32 - 160)
    client.send_payload(bytes(400))
    packets = [rtp.parse(data) for data, _ in client.data_to_send()]
    assert [(p.sequence_number, p.timestamp, p.ssrc, len(p.payload)) for p in packets] == [
        (65535, 2**32 - 160, 0xFFFFFFFF, 160),
        (0, 0, 0xFFFFFFFF, 160),
        (1, 160, 0xFFFFFFFF, 80),
    ]
    client.send_payload(bytes(160))
    (packet,) = [rtp.parse(data) for data, _ in client.data_to_send()]
    assert (packet.sequence_number, packet.timestamp) == (2, 240)


@pytest.mark.parametrize(("side", "a_ms"), [(Side.CLIENT, 8), (Side.SERVER, 16)])
def test_time_that_is_skipped_is_in_the_timestamps_alone(side, a_ms):
    """VoIPBIN's server counts bytes, its clients count samples."""
    connection = up(side, DOCUMENTED)
    connection.skip_audio(1000)  # what has not begun cannot be late
    for number in range(6):
        if number == 2:
            connection.skip_audio(60)
        connection.send_payload(AUDIO)
    packets = [rtp.parse(data) for data, _ in connection.data_to_send()]
    first = packets[0].timestamp
    assert [packet.timestamp - first for packet in packets] == [a_ms * ms for ms in (0, 1, 62, 63, 64, 65)]
    assert [packet.sequence_number for packet in packets] == [1, 2, 3, 4, 5, 6]
    assert [packet.marker for packet in packets] == [False, False, True, False, False, False]


def test_time_is_skipped_after_a_switch_of_the_form_too():
    server = up(Side.SERVER, AUTO)
    server.send_payload(bytes(320))
    server.receive(rtp.pack(bytes(160), payload_type=0, sequence_number=1, timestamp=0, ssrc=0), text=False)
    server.skip_audio(60)
    server.send_payload(bytes(320))
    first, second = (rtp.parse(data) for data, _ in server.data_to_send())
    assert (first.payload_type, second.payload_type) == (96, 0)
    assert second.timestamp - first.timestamp == 8 * (20 + 60)


def test_a_packet_can_be_sent_with_numbers_of_its_own():
    server = up(Side.SERVER, TUTORIAL)
    event = RtpMedia(b"\xff" * 160, None, None, MediaFormat(), None, 700, 900, 5, marker=True)
    server.send(event)
    ((data, _),) = server.data_to_send()
    assert up(Side.CLIENT, TUTORIAL).receive(data, text=False) == [event]
    for bad in (msgspec.structs.replace(event, sequence_number=65536), msgspec.structs.replace(event, ssrc=-1)):
        with pytest.raises(LocalProtocolError):
            server.send(bad)
    with pytest.raises(LocalProtocolError, match="there are no packets in sln"):
        up(Side.SERVER, DOCUMENTED, "sln").send(RtpMedia(AUDIO, media_format=S16))
    assert server.data_to_send() == []


def test_each_setting_can_be_changed_by_itself():
    old = msgspec.structs.replace(DEPLOYED, payload_type=0, payload_types=frozenset({0}))
    bare = msgspec.structs.replace(DOCUMENTED, header=False)
    server = up(Side.SERVER, old)
    server.send_payload(bytes(320))
    ((data, _),) = server.data_to_send()
    assert (rtp.parse(data).payload_type, len(data)) == (0, 172)
    for encapsulation in Encapsulation:
        server = up(Side.SERVER, bare, encapsulation)
        server.send_payload(AUDIO)
        assert server.data_to_send() == [(AUDIO, False)]
        (media,) = server.receive(AUDIO, text=False)
        assert media.payload == AUDIO


class TestAudioSocket:
    @pytest.mark.parametrize("dialect", [DOCUMENTED, AUTO])
    def test_frames_may_be_cut_anywhere(self, dialect):
        stream = b"".join(b"\x10\x01\x40" + bytes([n]) * 320 for n in (1, 7, 16, 128, 255))
        whole = [bytes([n]) * 320 for n in (1, 7, 16, 128, 255)]
        for size in [*range(1, 700), len(stream)]:
            connection = up(Side.SERVER, dialect, "audiosocket")
            pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
            heard = [event for piece in pieces for event in connection.receive(piece, text=False)]
            assert [event.payload for event in audio_of(heard)] == whole, size
            assert not connection.rejected
            assert not connection.tolerated

    def test_several_frames_in_one_message(self):
        for dialect in (DOCUMENTED, AUTO):
            connection = up(Side.SERVER, dialect, "audiosocket")
            heard = audio_of(connection.receive(VECTORS["audiosocket_two_frames"], text=False))
            assert [event.payload for event in heard] == [b"\x01\x02", b"\x03\x04\x05\x06"]

    @pytest.mark.parametrize("dialect", [DOCUMENTED, AUTO])
    @pytest.mark.parametrize("frame", [b"\x10\x00\x00", b"\x10\x00\x02ab", b"\x77\x00\x00"])
    def test_the_smallest_frames_hold_nobody_up(self, frame, dialect):
        connection = up(Side.SERVER, dialect, "audiosocket")
        connection.receive(VECTORS["audiosocket"], text=False)
        events = connection.receive((frame * 350_000)[:1_048_576], text=False)
        assert events[-1] in (
            Rejected(RejectReason.TOO_LONG, "a message has over 4096 frames"),
            Rejected(RejectReason.BAD_PACKET, "1048576 bytes are neither a frame nor audio of a known size"),
            *audio_of(events[-1:]),
        )
        assert len(events) < 6000
        (media,) = audio_of(connection.receive(b"\x10\x01\x40" + bytes(320), text=False))
        assert media.payload == bytes(320)

    def test_a_minute_of_frames_is_taken_in_one_message(self):
        connection = up(Side.SERVER, DOCUMENTED, "audiosocket")
        events = connection.receive((b"\x10\x01\x40" + bytes(320)) * 3246, text=False)
        assert len(audio_of(events)) == 3246
        assert not connection.rejected

    @pytest.mark.parametrize(
        ("frame", "reason", "detail"),
        [
            (b"\x12\x00\x02ab", RejectReason.WRONG_FORMAT, "the stream has 8000 Hz, got audio of kind 0x12"),
            (b"\x03\x00\x015", RejectReason.NOT_ALLOWED, "a frame of kind 0x03 is not sent in VoIPBIN"),
            (b"\x77\x00\x02ab", RejectReason.UNKNOWN_KIND, "kind 0x77 with 2 bytes is none that is known here"),
            (b"\x10\x00\x00", RejectReason.EMPTY_PAYLOAD, "the message has no audio"),
            (b"\x10\x00\x01a", RejectReason.BAD_LENGTH, "audio has 1 bytes, not a multiple of 2"),
        ],
    )
    def test_other_frames_are_skipped(self, frame, reason, detail):
        connection = up(Side.SERVER, DOCUMENTED, "audiosocket")
        rejected, media = connection.receive(frame + VECTORS["audiosocket"], text=False)
        assert rejected == Rejected(reason, detail)
        assert media.payload == AUDIO
        assert connection.rejected == {reason: 1}

    def test_a_frame_can_hang_up(self):
        for dialect in (DOCUMENTED, AUTO):
            connection = up(Side.SERVER, dialect, "audiosocket")
            connection.receive(VECTORS["audiosocket"], text=False)
            assert connection.receive(b"\x00\x00\x00", text=False) == [Ended(EndReason.STOPPED)]
            assert connection.state is State.CLOSING
            assert connection.receive(VECTORS["audiosocket"], text=False) == []
            assert connection.receive_eof(1000) == []

    def test_what_is_left_of_a_frame_is_reported(self):
        connection = up(Side.SERVER, DOCUMENTED, "audiosocket")
        assert connection.receive(VECTORS["audiosocket"][:9], text=False) == []
        rejected, ended = connection.receive_eof(1000)
        assert rejected == Rejected(RejectReason.BAD_PACKET, "a frame ended 10 bytes too early")
        assert ended == Ended(EndReason.STOPPED)


# What came to an open stream whose dialect is fixed, why it is skipped, and what is said of it.
SKIPPED = {
    "nothing at all": ("rtp", b"", RejectReason.BAD_PACKET, "RTP header needs 12 bytes, got 0"),
    "a truncated header": ("rtp", VECTORS["rtp"][:11], RejectReason.BAD_PACKET, "RTP header needs 12 bytes, got 11"),
    "another version": ("rtp", b"\x00" + VECTORS["rtp"][1:], RejectReason.BAD_PACKET, "RTP version must be 2, got 0"),
    "sources that are not there": (
        "rtp",
        b"\x8f" + VECTORS["rtp"][1:],
        RejectReason.BAD_PACKET,
        "RTP header needs 72 bytes, got 28",
    ),
    "an extension that is not there": (
        "rtp",
        b"\x90" + VECTORS["rtp"][1:],
        RejectReason.BAD_PACKET,
        "RTP header needs 3104 bytes, got 28",
    ),
    "padding of 0": (
        "rtp",
        b"\xa0" + VECTORS["rtp"][1:-1] + b"\x00",
        RejectReason.BAD_PACKET,
        "RTP padding must be 1 to 16 bytes",
    ),
    "more padding than there is": (
        "rtp",
        b"\xa0" + VECTORS["rtp"][1:-1] + b"\xff",
        RejectReason.BAD_PACKET,
        "RTP padding must be 1 to 16 bytes",
    ),
    "another payload type": (
        "rtp",
        b"\x80\x00" + VECTORS["rtp"][2:],
        RejectReason.WRONG_FORMAT,
        "the payload type is 96, got 0",
    ),
    "RTCP": ("rtp", b"\x80\xc8" + VECTORS["rtp"][2:], RejectReason.WRONG_FORMAT, "the payload type is 96, got 72"),
    "a header without audio": ("rtp", VECTORS["rtp"][:12], RejectReason.EMPTY_PAYLOAD, "the message has no audio"),
    "half a sample behind a header": (
        "rtp",
        VECTORS["rtp"] + b"\x00",
        RejectReason.BAD_LENGTH,
        "audio has 17 bytes, not a multiple of 2",
    ),
    "an empty message": ("sln", b"", RejectReason.EMPTY_PAYLOAD, "the message has no audio"),
    "half a sample": ("sln", b"abc", RejectReason.BAD_LENGTH, "audio has 3 bytes, not a multiple of 2"),
}


@pytest.mark.parametrize(("encapsulation", "data", "reason", "detail"), SKIPPED.values(), ids=SKIPPED)
def test_is_skipped_and_counted_and_the_call_goes_on(encapsulation, data, reason, detail):
    connection = up(Side.SERVER, DOCUMENTED, encapsulation)
    (rejected,) = connection.receive(data, text=False)
    assert rejected.reason is reason
    assert rejected.detail.startswith(detail)
    assert connection.rejected == {reason: 1}
    (media,) = connection.receive(VECTORS[encapsulation], text=False)
    assert media.payload == AUDIO


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_text_is_rejected(dialect):
    connection = up(Side.SERVER, dialect)
    assert connection.receive(VECTORS["rtp"], text=True) == [
        Rejected(RejectReason.WRONG_MESSAGE_TYPE, "the message is text, not binary")
    ]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("side", Side)
def test_with_an_unknown_encapsulation_nothing_flows(dialect, side):
    connection = up(side, dialect, "opus")
    for data in VECTORS.values():
        (rejected,) = connection.receive(data, text=False)
        assert rejected.reason is RejectReason.WRONG_FORMAT
    assert not connection.may_send_media
    with pytest.raises(LocalProtocolError, match="the encapsulation in the URL is none that is known here"):
        connection.send_payload(bytes(320))
    at_once = side is Side.SERVER  # which asks nobody for it, and says so even when nothing comes
    assert connection.rejected == {RejectReason.WRONG_FORMAT: len(VECTORS) + at_once}


def test_a_message_over_the_limit_ends_the_stream():
    connection = up(Side.SERVER, AUTO, "sln")
    assert len(audio_of(connection.receive(bytes(1_048_576), text=False))) == 1
    with pytest.raises(LimitExceededError, match="at most 1048576, got 1048577"):
        connection.receive(bytes(1_048_577), text=False)
    assert connection.state is State.CLOSED
    assert connection.receive_eof(1009) == [Ended(EndReason.FAILED)]


class TestBeginning:
    def test_a_server_may_speak_at_once(self):
        server = Connection(Side.SERVER, call_id="652af662-eb45-11ee-b1a5-6fde165f9226")
        assert (server.state, server.call_id) == (State.OPENING, "652af662-eb45-11ee-b1a5-6fde165f9226")
        assert server.parameters == {"encapsulation": "rtp"}
        with pytest.raises(LocalProtocolError, match="no audio can be sent now, the stream is opening"):
            server.send_payload(bytes(320))
        server.connected(5)
        assert (server.state, server.next_deadline_ns()) == (State.OPEN, None)
        server.send_payload(bytes(320))
        assert server.dialect.continuous

    def test_a_client_waits_for_a_first_message(self):
        client = Connection(Side.CLIENT)
        client.connected(5)
        assert (client.state, client.next_deadline_ns()) == (State.OPENING, 1_000_000_005)
        with pytest.raises(LocalProtocolError, match="the stream is opening"):
            client.send_payload(bytes(320))
        client.receive(b"noise", text=False)  # no sign of the phone
        assert client.state is State.OPENING
        client.receive(VECTORS["rtp"], text=False)
        assert (client.state, client.next_deadline_ns()) == (State.OPEN, None)
        client.send_payload(bytes(320))

    def test_a_client_waits_a_second_at_most(self):
        client = Connection(Side.CLIENT)
        client.connected(5)
        assert client.handle_timeout(1_000_000_004) == []
        assert client.state is State.OPENING
        assert client.handle_timeout(1_000_000_005) == []
        assert (client.state, client.next_deadline_ns()) == (State.OPEN, None)
        client.connected(7)
        assert client.next_deadline_ns() is None


class TestEnd:
    def test_a_client_takes_a_vanished_connection_for_a_normal_end_after_audio(self):
        client = up(Side.CLIENT)
        client.receive(VECTORS["rtp"], text=False)
        assert client.receive_eof(1006) == [Ended(EndReason.STOPPED)]
        assert client.receive_eof(1006) == []
        assert client.state is State.CLOSED

    def test_without_audio_it_is_a_drop(self):
        assert up(Side.CLIENT).receive_eof(1006) == [Ended(EndReason.DROPPED)]
        assert Connection(Side.CLIENT).receive_eof(1006) == [Ended(EndReason.DROPPED)]

    def test_to_a_server_a_client_that_vanished_is_a_drop(self):
        server = up(Side.SERVER)
        server.receive(VECTORS["rtp"], text=False)
        assert server.receive_eof(1006) == [Ended(EndReason.DROPPED)]

    @pytest.mark.parametrize(("code", "reason"), [(1000, EndReason.STOPPED), (1001, EndReason.STOPPED)])
    @pytest.mark.parametrize("side", Side)
    def test_a_close_is_a_goodbye(self, code, reason, side):
        assert up(side).receive_eof(code) == [Ended(reason)]

    def test_other_codes_are_a_refusal(self):
        assert up(Side.CLIENT).receive_eof(1008) == [Ended(EndReason.REFUSED)]

    @pytest.mark.parametrize("side", Side)
    def test_we_hang_up(self, side):
        connection = up(side)
        connection.close()
        assert connection.data_to_send() == []
        assert connection.receive(VECTORS["rtp"], text=False) == []
        with pytest.raises(LocalProtocolError, match="the stream is closing"):
            connection.send_payload(bytes(320))
        assert connection.receive_eof(1000) == [Ended(EndReason.CLOSED)]

    def test_the_transport_cut_the_peer_off(self):
        connection = up(Side.SERVER)
        connection.fail(RejectReason.BAD_WEBSOCKET)
        assert connection.receive_eof(1002) == [Ended(EndReason.FAILED)]


class TestSending:
    @pytest.mark.parametrize(
        "send",
        [
            lambda c: c.send_payload(b""),
            lambda c: c.send_audio(b""),
            lambda c: c.send(Media(b"", media_format=S16)),
            lambda c: c.send(Media(b"ab")),
            lambda c: c.send(Ended(EndReason.CLOSED)),
            lambda c: c.send_mark("m"),
            lambda c: c.send_clear(),
        ],
    )
    def test_is_refused_and_nothing_is_queued(self, send):
        connection = up(Side.CLIENT, DOCUMENTED)
        with pytest.raises(LocalProtocolError):
            send(connection)
        assert connection.data_to_send() == []
        assert not connection.may_mark

    @pytest.mark.parametrize("dialect", [AUTO, DOCUMENTED, DEPLOYED])
    def test_half_a_sample_is_refused(self, dialect):
        for side in Side:
            connection = up(side, dialect)
            for send in (connection.send_audio, connection.send_payload):
                with pytest.raises(CodecError):
                    send(b"abc")
            assert connection.data_to_send() == []

"""What ``auto`` makes of what it was not told: every form under every name, and the slips of the published clients."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire import g711, rtp
from phonewire.protocols.audiosocket import pack_frame
from phonewire.protocols.voipbin import (
    DEPLOYED,
    DIALECTS,
    Connection,
    Detected,
    Encapsulation,
    Media,
    Rejected,
    RejectReason,
    RtpMedia,
    Side,
    Slip,
    State,
    Tolerated,
)

# Loud enough that codewords and samples look like headers now and then.
SAMPLES = [round(30_000 * math.sin(n / 9) * math.sin(n / 601)) for n in range(160 * 50)]
SPEECH = struct.pack(f"<{len(SAMPLES)}h", *SAMPLES)
NATIVE = struct.pack(f"={len(SAMPLES)}h", *SAMPLES)
ULAW = g711.ulaw_encode(NATIVE)
CODED = {"ulaw": ULAW, "s16le": SPEECH}
HEARD = {"ulaw": g711.ulaw_decode(ULAW), "s16le": NATIVE}
FRAME = {"ulaw": 160, "s16le": 320}

# Encapsulation, coding, payload type: what a peer may send.
FORMS = [
    ("rtp", "ulaw", 0),
    ("rtp", "s16le", 96),
    ("rtp", "ulaw", 96),
    ("rtp", "s16le", 0),
    ("sln", "ulaw", None),
    ("sln", "s16le", None),
    ("audiosocket", "ulaw", None),
    ("audiosocket", "s16le", None),
]


def up(side, asked="rtp", **options):
    connection = Connection(side, encapsulation=asked, **options)
    connection.connected(0)
    connection.handle_timeout(10**9)
    return connection


def messages(encapsulation, encoding, payload_type, first=0, count=50):
    """Pack speech by hand, 20 ms a message."""
    size = FRAME[encoding]
    for number in range(first, first + count):
        payload = CODED[encoding][number * size : (number + 1) * size]
        header = {
            "rtp": lambda n=number: struct.pack("!BBHII", 0x80, payload_type, 1 + n, 160 * n, 0xABCD),
            "sln": lambda: b"",
            "audiosocket": lambda p=payload: struct.pack("!BH", 0x10, len(p)),
        }[encapsulation]()
        yield header + payload


def events_of(connection, data):
    return [event for message in data for event in connection.receive(message, text=False)]


def pcm_of(events):
    return b"".join(event.pcm for event in events if isinstance(event, Media))


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("asked", Encapsulation)
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_every_form_is_understood_whatever_was_asked_for_and_answered_in_kind(form, asked, side):
    encapsulation, encoding, payload_type = form
    connection = up(side, asked)
    events = events_of(connection, messages(*form))
    assert pcm_of(events) == HEARD[encoding]
    assert of(Detected, events) == [Detected(encapsulation, encoding, payload_type)]
    assert isinstance(events[-1], RtpMedia) == (encapsulation == "rtp")
    assert not connection.rejected
    slip = None if encapsulation == asked else Slip.HEADERLESS if encapsulation == "sln" else Slip.OTHER_ENCAPSULATION
    assert connection.tolerated == ({slip: 50} if slip else {})
    assert [event.slip for event in of(Tolerated, events)] == ([slip] if slip else [])

    connection.send_payload(SPEECH[:320])
    ((answer, _),) = connection.data_to_send()
    # Who leaves out the header that he asked for still waits for one.
    kind = asked if encapsulation == "sln" else encapsulation
    header = {
        "rtp": struct.pack("!BBHII", 0x80, {None: 0 if encoding == "ulaw" else 96}.get(payload_type, payload_type),
                           1, FRAME[encoding], 0),
        "sln": b"",
        "audiosocket": struct.pack("!BH", 0x10, FRAME[encoding]),
    }[kind]  # fmt: skip
    assert answer == header + CODED[encoding][: FRAME[encoding]]


@pytest.mark.parametrize("wire", ["tutorial", "documented", "deployed"])
@pytest.mark.parametrize("encapsulation", Encapsulation)
@pytest.mark.parametrize("side", Side)
def test_each_reading_is_understood(wire, encapsulation, side):
    other = Side.CLIENT if side is Side.SERVER else Side.SERVER
    speaker = up(other, encapsulation, dialect=DIALECTS[wire])
    listener = up(side, encapsulation)
    speaker.send_audio(NATIVE)
    events = events_of(listener, [data for data, _ in speaker.data_to_send()])
    assert pcm_of(events) == HEARD[DIALECTS[wire].encoding(encapsulation, side)]
    assert not listener.rejected
    assert not listener.tolerated


def test_before_anything_was_heard_the_documents_hold():
    for asked in Encapsulation:
        auto, documented = up(Side.CLIENT, asked), up(Side.CLIENT, asked, dialect=DIALECTS["documented"])
        for connection in (auto, documented):
            connection.send_payload(SPEECH[:320])
        assert auto.data_to_send() == documented.data_to_send()


def test_a_change_in_mid_call_is_followed():
    connection = up(Side.SERVER)
    parts = [FORMS[0], FORMS[1], FORMS[2], FORMS[7], FORMS[0]]
    sent = [message for n, form in enumerate(parts) for message in messages(*form, first=10 * n, count=10)]
    events = events_of(connection, sent)
    heard = b"".join(HEARD[form[1]][3200 * n : 3200 * (n + 1)] for n, form in enumerate(parts))
    assert pcm_of(events) == heard
    assert of(Detected, events) == [Detected(*form) for form in parts[:4]]  # each told once
    connection.send_payload(SPEECH[:320])
    packet = rtp.parse(connection.data_to_send()[0][0])
    assert (packet.payload_type, len(packet.payload)) == (0, 160)


def test_the_numbers_of_packets_go_on_when_the_answer_changes():
    connection = up(Side.SERVER)
    packets = []
    for form in (FORMS[0], FORMS[1], FORMS[0]):
        events_of(connection, messages(*form, count=1))
        connection.send_payload(SPEECH[:320])
        packets += [rtp.parse(data) for data, _ in connection.data_to_send()]
    first = packets[0].timestamp
    assert [(p.sequence_number, p.timestamp - first, p.payload_type) for p in packets] == [
        (1, 0, 0), (2, 160, 96), (3, 320, 0),
    ]  # fmt: skip


class TestPublishedClients:
    """What they send when they ask for what they ask for."""

    def test_python_sends_160_bytes_without_a_header(self):
        connection = up(Side.SERVER, "rtp")
        chunks = [ULAW[start : start + 160] for start in range(0, len(ULAW), 160)]
        events = events_of(connection, chunks)
        assert pcm_of(events) == HEARD["ulaw"]
        assert connection.tolerated == {Slip.HEADERLESS: 50}
        assert of(Tolerated, events) == [Tolerated(Slip.HEADERLESS, "audio without the header of rtp")]

    def test_the_browser_sends_172_zero_bytes(self):
        connection = up(Side.SERVER, "rtp")
        events = events_of(connection, [bytes(172)] * 3)
        assert pcm_of(events) == bytes(3 * 320)
        assert connection.tolerated == {Slip.ZEROS: 3}
        assert of(Tolerated, events) == [Tolerated(Slip.ZEROS, "172 zero bytes are 20 ms of silence")]
        assert not connection.rejected

    @pytest.mark.parametrize("end", [2, 100, 160, 162, 318])
    def test_node_sends_320_bytes_without_a_header_and_a_shorter_end(self, end):
        connection = up(Side.SERVER, "audiosocket")
        audio = SPEECH[: -(320 - end)]
        events = events_of(connection, [audio[start : start + 320] for start in range(0, len(audio), 320)])
        assert pcm_of(events) == NATIVE[: len(audio)]
        assert connection.tolerated == {Slip.HEADERLESS: 50}

    @pytest.mark.parametrize("asked", Encapsulation)
    @pytest.mark.parametrize("size", [1502, 16_000, 1_048_576])
    def test_a_whole_prompt_in_one_message(self, asked, size):
        prompt = (SPEECH * 66)[:size]
        connection = up(Side.SERVER, asked)
        for _ in range(3):  # music on hold: the same again and again
            events = connection.receive(prompt, text=False)
            assert pcm_of(events) == struct.pack(f"={size // 2}h", *struct.unpack(f"<{size // 2}h", prompt))
        assert connection.tolerated[Slip.LONG_MESSAGE] == (3 if size > 3200 else 0)
        assert connection.tolerated[Slip.HEADERLESS] == (0 if asked == "sln" else 3)
        assert not connection.rejected

    @pytest.mark.parametrize("asked", Encapsulation)
    def test_half_a_frame_is_an_end_and_two_are_a_new_coding(self, asked):
        connection = up(Side.SERVER, asked)
        chunks = [SPEECH[:320], SPEECH[320:480], SPEECH[480:800], SPEECH[800:960], ULAW[:160], ULAW[160:320]]
        heard = [event.pcm for event in of(Media, events_of(connection, chunks))]
        assert heard == [NATIVE[:320], NATIVE[320:480], NATIVE[480:800], NATIVE[800:960],
                         HEARD["ulaw"][:320], HEARD["ulaw"][320:640]]  # fmt: skip

    def test_silence_without_a_header_hangs_nobody_up(self):
        connection = up(Side.SERVER, "audiosocket")
        events = events_of(connection, [bytes(320)] * 5 + [bytes(160), bytes(64_000)])
        assert pcm_of(events) == bytes(320 * 5 + 160 + 64_000)
        assert connection.state is State.OPEN


@given(chunk=st.binary(min_size=160, max_size=160) | st.binary(min_size=320, max_size=320), end=st.binary(max_size=158))
@pytest.mark.parametrize("asked", Encapsulation)
def test_audio_without_a_header_is_never_taken_for_a_packet(asked, chunk, end):
    """Loud codewords look like RTP's version, small samples like its payload types."""
    for start in (b"", b"\x80\x00", b"\x80\x60", b"\xbf\xe0", b"\x90\x00", b"\x00\x00\x00"):
        loud = start + chunk[len(start) :]
        connection = up(Side.SERVER, asked)
        events = events_of(connection, [loud, loud])
        expected = g711.ulaw_decode(loud) if len(loud) == 160 else loud
        assert [event.payload for event in of(Media, events)] == [expected] * 2
        assert not of(RtpMedia, events)
        if end and asked != "rtp":
            whole = len(loud) == 160 or len(end) % 2 == 0
            assert len(of(Media, connection.receive(end, text=False))) == whole


@given(
    payload=st.binary(min_size=160, max_size=160) | st.binary(min_size=320, max_size=320),
    payload_type=st.sampled_from([0, 96]),
    number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    marker=st.booleans(),
    csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15),
    extension=st.none() | st.binary(max_size=10).map(lambda words: words * 4),
)
@pytest.mark.parametrize("asked", Encapsulation)
def test_any_packet_of_20_ms_is_known(
    asked, payload, payload_type, number, timestamp, ssrc, marker, csrcs, extension
):  # fmt: skip
    data = rtp.pack(
        payload,
        payload_type=payload_type,
        sequence_number=number,
        timestamp=timestamp,
        ssrc=ssrc,
        marker=marker,
        csrcs=csrcs,
        extension_profile=None if extension is None else 0xBEDE,
        extension=extension or b"",
    )
    if len(data) in (160, 320):  # then it could be audio
        return
    (media,) = of(Media, up(Side.SERVER, asked).receive(data, text=False))
    assert (media.sequence_number, media.timestamp, media.ssrc, media.marker) == (number, timestamp, ssrc, marker)
    assert media.payload == (g711.ulaw_decode(payload) if len(payload) == 160 else payload)


def test_an_odd_size_is_coded_as_the_frames_before_it():
    connection = up(Side.SERVER)
    events_of(connection, messages(*FORMS[2], count=2))  # µ-law under payload type 96
    short = rtp.pack(b"\x00" * 50, payload_type=96, sequence_number=9, timestamp=0, ssrc=0xABCD)
    (media,) = connection.receive(short, text=False)
    assert media.pcm == struct.pack("=50h", *[-32124] * 50)
    (media,) = of(Media, up(Side.SERVER).receive(short, text=False))
    assert media.payload == b"\x00" * 50  # nothing else told: linear
    mulaw = rtp.pack(b"\x00" * 50, payload_type=0, sequence_number=9, timestamp=0, ssrc=0xABCD)
    (media,) = of(Media, up(Side.SERVER).receive(mulaw, text=False))
    assert media.pcm == struct.pack("=50h", *[-32124] * 50)


def test_a_packet_of_a_stream_is_known_whatever_its_size():
    connection = up(Side.SERVER)
    events_of(connection, messages(*FORMS[0], count=2))
    for size in (148, 308, 1600, 8000):  # with the header as long as audio, or as a prompt
        data = rtp.pack(b"\xff" * size, payload_type=0, sequence_number=9, timestamp=0, ssrc=0xABCD)
        (media,) = of(RtpMedia, connection.receive(data, text=False))
        assert media.payload == bytes(2 * size)


REJECTED = [
    ("rtp", b"", RejectReason.BAD_PACKET, "RTP header needs 12 bytes, got 0"),
    ("rtp", b"noise", RejectReason.BAD_PACKET, "RTP header needs 12 bytes, got 5"),
    ("rtp", b"\x80\x60" + bytes(9), RejectReason.BAD_PACKET, "RTP header needs 12 bytes, got 11"),
    ("rtp", b"\x80\x08" + bytes(170), RejectReason.WRONG_FORMAT, "the payload type is 0 or 96, got 8"),
    ("rtp", b"\x80\xc8" + bytes(26), RejectReason.WRONG_FORMAT, "the payload type is 0 or 96, got 72"),
    ("rtp", b"\x80\x60" + bytes(10), RejectReason.EMPTY_PAYLOAD, "the message has no audio"),
    ("rtp", bytes(171), RejectReason.BAD_PACKET, "RTP version must be 2, got 0"),
    ("rtp", b"\x8f\x60" + bytes(50), RejectReason.BAD_PACKET, "RTP header needs 72 bytes, got 52"),
    ("sln", b"", RejectReason.EMPTY_PAYLOAD, "the message has no audio"),
    ("sln", b"abc", RejectReason.BAD_LENGTH, "audio has 3 bytes, not a multiple of 2"),
    ("audiosocket", b"noise", RejectReason.BAD_PACKET, "5 bytes are neither a frame nor audio of a known size"),
    ("audiosocket", b"", RejectReason.BAD_PACKET, "0 bytes are neither a frame nor audio of a known size"),
    ("audiosocket", b"\x03\x00\x015", RejectReason.NOT_ALLOWED, "a frame of kind 0x03 is not sent in VoIPBIN"),
    ("audiosocket", b"\x11\x00\x02ab", RejectReason.WRONG_FORMAT, "the stream has 8000 Hz, got audio of kind 0x11"),
]


@pytest.mark.parametrize(("asked", "data", "reason", "detail"), REJECTED)
def test_anything_else_is_rejected_and_counted(asked, data, reason, detail):
    connection = up(Side.SERVER, asked)
    (rejected,) = connection.receive(data, text=False)
    assert rejected == Rejected(reason, detail)
    assert connection.rejected == {reason: 1}
    assert not connection.tolerated
    events = events_of(connection, messages(asked, "s16le", 96))
    assert pcm_of(events) == NATIVE


def test_a_frame_without_its_end_harms_no_other():
    connection = up(Side.SERVER, "audiosocket")
    frames = list(messages("audiosocket", "s16le", None, count=3))
    connection.receive(frames[0], text=False)
    assert connection.receive(frames[1][:200], text=False) == []
    rejected, media = connection.receive(frames[2], text=False)
    assert rejected == Rejected(RejectReason.BAD_PACKET, "a frame ended 123 bytes too early")
    assert media.pcm == NATIVE[640:960]


def test_unknown_kinds_are_skipped_once_frames_have_come():
    connection = up(Side.SERVER, "audiosocket")
    frame = pack_frame(0x10, SPEECH[:320])
    (rejected,) = connection.receive(pack_frame(0x77, b"hello"), text=False)
    assert rejected.reason is RejectReason.BAD_PACKET
    connection.receive(frame, text=False)
    (rejected,) = connection.receive(pack_frame(0x77, b"hello"), text=False)
    assert rejected == Rejected(RejectReason.UNKNOWN_KIND, "kind 0x77 with 5 bytes is none that is known here")
    assert pcm_of(connection.receive(frame * 3, text=False)) == NATIVE[:320] * 3


def test_the_deployed_service_is_a_setting():
    """It sends µ-law and takes everything for linear: to answer it in kind would be noise."""
    for encapsulation in Encapsulation:
        gateway = up(Side.SERVER, encapsulation, dialect=DEPLOYED)
        client = up(Side.CLIENT, encapsulation, dialect=DEPLOYED)
        gateway.send_audio(NATIVE)
        assert pcm_of(events_of(client, [data for data, _ in gateway.data_to_send()])) == HEARD["ulaw"]
        client.send_audio(NATIVE)
        assert pcm_of(events_of(gateway, [data for data, _ in client.data_to_send()])) == NATIVE

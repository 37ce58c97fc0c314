"""A stream gives the same events however it is cut, and any bytes give events."""

import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.errors import RemoteProtocolError
from phonewire.protocols import audiosocket
from phonewire.protocols.audiosocket import (
    FORMATS,
    Connection,
    Ended,
    FrameReader,
    Kind,
    Media,
    Rejected,
    Side,
    Start,
    State,
    pack_frame,
)

VECTORS = {
    path.stem: bytes.fromhex(path.read_text())
    for path in sorted((Path(__file__).parent / "vectors" / "audiosocket").glob("*.hex"))
}
UUID = VECTORS["uuid"]
ORDER = ["uuid", "audio", "audio_16_khz", "dtmf", "silence", "audio", "error_hangup", "audio", "hangup"]
# One of everything, with frames that are skipped, and a whole 20 ms.
STREAM = b"".join(VECTORS[name] for name in ORDER[:5])
STREAM += pack_frame(0x77, b"unknown") + pack_frame(Kind.SLIN, bytes(range(256)) + bytes(64))
STREAM += pack_frame(Kind.DTMF, b"x") + b"".join(pack_frame(kind, b"\1\2") for kind in FORMATS)
STREAM += b"".join(VECTORS[name] for name in ORDER[5:])

# Every detail there is, numbers written as N.
DETAILS = (
    "kind N with N bytes is none that is known here",
    "a UUID has N bytes, got N",
    "a digit has N byte, got N",
    r"the digit is not one of N-N, \*, #, A-D",
    "a frame of audio is empty",
    "audio has N bytes, not a multiple of N",
    "an error code has at most N byte, got N",
    "the stream has N Hz, got audio of N Hz",
    "(?:uuid|audio|silence|dtmf|error|hangup) while the stream is (?:opening|open)",
    "(?:uuid|silence|dtmf|error) is not sent this way",
    "the message is text, not binary",
    "the stream ended N bytes before the end of a frame",
)


def events_of(pieces, close_code=1000, **options):
    connection = Connection(Side.SERVER, **options)
    events = [event for piece in pieces for event in connection.receive(piece, text=False)]
    return events + connection.receive_eof(close_code)


def frames_of(stream):
    """Cut a stream into frames as its definition reads: kind, length, and as many bytes; the rest is left."""
    frames = []
    while len(stream) >= 3:
        kind, length = stream[0], int.from_bytes(stream[1:3], "big")
        if len(stream) < 3 + length:
            break
        frames.append((kind, length, stream[3 : 3 + length]))
        stream = stream[3 + length :]
    return frames, stream


@pytest.mark.parametrize("max_message_size", [audiosocket.MAX_FRAME_SIZE, 100])
@pytest.mark.parametrize("kind", FORMATS, ids=[kind.name for kind in FORMATS])
def test_a_stream_cut_anywhere_gives_the_same_events(report, kind, max_message_size):
    options = {"media_format": FORMATS[kind], "max_message_size": max_message_size}
    whole = events_of([STREAM], **options)
    assert isinstance(whole[0], Start)
    assert whole[-1] == Ended(audiosocket.EndReason.STOPPED)
    assert len(whole) == len(frames_of(STREAM)[0]) + 1
    assert any(isinstance(event, Media) and event.media_format == FORMATS[kind] for event in whole)
    for cut in range(len(STREAM) + 1):
        assert events_of([STREAM[:cut], STREAM[cut:]], **options) == whole
    assert events_of([STREAM[place : place + 1] for place in range(len(STREAM))], **options) == whole
    if max_message_size == audiosocket.MAX_FRAME_SIZE:
        report(
            f"AudioSocket {kind.name:7}: a stream cut at {len(STREAM) + 1} offsets and byte by byte, the same events"
        )


def test_the_stream_that_is_cut_has_every_kind():
    assert {kind for kind, _, _ in frames_of(STREAM)[0]} >= set(Kind)


def test_what_a_server_says_is_the_same_for_a_client_wherever_it_is_cut():
    server = Connection(Side.SERVER)
    server.receive(UUID, text=False)
    for size in (2, 320, 640):
        server.send_audio(bytes(size))
    server.close()
    stream = b"".join(data for data, _ in server.data_to_send())
    cuts = [[stream[:cut], stream[cut:]] for cut in range(len(stream) + 1)]
    for pieces in [*cuts, [stream[place : place + 1] for place in range(len(stream))]]:
        client = open_client()
        events = [event for piece in pieces for event in client.receive(piece, text=False)]
        assert [len(event.payload) for event in events[:3]] == [2, 320, 640]
        assert [type(event).__name__ for event in events[3:]] == ["Hangup", "Ended"]


def test_a_stream_that_ends_anywhere_gives_the_same_events():
    for end in range(len(STREAM)):
        part = STREAM[:end]
        assert events_of([part[place : place + 1] for place in range(end)]) == events_of([part])


streams = st.lists(
    st.builds(pack_frame, st.integers(0, 255), st.binary(max_size=40))
    | st.builds(pack_frame, st.sampled_from(list(Kind)), st.binary(max_size=400))
    | st.binary(max_size=8)
).map(b"".join)


@given(stream=streams, cuts=st.lists(st.integers(0, 500)))
def test_frames_are_as_the_definition_has_them(stream, cuts):
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = FrameReader()
    frames = []
    for start, end in pairwise(places):
        frames += reader.read(stream[start:end])
    expected, rest = frames_of(stream)
    assert frames == expected
    assert (reader.missing == 0) == (rest == b"")
    if len(rest) >= 3:
        assert reader.missing == 3 + struct.unpack_from("!H", rest, 1)[0] - len(rest)


@given(stream=streams, cuts=st.lists(st.integers(0, 500)), limit=st.integers(3, 60))
def test_what_is_over_the_limit_is_skipped_wherever_it_is_cut(stream, cuts, limit):
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = FrameReader(limit)
    frames = []
    for start, end in pairwise(places):
        frames += reader.read(stream[start:end])
        assert len(reader._partial) < limit
    complete, rest = frames_of(stream)
    expected = [(k, n, payload if n + 3 <= limit else None) for k, n, payload in complete]
    if len(rest) >= 3 and (length := struct.unpack_from("!H", rest, 1)[0]) + 3 > limit:
        expected.append((rest[0], length, None))  # known from the header on
    assert frames == expected


def known_detail(text):
    assert any(re.fullmatch(known, re.sub("0x[0-9a-f]{2}|[0-9]+", "N", text)) for known in DETAILS), text


def assert_contract(connection, pieces, *, text=False):
    """Give *pieces* to the connection and check everything that holds whatever they are."""
    events, error = [], None
    try:
        for piece in pieces:
            events += connection.receive(piece, text=text)
    except RemoteProtocolError as caught:
        error = caught
    if error is not None:
        assert (connection.state, error.close_code) == (State.CLOSED, 1002)
        assert all(isinstance(event, Rejected) for event in events)
        known_detail(str(error).removeprefix("the first frame is no UUID: "))
    events += connection.receive_eof(1000)
    rejected = [event for event in events if isinstance(event, Rejected)]
    assert all(isinstance(event, audiosocket.Event.__args__) for event in events)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert sum(connection.rejected.values()) == len(rejected) + (error is not None)
    assert connection.state is State.CLOSED
    for event in events:
        assert not isinstance(event, Media) or len(event.pcm) == len(event.payload) > 0
    for event in rejected:
        known_detail(event.detail)


def open_client():
    connection = Connection(Side.CLIENT)
    connection.send(Start("5f0c1b3e-9a4d-4e7f-8b21-001122334455"))
    return connection


EVERY_KIND = VECTORS | {kind.name.lower(): pack_frame(kind, b"\1\2\3\4") for kind in FORMATS}


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_small_damage_of_every_frame(name, mutations):
    for data in mutations(EVERY_KIND[name]):
        assert_contract(Connection(Side.SERVER), [data])
        assert_contract(Connection(Side.SERVER), [UUID, data, VECTORS["audio"]])
        assert_contract(open_client(), [data, VECTORS["audio"]])


@given(pieces=st.lists(st.binary(max_size=100)), text=st.booleans())
def test_any_bytes(pieces, text):
    assert_contract(Connection(Side.SERVER), pieces, text=text)
    assert_contract(Connection(Side.SERVER), [UUID, *pieces], text=text)
    assert_contract(open_client(), pieces, text=text)


def test_a_flood_of_what_is_wrong_ends_no_call():
    connection = Connection(Side.SERVER)
    connection.receive(UUID, text=False)
    bad = b"\x77\x00\x01x\x10\x00\x00" * 50
    heard = []
    for _ in range(1000):
        heard += [e for e in connection.receive(bad + VECTORS["audio"], text=False) if isinstance(e, Media)]
    assert [media.payload for media in heard] == [VECTORS["audio"][3:]] * 1000
    assert sum(connection.rejected.values()) == 100_000
    assert connection.state is State.OPEN

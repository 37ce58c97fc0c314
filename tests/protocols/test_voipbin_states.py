"""Random walks through a VoIPBIN stream's life, and any bytes: only what is documented happens."""

import re
import struct
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from phonewire.errors import LocalProtocolError
from phonewire.protocols import voipbin
from phonewire.protocols.voipbin import (
    DIALECTS,
    Connection,
    Detected,
    Encapsulation,
    Ended,
    EndReason,
    Media,
    Rejected,
    RejectReason,
    Side,
    State,
    Tolerated,
)

VECTORS = {
    path.stem: bytes.fromhex(path.read_text())
    for path in sorted((Path(__file__).parent / "vectors" / "voipbin").glob("*.hex"))
}
VECTORS["zeros"] = bytes(172)
VECTORS["hangup"] = b"\x00\x00\x00"
VECTORS["frame"] = b"\x10\x01\x40" + bytes(range(256)) + bytes(range(64))

# Every detail there is, numbers written as N.
DETAILS = (
    "RTP header needs N bytes, got N",
    "RTP version must be N, got N",
    "RTP padding must be N to N bytes, got N",
    "the payload type is N(?: or N)?, got N",
    "the message has no audio",
    "audio has N bytes, not a multiple of N",
    "the stream has N Hz, got audio of kind N",
    "a frame of kind N is not sent in VoIPBIN",
    "kind N with N bytes is none that is known here",
    "a frame ended N bytes too early",
    "N bytes are neither a frame nor audio of a known size",
    "the message is text, not binary",
    "the encapsulation in the URL is none that is known here",
    "a message has N ms of audio",
    "N zero bytes are N ms of silence",
    "audio without the header of (?:rtp|audiosocket)",
    "audio in (?:rtp|audiosocket), not in (?:rtp|sln|audiosocket)",
)
dialects = st.sampled_from(list(DIALECTS.values()))
encapsulations = st.sampled_from([*Encapsulation, "opus"])


def up(side, dialect, encapsulation):
    connection = Connection(side, dialect=dialect, encapsulation=encapsulation)
    connection.connected(0)
    connection.handle_timeout(10**9)
    return connection


def assert_contract(connection, messages, *, text=False):
    """Give *messages* to the connection and check everything that holds whatever they are."""
    before = connection.rejected.total()  # an unknown encapsulation is told at once
    events = [event for data in messages for event in connection.receive(data, text=text)]
    if events and any(isinstance(event, Media) for event in events) and connection.state is State.OPEN:
        connection.send_payload(bytes(320))
        assert connection.data_to_send()
    events += connection.receive_eof(1006)
    assert all(isinstance(event, voipbin.Event.__args__) for event in events)
    assert sum(isinstance(event, Ended) for event in events) == 1
    assert connection.rejected.total() - before == sum(isinstance(event, Rejected) for event in events)
    assert set(connection.tolerated) == {event.slip for event in events if isinstance(event, Tolerated)}
    detected = [event for event in events if isinstance(event, Detected)]
    assert len(detected) == len(set(detected))
    assert connection.state is State.CLOSED
    for event in events:
        if isinstance(event, Media):
            assert event.media_format == connection.media_format
            assert len(event.pcm) > 0
            assert len(event.pcm) % 2 == 0
        if isinstance(event, Rejected | Tolerated):
            detail = re.sub("0x[0-9a-f]{2}|[0-9]+", "N", event.detail)
            assert any(re.fullmatch(known, detail) for known in DETAILS), event


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("encapsulation", Encapsulation)
@pytest.mark.parametrize("name", [name for name in VECTORS if name not in ("zeros", "frame")])
def test_every_small_damage_of_every_message(name, encapsulation, dialect, mutations):
    good = VECTORS[encapsulation]
    for data in mutations(VECTORS[name]):
        assert_contract(up(Side.SERVER, dialect, encapsulation), [data, good])
        assert_contract(up(Side.CLIENT, dialect, encapsulation), [good, data, good])


@pytest.mark.parametrize("encapsulation", Encapsulation)
@pytest.mark.parametrize("name", ["zeros", "frame"])
def test_every_small_damage_of_a_message_of_its_full_size(name, encapsulation, mutations):
    for data in mutations(VECTORS[name]):
        assert_contract(up(Side.SERVER, voipbin.AUTO, encapsulation), [data, VECTORS["frame"]])


@given(messages=st.lists(st.binary(max_size=400)), text=st.booleans(), dialect=dialects, encapsulation=encapsulations)
def test_any_bytes(messages, text, dialect, encapsulation):
    for side in Side:
        assert_contract(up(side, dialect, encapsulation), messages, text=text)


@given(
    messages=st.lists(st.sampled_from(list(VECTORS.values())) | st.binary(max_size=8)),
    cuts=st.lists(st.integers(0, 400)),
    dialect=dialects,
    encapsulation=encapsulations,
)
def test_any_messages_cut_anywhere(messages, cuts, dialect, encapsulation):
    stream = b"".join(messages)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert_contract(up(Side.SERVER, dialect, encapsulation), pieces)


def test_a_flood_of_what_is_wrong_ends_no_call():
    for encapsulation in Encapsulation:
        connection = up(Side.SERVER, voipbin.DOCUMENTED, encapsulation)
        heard = 0
        for _ in range(20_000):
            heard += isinstance(connection.receive(VECTORS[encapsulation], text=False)[-1], Media)
            connection.receive(b"", text=False)
            connection.receive(b"noise", text=True)
        assert heard == 20_000
        assert connection.rejected[RejectReason.WRONG_MESSAGE_TYPE] == 20_000
        assert connection.state is State.OPEN


class Life(RuleBasedStateMachine):
    """A side of a stream whose peer, caller, clock and network do anything in any order."""

    @initialize(side=st.sampled_from(list(Side)), dialect=dialects, encapsulation=st.sampled_from(list(Encapsulation)))
    def begin(self, side, dialect, encapsulation):
        self.connection = Connection(side, dialect=dialect, encapsulation=encapsulation)
        self.side, self.encapsulation = side, encapsulation
        self.phase = "opening"  # open, stopped by the peer, left by us, failed, gone
        self.deadline = None
        self.heard = False
        self.sent = 0
        self.ends = []
        self.rejected = 0
        # 20 ms that this side of this dialect takes, and that cannot be taken for anything else.
        payload = b"\x55" * (160 if dialect.encoding(encapsulation, side) == "ulaw" else 320)
        header = {
            "rtp": struct.pack("!BBHII", 0x80, dialect.payload_type, 1, 0, 0),
            "sln": b"",
            "audiosocket": struct.pack("!BH", 0x10, len(payload)),
        }[encapsulation]
        self.message = header + payload

    @property
    def deaf(self):
        return self.phase not in ("opening", "open")

    @rule()
    def the_connection_is_up(self):
        self.connection.connected(100)
        if self.phase == "opening" and self.side is Side.SERVER:
            self.phase = "open"
        elif self.phase == "opening":
            self.deadline = 100 + 10**9

    @rule(now=st.sampled_from([100, 99 + 10**9, 100 + 10**9]))
    def time_passes(self, now):
        assert self.connection.handle_timeout(now) == []
        if self.deadline is not None and now >= self.deadline:
            self.phase, self.deadline = "open", None

    @rule()
    def peer_speaks(self):
        events = [e for e in self.connection.receive(self.message, text=False) if not isinstance(e, Detected)]
        if self.deaf:
            assert events == []
        else:
            (media,) = events
            assert len(media.pcm) == 320
            self.phase, self.deadline, self.heard = "open", None, True

    @rule(text=st.booleans())
    def peer_makes_noise(self, text):
        events = self.connection.receive(b"" if not text else self.message, text=text)
        empty_piece = not text and self.encapsulation == "audiosocket" and not self.connection.dialect.detects
        if self.deaf or empty_piece:
            assert events == []
        else:
            assert [type(event) for event in events] == [Rejected]
            self.rejected += 1

    @rule()
    def peer_hangs_up(self):
        if self.encapsulation == "audiosocket":
            events = self.connection.receive(b"\x00\x00\x00", text=False)
            assert events == ([] if self.deaf else [Ended(EndReason.STOPPED)])
            if not self.deaf:
                self.ends += events
                self.phase, self.deadline = "stopped", None

    @rule(what=st.sampled_from(["audio", "payload"]))
    def we_speak(self, what):
        size = self.connection.media_format.bytes_per_ms * 20
        send = {
            "audio": lambda: self.connection.send_audio(bytes(320)),
            "payload": lambda: self.connection.send_payload(bytes(size)),
        }[what]
        if self.phase == "open":
            send()
            self.sent += 1
        else:
            with pytest.raises(LocalProtocolError):
                send()

    @rule()
    def the_transport_asks_for_data(self):
        assert len(self.connection.data_to_send()) == self.sent
        self.sent = 0

    @rule()
    def we_hang_up(self):
        self.connection.close()
        if not self.deaf:
            self.phase = "left"
        self.deadline = None

    @rule()
    def the_transport_cuts_the_peer_off(self):
        if not self.deaf:
            self.connection.fail(RejectReason.BAD_WEBSOCKET)
            self.phase, self.deadline = "failed", None
            self.rejected += 1

    @rule(code=st.sampled_from([1000, 1006, 1011]))
    def the_connection_ends(self, code):
        events = self.connection.receive_eof(code)
        self.ends += events
        if not self.deaf:
            vanished = code == 1006 and not (self.side is Side.CLIENT and self.heard)
            reason = EndReason.REFUSED if code == 1011 else EndReason.DROPPED if vanished else EndReason.STOPPED
            assert events == [Ended(reason)]
        elif self.phase == "gone" or self.phase == "stopped":
            assert events == []
        else:
            assert events == [Ended(EndReason.CLOSED if self.phase == "left" else EndReason.FAILED)]
        self.phase, self.deadline = "gone", None

    @invariant()
    def what_always_holds(self):
        connection = self.connection
        assert connection.next_deadline_ns() == self.deadline
        assert sum(connection.rejected.values()) == self.rejected
        assert len(self.ends) <= 1
        assert (connection.state is State.OPENING) == (self.phase == "opening")
        assert (connection.state is State.OPEN) == (self.phase == "open")
        assert (self.phase != "gone") or (connection.state is State.CLOSED and len(self.ends) == 1)


Life.TestCase.settings = settings(max_examples=200, stateful_step_count=30)
test_a_streams_life = Life.TestCase


class PairOfPeers(RuleBasedStateMachine):
    """Our client and our server, the same reading on both sides or one that finds out: every sample arrives."""

    @initialize(
        dialect=dialects, encapsulation=st.sampled_from(list(Encapsulation)), finds_out=st.sampled_from([None, *Side])
    )
    def connect(self, dialect, encapsulation, finds_out):
        self.peers = {side: up(side, voipbin.AUTO if side is finds_out else dialect, encapsulation) for side in Side}
        if finds_out is not None and dialect is not voipbin.DEPLOYED:
            # Who finds out hears something first; the deployed service takes no answer in kind.
            self.speak(Side.CLIENT if finds_out is Side.SERVER else Side.SERVER, 7, 1)
            self.deliver(Side.CLIENT if finds_out is Side.SERVER else Side.SERVER)
        self.one_way = finds_out if dialect is voipbin.DEPLOYED else None

    @rule(side=st.sampled_from(list(Side)), sample=st.integers(-30_000, 30_000), frames=st.integers(1, 5))
    def speak(self, side, sample, frames):
        if getattr(self, "one_way", None) is not side:
            self.peers[side].send_audio(struct.pack("=h", sample) * 160 * frames)

    @rule(side=st.sampled_from(list(Side)))
    def deliver(self, side):
        messages = self.peers[side].data_to_send()
        listener = self.peers[Side.CLIENT if side is Side.SERVER else Side.SERVER]
        for data, text in messages:
            (media,) = [e for e in listener.receive(data, text=text) if not isinstance(e, Detected)]
            assert len(media.pcm) == 320
            assert len(set(struct.unpack("=160h", media.pcm))) == 1

    @invariant()
    def nobody_is_surprised(self):
        for peer in getattr(self, "peers", {}).values():
            assert not peer.rejected
            assert not peer.tolerated


PairOfPeers.TestCase.settings = settings(max_examples=100, stateful_step_count=20)
test_a_pair_of_peers = PairOfPeers.TestCase

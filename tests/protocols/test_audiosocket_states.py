"""Random walks through an AudioSocket call's life, against a model of a few lines."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from phonewire.errors import LocalProtocolError, RemoteProtocolError
from phonewire.protocols.audiosocket import (
    Connection,
    Dtmf,
    Ended,
    EndReason,
    Error,
    Hangup,
    Media,
    MediaFormat,
    Rejected,
    RejectReason,
    Side,
    Silence,
    Start,
    State,
)

UUID = "5f0c1b3e-9a4d-4e7f-8b21-001122334455"
S16 = MediaFormat("s16le", 8000)
FRAMES = {
    "uuid": b"\x01\x00\x10" + bytes.fromhex(UUID.replace("-", "")),
    "audio": b"\x10\x00\x02ab",
    "dtmf": b"\x03\x00\x015",
    "silence": b"\x02\x00\x00",
    "error": b"\xff\x00\x01\x04",
    "hangup": b"\x00\x00\x00",
    "noise": b"\x80\x00\x02ab",
}


class ServerLife(RuleBasedStateMachine):
    """A server whose peer, caller and network do anything in any order, and cut the stream anywhere."""

    def __init__(self):
        super().__init__()
        self.connection = Connection(Side.SERVER)
        self.phase = "opening"  # open, stopped by the peer, left by us, gone
        self.error = False
        self.refused = 0
        self.unfed = b""  # what the network has not delivered
        self.partial = b""  # what it has, of a frame
        self.expected = []
        self.happened = []
        self.sent = 0

    @rule(name=st.sampled_from(list(FRAMES)), cut=st.integers(0, 100))
    def peer_sends(self, name, cut):
        stream = self.unfed + FRAMES[name]
        kept = max(len(stream) - cut, 0)
        fed, self.unfed = stream[:kept], stream[kept:]
        self.read(fed)
        if self.phase == "failing":
            self.phase = "failed"
            with pytest.raises(RemoteProtocolError):
                self.connection.receive(fed, text=False)
        else:
            self.happened += self.connection.receive(fed, text=False)

    def read(self, fed):
        """Follow what was delivered, byte by byte, and say what should have happened."""
        for byte in fed:
            self.partial += bytes([byte])
            name = next((name for name, frame in FRAMES.items() if frame == self.partial), None)
            if name is not None:
                self.partial = b""
                self.take(name)

    def take(self, name):
        if self.phase not in ("opening", "open"):
            return
        if self.phase == "opening" and name != "uuid":
            self.phase = "failing"
            self.refused = 1
        elif name == "noise":
            self.expected.append(RejectReason.UNKNOWN_KIND)
        elif name == "uuid" and self.phase == "open":
            self.expected.append(RejectReason.OUT_OF_ORDER)
        else:
            self.expected.append(name)
            self.error = self.error or name == "error"
            if name == "uuid":
                self.phase = "open"
            elif name == "hangup":
                self.phase = "stopped"
                self.expected.append(EndReason.STOPPED)

    @rule(what=st.sampled_from(["audio", "payload", "media"]))
    def we_speak(self, what):
        send = {
            "audio": lambda: self.connection.send_audio(bytes(320)),
            "payload": lambda: self.connection.send_payload(bytes(320)),
            "media": lambda: self.connection.send(Media(bytes(320), media_format=S16)),
        }[what]
        if self.phase == "open":
            send()
            self.sent += 1
        else:
            with pytest.raises(LocalProtocolError):
                send()

    @rule(event=st.sampled_from([Start(UUID), Dtmf("1"), Silence(), Error(), Ended(EndReason.CLOSED)]))
    def we_send_what_servers_do_not(self, event):
        with pytest.raises(LocalProtocolError):
            self.connection.send(event)

    @rule()
    def we_hang_up(self):
        self.connection.close()
        self.sent += self.phase == "open"
        if self.phase in ("opening", "open"):
            self.phase = "left"

    @rule()
    def the_transport_asks_for_data(self):
        assert len(self.connection.data_to_send()) == self.sent
        self.sent = 0

    @rule(code=st.sampled_from([1000, 1006]))
    def the_connection_ends(self, code):
        self.happened += self.connection.receive_eof(code)
        if self.phase in ("opening", "open"):
            if self.partial:
                self.expected.append(RejectReason.BAD_PACKET)
            orderly = code == 1000 and not self.partial and self.phase == "open"
            self.expected.append(
                EndReason.REFUSED if self.error else EndReason.STOPPED if orderly else EndReason.DROPPED
            )
        elif self.phase in ("left", "failed"):
            self.expected.append(EndReason.CLOSED if self.phase == "left" else EndReason.FAILED)
        self.phase = "gone"

    @invariant()
    def what_happened_was_expected(self):
        names = {Start: "uuid", Media: "audio", Dtmf: "dtmf", Silence: "silence", Error: "error", Hangup: "hangup"}
        assert self.expected == [
            event.reason if isinstance(event, Rejected | Ended) else names[type(event)] for event in self.happened
        ]
        connection = self.connection
        rejected = sum(isinstance(event, Rejected) for event in self.happened)
        assert sum(connection.rejected.values()) == rejected + self.refused
        assert (connection.state is State.OPENING) == (self.phase == "opening")
        assert (connection.state is State.OPEN) == (self.phase == "open")
        assert (self.phase != "gone") or connection.state is State.CLOSED


ServerLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
test_a_servers_life = ServerLife.TestCase


class ClientLife(RuleBasedStateMachine):
    """A client, as Asterisk is one, whose server says anything at any moment, frame by frame."""

    def __init__(self):
        super().__init__()
        self.connection = Connection(Side.CLIENT)
        self.phase = "opening"  # open, stopped by the peer, left by us, gone
        self.rejected = 0
        self.sent = 0
        self.ends = []

    @property
    def deaf(self):
        return self.phase not in ("opening", "open")

    @rule(name=st.sampled_from(list(FRAMES)), text=st.integers(0, 9).map(lambda chance: chance == 0))
    def peer_sends(self, name, text):
        events = self.connection.receive(FRAMES[name], text=text)
        if self.deaf:
            assert events == []
        elif self.phase == "open" and name == "audio" and not text:
            assert events == [Media(b"ab", media_format=S16)]
        elif self.phase == "open" and name == "hangup" and not text:
            assert events == [Hangup(), Ended(EndReason.STOPPED)]
            self.phase = "stopped"
            self.ends += events[1:]
        else:
            (rejected,) = events
            allowed = name in ("audio", "hangup")
            assert rejected.reason is (
                RejectReason.WRONG_MESSAGE_TYPE if text
                else RejectReason.UNKNOWN_KIND if name == "noise"
                else RejectReason.OUT_OF_ORDER if allowed
                else RejectReason.NOT_ALLOWED
            )  # fmt: skip
            self.rejected += 1

    @rule(
        event=st.sampled_from([Start(UUID), Dtmf("1"), Silence(), Error(1), Media(b"ab", media_format=S16), Hangup()])
    )
    def we_send(self, event):
        if self.phase == ("opening" if isinstance(event, Start) else "open"):
            self.connection.send(event)
            self.sent += 1
            self.phase = "left" if isinstance(event, Hangup) else "open"
        else:
            with pytest.raises(LocalProtocolError):
                self.connection.send(event)

    @rule(event=st.sampled_from([Ended(EndReason.CLOSED), Start("7"), Dtmf("x"), Error(256), Media(b"a"), None]))
    def we_send_what_nobody_takes(self, event):
        with pytest.raises(LocalProtocolError):
            self.connection.send(event)

    @rule()
    def we_hang_up(self):
        self.connection.close()
        self.sent += self.phase == "open"
        if not self.deaf:
            self.phase = "left"

    @rule()
    def the_transport_asks_for_data(self):
        assert len(self.connection.data_to_send()) == self.sent
        self.sent = 0

    @rule()
    def the_transport_cuts_the_peer_off(self):
        if not self.deaf:
            self.connection.fail(RejectReason.TOO_LONG)
            self.rejected += 1
            self.phase = "failed"

    @rule(code=st.sampled_from([1000, 1006, 1011]))
    def the_connection_ends(self, code):
        events = self.connection.receive_eof(code)
        self.ends += events
        if not self.deaf:
            orderly = code == 1000 and self.phase == "open"
            reason = EndReason.REFUSED if code == 1011 else EndReason.STOPPED if orderly else EndReason.DROPPED
            assert events == [Ended(reason)]
        elif self.phase in ("left", "failed"):
            assert events == [Ended(EndReason.CLOSED if self.phase == "left" else EndReason.FAILED)]
        else:
            assert events == []
        self.phase = "gone"

    @invariant()
    def what_always_holds(self):
        connection = self.connection
        assert sum(connection.rejected.values()) == self.rejected
        assert len(self.ends) <= 1
        assert (connection.state is State.OPENING) == (self.phase == "opening")
        assert (connection.state is State.OPEN) == (self.phase == "open")
        assert (self.phase != "gone") or (connection.state is State.CLOSED and len(self.ends) == 1)


ClientLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
test_a_clients_life = ClientLife.TestCase


class PairOfPeers(RuleBasedStateMachine):
    """Our client and our server over a stream that may be cut anywhere: no surprises, and every byte arrives."""

    @initialize()
    def connect(self):
        self.client, self.server = Connection(Side.CLIENT), Connection(Side.SERVER)
        self.client.send(Start(UUID))
        self.said = {self.client: [Start(UUID)], self.server: []}
        self.heard = {self.client: [], self.server: []}
        self.wires = {self.client: b"", self.server: b""}

    @rule(
        of_client=st.booleans(),
        event=st.binary(min_size=1, max_size=200).map(lambda half: Media(half * 2, media_format=S16))
        | st.sampled_from([Dtmf("#"), Silence(), Error(4), Hangup()]),
    )
    def say(self, of_client, event):
        speaker = self.client if of_client else self.server
        try:
            speaker.send(event)
        except LocalProtocolError:
            assert speaker.state is not State.OPEN or not (of_client or isinstance(event, Media | Hangup))
        else:
            self.said[speaker].append(event)

    @rule(of_client=st.booleans(), size=st.integers(0, 700))
    def deliver(self, of_client, size):
        speaker, listener = (self.client, self.server) if of_client else (self.server, self.client)
        self.wires[speaker] += b"".join(data for data, _ in speaker.data_to_send())
        piece, self.wires[speaker] = self.wires[speaker][:size], self.wires[speaker][size:]
        deaf = listener.state in (State.CLOSING, State.CLOSED)
        heard = listener.receive(piece, text=False)
        self.heard[listener] += [event for event in heard if not isinstance(event, Ended)]
        assert not deaf or not heard
        if not deaf and not self.wires[speaker]:
            assert self.heard[listener] == self.said[speaker]
        assert self.heard[listener] == self.said[speaker][: len(self.heard[listener])]

    @invariant()
    def nobody_is_surprised(self):
        assert not self.client.rejected
        assert not self.server.rejected


PairOfPeers.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
test_a_pair_of_peers = PairOfPeers.TestCase

"""Random walks through a connection's life, against a model of a few lines."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from phonewire.errors import LocalProtocolError, RemoteProtocolError
from phonewire.protocols import twilio
from phonewire.protocols.twilio import (
    Clear,
    Connected,
    Connection,
    Dtmf,
    Ended,
    EndReason,
    Mark,
    Media,
    Rejected,
    RejectReason,
    Side,
    Start,
    State,
    Stop,
)

MESSAGES = {
    "connected": b'{"event":"connected"}',
    "start": b'{"event":"start","start":{"callSid":"CA1","streamSid":"MZ1"}}',
    "start of another call": b'{"event":"start","start":{"callSid":"CA2","streamSid":"MZ1"}}',
    "media": b'{"event":"media","streamSid":"MZ1","media":{"payload":"/w=="}}',
    "media of another stream": b'{"event":"media","streamSid":"MZ2","media":{"payload":"/w=="}}',
    "dtmf": b'{"event":"dtmf","dtmf":{"digit":"1"}}',
    "mark": b'{"event":"mark","mark":{"name":"m"}}',
    "stop": b'{"event":"stop"}',
    "clear": b'{"event":"clear"}',
    "noise": b"\x00",
}
EVENTS = {
    "connected": Connected,
    "start": Start,
    "start of another call": Start,
    "media": Media,
    "dtmf": Dtmf,
    "mark": Mark,
    "stop": Stop,
}
OPEN_KINDS = {"media", "media of another stream", "dtmf", "mark", "stop"}


class ServerLife(RuleBasedStateMachine):
    """A server whose peer, caller and network do anything in any order."""

    @initialize(dialect=st.sampled_from(list(twilio.DIALECTS.values())))
    def begin(self, dialect):
        self.connection = Connection(Side.SERVER, dialect=dialect)
        self.writes = dialect is twilio.TWILIO
        self.phase = "opening"  # open, stopped by the peer, left by us or failed, gone
        self.greeted = False
        self.call = None
        self.ends = []
        self.rejected = 0
        self.received = 0
        self.sent = 0
        self.pcm_bytes = 0

    @rule(name=st.sampled_from(list(MESSAGES)), text=st.integers(0, 9).map(bool))
    def peer_sends(self, name, text):
        expected = self.expect(name, text)
        if expected is RemoteProtocolError:
            self.phase = "left"
            with pytest.raises(RemoteProtocolError):
                self.connection.receive(MESSAGES[name], text=text)
            return
        events = self.connection.receive(MESSAGES[name], text=text)
        if expected is None:
            assert events == []
        elif isinstance(expected, RejectReason):
            assert [event.reason for event in events] == [expected]
            self.rejected += 1
        else:
            assert isinstance(events[0], EVENTS[name])
            assert not any(isinstance(event, Rejected) for event in events)
            self.take(name, events)

    def expect(self, name, text):
        """Return None for nothing, a reason, RemoteProtocolError, or True for the event."""
        if self.phase in ("left", "gone"):
            return None
        if not text:
            return RejectReason.WRONG_MESSAGE_TYPE
        if name in ("noise", "clear"):
            return RejectReason.NOT_JSON if name == "noise" else RejectReason.NOT_ALLOWED
        if name.startswith("start") and self.call not in (None, name):
            return RemoteProtocolError
        if self.phase == "opening":
            legal = name.startswith("start") or (name == "connected" and not self.greeted)
        else:
            legal = self.phase == "open" and name in OPEN_KINDS
        if not legal:
            return RejectReason.OUT_OF_ORDER
        return RejectReason.WRONG_STREAM if name == "media of another stream" else True

    def take(self, name, events):
        if name == "connected":
            self.greeted = True
        elif name.startswith("start"):
            self.phase, self.call = "open", name
        elif name == "media":
            self.received += 1
            self.pcm_bytes += len(events[0].pcm)
        elif name == "stop":
            self.phase = "stopped"
            self.ends += [event.reason for event in events if isinstance(event, Ended)]
            assert self.ends == [EndReason.STOPPED]

    @rule(what=st.sampled_from(["audio", "payload", "media", "mark", "clear"]))
    def we_send(self, what):
        send = {
            "audio": lambda: self.connection.send_audio(bytes(320)),
            "payload": lambda: self.connection.send_payload(bytes(160)),
            "media": lambda: self.connection.send(Media(bytes(160))),
            "mark": lambda: self.connection.send(Mark("m")),
            "clear": lambda: self.connection.send(Clear()),
        }[what]
        if self.writes and self.phase == "open":
            send()
            self.sent += 1
        else:
            with pytest.raises(LocalProtocolError):
                send()

    @rule(event=st.sampled_from([Connected(), Start("CA1", "MZ1"), Dtmf("1"), Stop(), Ended(EndReason.CLOSED)]))
    def we_send_what_servers_do_not(self, event):
        with pytest.raises(LocalProtocolError):
            self.connection.send(event)

    @rule()
    def the_transport_asks_for_data(self):
        assert len(self.connection.data_to_send()) == self.sent
        self.sent = 0

    @rule()
    def we_close(self):
        self.connection.close()
        if self.phase != "gone":
            self.phase = "left"

    @rule(code=st.sampled_from([1000, 1006, 1011]))
    def the_connection_ends(self, code):
        self.ends += [event.reason for event in self.connection.receive_eof(code)]
        self.phase = "gone"
        assert len(self.ends) == 1

    @invariant()
    def what_always_holds(self):
        connection = self.connection
        assert sum(connection.rejected.values()) == self.rejected
        assert len(self.ends) <= 1
        assert self.pcm_bytes == 2 * self.received
        assert (connection.state is State.OPENING) == (self.phase == "opening")
        assert (connection.state is State.OPEN) == (self.phase == "open")
        assert (self.phase != "gone") or connection.state is State.CLOSED
        assert (connection.call_id == "") == (self.call is None)


ServerLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30)
test_a_servers_life = ServerLife.TestCase


class PairOfPeers(RuleBasedStateMachine):
    """Our client and our server over a network that delivers in order and may break: no surprises."""

    @initialize(dialect=st.sampled_from(list(twilio.DIALECTS.values())))
    def connect(self, dialect):
        self.dialect = dialect
        self.client = Connection(Side.CLIENT, dialect=dialect)
        self.server = Connection(Side.SERVER, dialect=dialect)
        if "connected" in dialect.client_sends:
            self.client.send(Connected())
        self.client.send(Start("CA1", "MZ1"))
        self.said = {self.client: [], self.server: []}
        self.heard = {self.client: [], self.server: []}
        self.ended = {self.client: [], self.server: []}

    def peers(self, of_client):
        return (self.client, self.server) if of_client else (self.server, self.client)

    @rule(
        of_client=st.booleans(), payload=st.binary(min_size=1, max_size=400), track=st.sampled_from([None, "outbound"])
    )
    def speak(self, of_client, payload, track):
        speaker, _ = self.peers(of_client)
        try:
            speaker.send(Media(payload, track))
        except LocalProtocolError:
            assert speaker.state is not State.OPEN or not speaker.may_send_media
        else:
            self.said[speaker].append(payload)

    @rule(of_client=st.booleans(), name=st.text(st.characters(codec="utf-8"), min_size=1))
    def mark(self, of_client, name):
        speaker, _ = self.peers(of_client)
        try:
            speaker.send(Mark(name))
        except LocalProtocolError:
            assert speaker.state is not State.OPEN or not self.dialect.marks
        else:
            self.said[speaker].append(name)

    @rule(of_client=st.booleans())
    def deliver(self, of_client):
        speaker, listener = self.peers(of_client)
        deaf = listener.state in (State.CLOSING, State.CLOSED)
        for data, text in speaker.data_to_send():
            for event in listener.receive(data, text=text):
                if isinstance(event, Media):
                    self.heard[listener].append(event.payload)
                elif isinstance(event, Mark):
                    self.heard[listener].append(event.name)
                elif isinstance(event, Ended):
                    self.ended[listener].append(event)
                assert not isinstance(event, Rejected)
        if not deaf:
            assert self.heard[listener] == self.said[speaker]

    @rule(of_client=st.booleans())
    @precondition(lambda self: self.client.state is State.OPEN)
    def close(self, of_client):
        self.peers(of_client)[0].close()

    @rule()
    def cut(self):
        for peer in (self.client, self.server):
            self.ended[peer] += peer.receive_eof(1000)
            assert len(self.ended[peer]) == 1

    @invariant()
    def nobody_is_surprised(self):
        assert not self.client.rejected
        assert not self.server.rejected


PairOfPeers.TestCase.settings = settings(max_examples=100, stateful_step_count=30)
test_a_pair_of_peers = PairOfPeers.TestCase

"""Random walks through a session's life, and any bytes: only what is documented happens."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from phonewire.errors import LocalProtocolError
from phonewire.protocols import audiohook as ah
from phonewire.protocols.audiohook.pack import PACKERS
from tests.protocols.audiohook_pair import AGENT, CUSTOMER, OPEN, PROBE, SESSION, STEREO, Pair

EVENTS = [
    OPEN,
    ah.Ping(),
    ah.Close("end"),
    ah.Discarded(ah.Microseconds(0), ah.Microseconds(125)),
    ah.Paused(),
    ah.Resumed(ah.Microseconds(0), ah.Microseconds(20_000)),
    ah.Error(400, "no"),
    ah.Update("de"),
    ah.Dtmf("1"),
    ah.PlaybackStarted(),
    ah.PlaybackCompleted(),
    ah.Opened((STEREO,)),
    ah.Pong(),
    ah.Closed(),
    ah.Disconnect("completed"),
    ah.Pause(),
    ah.Resume(),
    ah.Reconnect(),
    ah.Updated(),
    ah.Notice((ah.BargeIn(),)),
]
# A server answers these by itself, and a client's pings are its timer's.
OWN = (ah.Opened, ah.Pong, ah.Closed, ah.Updated, ah.Ping)


class Sessions(RuleBasedStateMachine):
    """Two engines that do whatever they may: neither finds fault with the other, and both count the same."""

    @initialize(
        dialect=st.sampled_from(list(ah.DIALECTS.values())),
        opening=st.sampled_from([OPEN, PROBE]),
        channels=st.sampled_from([None, [STEREO.channels], [CUSTOMER.channels, AGENT.channels]]),
    )
    def begin(self, dialect, opening, channels):
        self.pair = Pair(dialect, opening, channels=channels)

    @rule(event=st.sampled_from([one for one in EVENTS if not isinstance(one, OWN)]), client=st.booleans())
    def say(self, event, client):
        one = self.pair.client if client else self.pair.server
        try:
            one.send(event)
        except LocalProtocolError:
            return
        self.pair.pump()

    @rule(groups=st.integers(0, 400), client=st.booleans())
    def speak(self, groups, client):
        one = self.pair.client if client else self.pair.server
        try:
            one.send_payload(bytes(groups * one.media_format.group_bytes))
        except LocalProtocolError:
            return
        self.pair.pump()

    @rule(seconds=st.floats(0, 7))
    def wait(self, seconds):
        self.pair.pass_time(seconds)

    @rule(client=st.booleans())
    def close(self, client):
        (self.pair.client if client else self.pair.server).close()
        self.pair.pump()

    @rule(client=st.booleans(), code=st.sampled_from([1000, 1006, 1008]))
    def cut(self, client, code):
        one = self.pair.client if client else self.pair.server
        self.pair.heard[one] += one.receive_eof(code)

    @rule(ms=st.integers(0, 500))
    def skip(self, ms):
        self.pair.client.skip_audio(ms)
        self.pair.pump()

    @invariant()
    def neither_finds_fault(self):
        for one in (self.pair.client, self.pair.server):
            assert not one.rejected
            ended = [event for event in self.pair.heard[one] if isinstance(event, ah.Ended)]
            assert len(ended) <= 1
            assert one.state is not ah.State.CLOSED or one.next_deadline_ns() is None
            assert (one.end_reason is None) == (one.state in (ah.State.OPENING, ah.State.OPEN))

    @invariant()
    def both_count_the_same(self):
        client, server = self.pair.client, self.pair.server
        if client.state is server.state is ah.State.OPEN:
            assert client.position.samples == server.position.samples
            assert (client.sent, client.received) == (server.received, server.sent)


TestSessions = Sessions.TestCase
TestSessions.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def conversation():
    """Return every kind of message as it is on the wire, and who takes it: the whole of a busy session."""
    pair = Pair(ah.CONNECTOR)
    pair.client.send_payload(bytes(range(160)))
    pair.server.send_payload(bytes(range(160)))
    for event in (one for one in EVENTS if not isinstance(one, (*OWN, ah.Open, ah.Close, ah.Disconnect))):
        for one in (pair.client, pair.server):
            try:
                one.send(event)
            except LocalProtocolError:
                continue
            pair.pump()
    pair.pass_time(1)
    pair.server.close()
    pair.pump()
    return pair.wire


WIRE = conversation()


def test_the_conversation_has_every_kind():
    said = {json.loads(data)["type"] if text else "media" for _, data, text in WIRE}
    assert said == {kind for kind, _ in PACKERS.values()}


def mutations(data):
    """Yield every prefix, flipped bit, and byte that is missing or doubled."""
    for size in range(len(data)):
        yield data[:size]
        yield data[:size] + data[size + 1 :]
        yield data[: size + 1] + data[size:]
        for bit in range(8):
            yield data[:size] + bytes([data[size] ^ 1 << bit]) + data[size + 1 :]


def replayed(place):
    """Return the taker of a message of the conversation, as far as it was when the message came."""
    sender = WIRE[place][0]
    taker = ah.Connection(
        ah.Side.SERVER if sender is ah.Side.CLIENT else ah.Side.CLIENT, dialect=ah.CONNECTOR, session_id=SESSION
    )
    if taker.side is ah.Side.CLIENT:
        taker.send(OPEN)
    now_ns = 0
    for side, data, text in WIRE[:place]:
        if side is sender:
            taker.receive(data, text=text, now_ns=now_ns)
        elif text:
            message = json.loads(data)
            if message["type"] == "ping":
                now_ns = taker.next_deadline_ns()
                taker.handle_timeout(now_ns)
            taker.sent = message["seq"]
    assert not taker.rejected
    taker.data_to_send()
    return taker


FIRST_OF_KIND = {
    (side, json.loads(data)["type"] if text else "media"): place
    for place, (side, data, text) in reversed([*enumerate(WIRE)])
}


@pytest.mark.parametrize("place", FIRST_OF_KIND.values(), ids=[f"{side.value}-{kind}" for side, kind in FIRST_OF_KIND])
def test_every_mutation_of_every_message_has_a_documented_outcome(place):
    _, data, text = WIRE[place]
    state = replayed(place)
    assert state.state is not ah.State.CLOSED
    for mutation in mutations(data):
        check(copied(state), mutation, text)


def copied(taker):
    """Return a copy that can be spoilt: what the engine keeps by itself is small."""
    copy = ah.Connection.__new__(ah.Connection)
    copy.__dict__.update(taker.__dict__)
    copy.rejected = type(taker.rejected)(taker.rejected)
    copy._queue = []
    copy.position = type(taker.position)()
    copy.position.samples = taker.position.samples
    return copy


def check(taker, data, text):
    events = taker.receive(data, text=text, now_ns=1)
    assert all(type(event) in ah.Event.__args__ for event in events)
    for answer, is_text in taker.data_to_send():
        assert is_text
        assert json.loads(answer)["version"] == "2"
    rejected = [event for event in events if isinstance(event, ah.Rejected)]
    assert len(rejected) <= 1
    if rejected and taker.state is ah.State.CLOSING:
        assert taker.end_reason is not None
    taker.receive_eof()
    assert taker.state is ah.State.CLOSED


@given(st.binary(max_size=300), st.booleans(), st.sampled_from(ah.Side), st.sampled_from(list(ah.DIALECTS.values())))
def test_any_bytes(data, text, side, dialect):
    pair = Pair(dialect)
    check(pair.server if side is ah.Side.SERVER else pair.client, data, text)

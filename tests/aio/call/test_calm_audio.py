"""What spares the call a look at the engine: audio of an open stream calls for no answer and moves no timer."""

import uuid

import pytest

from phonewire.aio.call.audiohook_session import session_headers
from phonewire.aio.call.engines import PROTOCOLS, announce, make_engine
from phonewire.protocols import audiosocket
from phonewire.protocols.connection import Media, Side, State

WIRES = ["auto", "tutorial", "documented", "deployed"]
CASES = [(name, "auto") for name in PROTOCOLS] + [("voipbin", wire) for wire in WIRES[1:]] + [("audiosocket", "auto")]
START_NS = 1_500_000_000
URL = "/v1.0/calls/x/media_stream?encapsulation=rtp"


def engine(protocol, side, wire, headers):
    if protocol == "audiosocket":
        return audiosocket.Connection(side)
    return make_engine(
        protocol, side, media_format=None, message_bytes=65_536, url=URL, call_id="x", wire=wire, headers=headers
    )


def deliver(sender, receiver, now_ns):
    return [event for data, text in sender.data_to_send() for event in receiver.receive(data, text=text, now_ns=now_ns)]


def settle(client, server, now_ns):
    for _ in range(4):
        deliver(client, server, now_ns)
        deliver(server, client, now_ns)


def standing(connection):
    return connection.state, connection.silenced, connection.next_deadline_ns()


@pytest.mark.parametrize(("protocol", "wire"), CASES)
def test_audio_alone_calls_for_nothing(protocol, wire):
    headers = session_headers({})
    server, client = (engine(protocol, side, wire, headers) for side in (Side.SERVER, Side.CLIENT))
    client.connected(0)
    server.connected(0)
    announce(client, None, {})
    if protocol == "audiosocket":
        client.send(audiosocket.Start(str(uuid.uuid4())))
    settle(client, server, 0)
    client.handle_timeout(START_NS)  # VoIPBIN's clients wait for a first message, but not for ever
    settle(client, server, START_NS)
    heard = 0
    for sender, receiver in ((client, server), (server, client)):
        if not sender.may_send_media:
            continue
        for now_ns in range(START_NS, START_NS + 4):
            held = receiver.state is State.OPENING
            before = standing(receiver)
            sender.send_payload(bytes(receiver.media_format.size_of(20)))
            events = deliver(sender, receiver, now_ns)
            if events and all(isinstance(event, Media) for event in events) and not held:
                heard += 1
                assert receiver.data_to_send() == []
                assert standing(receiver) == before
    assert heard >= 3  # or nothing was looked at

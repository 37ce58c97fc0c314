"""The lean client: what a library makes of its bytes, and what it makes of any cut and of bad servers."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol

from phonewire.load.websocket import BINARY, CLOSE, PONG, TEXT, Refused, WebSocketLine, masked, request

ANSWER = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Wire(asyncio.Transport):
    """What the line writes to."""

    def __init__(self):
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data):
        self.written += data

    def abort(self):
        self.closed = True

    def is_closing(self):
        return self.closed


def play(chunks):
    """Give a line what a server sends; return it, its transport, and the messages that it told of."""

    async def main():
        messages = []
        line, wire = WebSocketLine(b"GET", lambda data, text: messages.append((data, text))), Wire()
        line.connection_made(wire)
        for chunk in chunks:
            if not wire.closed:
                line.data_received(chunk)
        line.connection_lost(None)
        if line.opened.exception() is not None:
            assert isinstance(line.opened.exception(), Refused | ConnectionError)
        return line, wire, messages

    return asyncio.run(main())


def of_server(opcode, payload):
    return Frame(opcode, payload).serialize(mask=False)


def test_a_library_takes_its_request_and_its_messages():
    server = ServerProtocol()
    asked = request("127.0.0.1:8080", "/twilio?x=1", {"X-API-KEY": "secret"})
    server.receive_data(asked)
    (event,) = server.events_received()
    assert (event.path, event.headers["X-API-KEY"]) == ("/twilio?x=1", "secret")
    server.send_response(server.accept(event))
    for size in (0, 125, 126, 65_535, 65_536):
        server.receive_data(masked(TEXT, b"a" * size) + masked(BINARY, b"b" * size))
    frames = server.events_received()
    assert [(frame.opcode, len(frame.data)) for frame in frames] == [
        (opcode, size) for size in (0, 125, 126, 65_535, 65_536) for opcode in (Opcode.TEXT, Opcode.BINARY)
    ]


@given(st.lists(st.integers(0, 70_000), max_size=3), st.data())
def test_any_cut_gives_the_same_messages(sizes, data):
    stream = ANSWER + b"".join(of_server(Opcode.BINARY, bytes([n]) * size) for n, size in enumerate(sizes))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    _, wire, messages = play([chunk for chunk in chunks if chunk])
    assert messages == [(bytes([n]) * size, False) for n, size in enumerate(sizes)]
    assert wire.written == b"GET"


def test_byte_by_byte():
    stream = ANSWER + of_server(Opcode.TEXT, b"hello") + of_server(Opcode.TEXT, b"x" * 300)
    _, _, messages = play([stream[place : place + 1] for place in range(len(stream))])
    assert messages == [(b"hello", True), (b"x" * 300, True)]


def test_pings_and_goodbyes_are_answered():
    line, wire, messages = play(
        [ANSWER, of_server(Opcode.PING, b"are you there"), of_server(Opcode.CLOSE, b"\x03\xf0")]
    )
    assert wire.written == b"GET" + masked(PONG, b"are you there") + masked(CLOSE, b"\x03\xf0")
    assert (line.ended.result(), messages) == (1008, [])


def test_our_goodbye_is_said_once():
    async def main():
        line, wire = WebSocketLine(b"", lambda *_: None), Wire()
        line.connection_made(wire)
        line.data_received(ANSWER)
        line.goodbye()
        line.goodbye()
        line.data_received(of_server(Opcode.CLOSE, b"\x03\xe8"))
        assert wire.written == masked(CLOSE, b"\x03\xe8")

    asyncio.run(main())


@pytest.mark.parametrize(("answer", "status"), [(b"HTTP/1.1 503 No\r\n\r\n", 503), (b"SSH-2.0\r\n\r\n", 0)])
def test_other_answers_refuse(answer, status):
    line, wire, _ = play([answer])
    assert line.opened.exception().status == status
    assert wire.closed


@pytest.mark.parametrize(
    "stream",
    [
        b"HTTP/1.1 101 " + b"x" * 20_000,
        ANSWER + b"\x82\x7f" + (2**20 + 1).to_bytes(8, "big"),
        ANSWER + b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        ANSWER + b"\x01\x01a",
        ANSWER + b"\x83\x00",
    ],
    ids=["endless answer", "too long", "absurd", "fragment", "unknown opcode"],
)
def test_what_is_hostile_is_cut_off(stream):
    line, wire, messages = play([stream])
    assert wire.closed
    assert (line.ended.result(), messages) == (1006, [])


@given(st.binary(max_size=200))
def test_noise_never_raises(noise):
    play([ANSWER + noise])


def test_a_server_that_does_not_read_is_noticed():
    async def main():
        line = WebSocketLine(b"", lambda *_: None)
        line.pause_writing()
        assert line.full
        line.resume_writing()
        assert not line.full

    asyncio.run(main())

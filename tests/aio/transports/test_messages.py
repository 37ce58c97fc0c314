"""Messages on their way from a connection to a call, and the frames that are read without the library."""

import asyncio
import contextlib
import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from phonewire.aio.transports.messages import Messages
from phonewire.aio.transports.transport import TransportClosed
from phonewire.aio.transports.whole_frame import read_whole

CAP = 65_536


@given(
    before=st.binary(max_size=20), data=st.binary(max_size=20), after=st.binary(max_size=20),
    times=st.sampled_from([1, 7, 4000]), text=st.booleans(), masked=st.booleans(),
)  # fmt: skip
def test_a_whole_message_is_read_as_the_library_writes_it(before, data, after, times, text, masked):
    data *= times
    frame = Frame(Opcode.TEXT if text else Opcode.BINARY, data).serialize(mask=masked)
    found = read_whole(before + frame + after, len(before), CAP, masked=masked)
    assert found == ((data, text, len(before) + len(frame)) if len(data) < 65_536 else None)
    assert read_whole(frame, 0, CAP, masked=not masked) is None
    assert read_whole(frame, 0, len(data) - 1, masked=masked) is None
    for end in {0, 1, 2, 3, 5, 7, len(frame) - 1}:
        assert read_whole(frame[: min(end, len(frame) - 1)], 0, CAP, masked=masked) is None


@pytest.mark.parametrize("first", set(range(256)) - {0x81, 0x82})
def test_all_other_frames_are_left_to_the_library(first):
    assert read_whole(bytes([first, 0x80, 0, 0, 0, 0]), 0, CAP, masked=True) is None


class Socket:
    """Where messages come from; notes when it is not to be read."""

    def __init__(self):
        self.said = []
        self.messages = Messages(lambda: self.said.append("pause"), lambda: self.said.append("resume"))

    def put(self, *names):
        for name in names:
            self.messages.put(name, False)


@pytest.fixture
def socket():
    return Socket()


async def test_messages_that_are_taken_wake_nobody(socket):
    taken = []

    def take(data, text):
        taken.append(data)
        return data != b"3"

    receiving = asyncio.create_task(socket.messages.receive(take))
    await asyncio.sleep(0)
    socket.put(b"1", b"2", b"3", b"4")  # what comes after the one that waits stands behind it
    assert await receiving == (b"3", False)
    assert taken == [b"1", b"2", b"3"]
    assert await socket.messages.receive(take) == (b"4", False)
    assert taken == [b"1", b"2", b"3"]


async def test_what_take_raises_is_raised_to_who_receives_and_nothing_more_is_taken(socket):
    def take(data, text):
        raise ValueError(data)

    receiving = asyncio.create_task(socket.messages.receive(take))
    await asyncio.sleep(0)
    socket.put(b"1", b"2")
    with pytest.raises(ValueError, match="1"):
        await receiving
    assert len(socket.messages) == 0


async def test_the_end_stands_behind_what_is_kept(socket):
    socket.put(b"1")
    socket.messages.end(TransportClosed(1000))
    assert await socket.messages.receive() == (b"1", False)
    with pytest.raises(TransportClosed):
        await socket.messages.receive()


@pytest.mark.parametrize("how", ["closed", "raised"])
async def test_nothing_is_kept_of_a_connection_that_is_over(socket, how):
    """No cycle: who has thousands of short calls does not wait for the collector of garbage."""

    def take(data, text):
        raise ValueError

    async def call():
        with contextlib.suppress(TransportClosed, ValueError):
            await socket.messages.receive(take)

    calling = asyncio.create_task(call())
    await asyncio.sleep(0)
    if how == "closed":
        socket.messages.end(TransportClosed(1000))
    else:
        socket.put(b"1")
    await calling
    del calling
    gone = weakref.ref(socket.messages)
    gc.disable()
    try:
        del socket.messages
        assert gone() is None
    finally:
        gc.enable()


async def test_who_stops_to_receive_loses_nothing(socket):
    receiving = asyncio.create_task(socket.messages.receive(lambda data, text: True))
    await asyncio.sleep(0)
    receiving.cancel()
    await asyncio.wait([receiving])
    socket.put(b"1")
    assert await socket.messages.receive() == (b"1", False)


@pytest.mark.parametrize(("few", "most", "again"), [(False, 16, 4), (True, 1, 0)])
async def test_the_socket_is_not_read_while_many_messages_wait(socket, few, most, again):
    if few:
        socket.messages.keep_few()
    socket.put(*[b"x"] * most)
    assert socket.said == []
    socket.put(b"x")
    assert socket.said == ["pause"]
    while len(socket.messages) > again + 1:
        await socket.messages.receive()
    assert socket.said == ["pause"]
    await socket.messages.receive()
    assert socket.said == ["pause", "resume"]

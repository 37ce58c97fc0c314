"""The phones of ``make bench-calls``: what a server does to frames is counted, each by its name."""

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from benchmarks import phones
from benchmarks.calls import climb

CC = shutil.which("cc")
SOURCE = Path(phones.__file__).with_name("phones.c")
FRAMES = 40

pytestmark = pytest.mark.skipif(sys.platform != "linux" or CC is None, reason="the phones are compiled: Linux, cc")


@pytest.fixture(scope="module", autouse=True)
def _compiled(tmp_path_factory):
    program = tmp_path_factory.mktemp("phones") / "phones"
    subprocess.run([CC, "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", program, SOURCE], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phones, "PROGRAM", program)
        yield


def echoed(number, message):
    return [message]


def thirds_dropped(number, message):
    return [message] * (number % 3 != 0)


def twice(number, message):
    return [message, message]


def swapped():
    kept = []

    def answer(number, message):
        kept.insert(0, message)
        return [kept.pop() for _ in range(2)][::-1] if len(kept) == 2 else []

    return answer


def silent_after_five(number, message):
    return [message] * (number <= 5)


def of_another(number, message):
    return [re.sub(r'"payload":"....', '"payload":"gICB', message)]


def never_sent(number, message):
    return [re.sub(r'"payload":"(....)....', r'"payload":"\1gLKA', message)]


def look_after_frames(answer, calls=1):
    """Return two looks, the second when a server that answers so has got `FRAMES`."""

    async def talk():
        enough = asyncio.Event()

        async def handle(connection):
            number = 0
            async for message in connection:
                if '"media"' not in message or '"start"' in message:
                    continue
                number += 1
                try:
                    for each in answer(number, message):
                        await connection.send(each)
                except ConnectionClosed:
                    break
                if number == FRAMES:
                    enough.set()

        async with serve(handle, "127.0.0.1", 0) as server:
            url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/twilio"
            with phones.Phones(url) as calling:
                before = calling.look()
                calling.add(calls)
                async with asyncio.timeout(30):
                    await enough.wait()
                return before, calling.look()

    return asyncio.run(talk())


def test_frames_that_come_back_are_no_fault():
    before, after = look_after_frames(echoed)
    assert (before.sent, before.talking, after.talking) == (0, 0, 1)
    assert FRAMES // 2 < after.returned <= after.sent
    assert not after.missing + after.duplicated + after.reordered + after.strange + after.held + after.ended
    assert after.cpu_s >= before.cpu_s
    assert after.at_s > before.at_s


def test_a_server_that_drops_every_third_frame_loses_them():
    before, after = look_after_frames(thirds_dropped)
    assert climb.faults(1, before, after)["missing"] >= FRAMES // 3 - 5
    assert climb.judge(1, before, after, floor_ms=0).faults


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (twice, "duplicated"),
        (swapped(), "reordered"),
        (of_another, "strange"),
        (never_sent, "strange"),
        (silent_after_five, "overdue"),
    ],
)
def test_faults_have_names(answer, fault):
    assert climb.faults(1, *look_after_frames(answer))[fault] > 0


def look_after(answering):
    """Return two looks, the second when *answering*, of a reader and a writer, has dealt with a call."""

    async def talk():
        answered = asyncio.Event()

        async def handle(reader, writer):
            await answering(reader, writer)
            answered.set()
            writer.close()

        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            with phones.Phones(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/twilio") as calling:
                before = calling.look()
                calling.add(1)
                async with asyncio.timeout(30):
                    await answered.wait()
                return before, calling.look()

    return asyncio.run(talk())


def look_after_answer(answer):
    """Return two looks, the second when a server has answered a call with these bytes and then only listens."""

    async def answering(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            await reader.read()  # the phone hangs up

    return look_after(answering)


UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 401 Unauthorized\r\n\r\n", id="refused"),
        pytest.param(b"x" * 3000, id="a head without an end"),
        pytest.param(UPGRADED + b"\x88\x02\x03\xe8", id="a goodbye"),
        pytest.param(UPGRADED + b"\x81\x7f\0\0\0\0\0\0\xff\xff", id="a message of 64 KiB"),
        pytest.param(UPGRADED + b"\x81\x7e\xff\xff" + b"x" * 3000, id="a message longer than there is room for"),
        pytest.param(UPGRADED + b"\x81\xfe\0\x80" + b"x" * 200, id="a masked message"),
    ],
)
def test_what_ends_a_call(answer):
    before, after = look_after_answer(answer)
    assert climb.faults(1, before, after) == {"ended": 1, "not there": 1}


@pytest.mark.parametrize(
    "message",
    [b"{", b'"payload"', b'"payload":"', b'"payload":"gICAgIC', b'"payload":"' + b"\xff" * 8],
)
def test_text_that_is_no_frame_is_no_harm(message):
    """It stands at the very end of what has come."""
    goodbye = b"\x88\x02\x03\xe8"
    _, after = look_after_answer(UPGRADED + bytes([0x81, len(message)]) + message + goodbye)
    assert (after.returned, after.ended) == (0, 1)


def test_a_server_that_takes_no_call_keeps_nobody_waiting():
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as server,  # the kernel takes one or two for it
        phones.Phones(f"ws://127.0.0.1:{server.getsockname()[1]}/twilio") as calling,
    ):
        calling.add(6)
        while (found := calling.look()).ended < 4:
            assert found.talking == 0


def test_calls_that_a_server_will_not_have_are_not_there():
    async def hang_up(reader, writer):
        pass

    assert climb.faults(1, *look_after(hang_up))["not there"] == 1

"""Peers that break WebSocket, or use it as it was never meant: closed with the right code, in bounded memory."""

import asyncio
import json
import socket

import pytest

from tests.own_memory import kept_bytes, needs_smaps

pytestmark = pytest.mark.usefixtures("wire")

START = json.dumps({"event": "start", "start": {"callSid": "CA1", "streamSid": "MZ1"}}).encode()
CONT, TEXT, BINARY, CLOSE, PING = 0, 1, 2, 8, 9
CAP = 65_536
MIB = 1 << 20


@pytest.fixture
async def server(serving):
    async with serving(limits={"close_s": 0.1}) as server:
        yield server


@pytest.fixture
async def on_call(server, raw, eventually):
    """A peer whose stream has started."""
    peer = await raw.upgraded(server)
    peer.send(TEXT, START)
    await eventually(lambda: server.calls)
    return peer


# What a frame says of itself


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("size", [CAP - 1, CAP, CAP + 1, 2**16 + 2, 2**31, 2**32, 2**63 - 1, 2**63])
async def test_declared_lengths(on_call, server, size, opcode, masked, eventually):
    """The head alone decides: nothing is kept of what will not be taken."""
    on_call.send(opcode, size=size, masked=masked)
    if not masked:
        assert await on_call.close_code() == 1002
    elif size > CAP:
        assert await on_call.close_code() in ({1009} if size < 2**63 else {1002, 1009})  # such a length is none
    else:
        on_call.writer.write(b"x" * size)
        on_call.send(CLOSE, (1000).to_bytes(2, "big"))
        assert await on_call.close_code() == 1000
    await on_call.close()
    await eventually(lambda: not server.calls)


@pytest.mark.parametrize("size", [CAP, CAP + 1])
async def test_a_message_in_pieces_has_the_same_bound(on_call, size):
    on_call.send(TEXT, b"x" * (CAP - 1), fin=False)
    on_call.send(CONT, b"x" * (size - CAP + 1))
    on_call.send(CLOSE, (1000).to_bytes(2, "big"))
    assert await on_call.close_code() == (1000 if size == CAP else 1009)


@pytest.mark.parametrize(
    ("name", "code"),
    [("unmasked", 1002), ("reserved bits", 1002), ("unknown opcode", 1002), ("stray continuation", 1002),
     ("long ping", 1002), ("ping in pieces", 1002), ("text in text", 1002), ("not utf-8", 1007),
     ("close code 1005", 1002), ("close of 1 byte", 1002)],
)  # fmt: skip
async def test_broken_frames(on_call, server, name, code, eventually):
    frame = on_call.frame
    on_call.writer.write(
        {
            "unmasked": frame(TEXT, b"{}", masked=False),
            "reserved bits": frame(TEXT, b"{}", reserved=4),
            "unknown opcode": frame(3),
            "stray continuation": frame(CONT, b"{}"),
            "long ping": frame(PING, b"x" * 126),
            "ping in pieces": frame(PING, fin=False),
            "text in text": frame(TEXT, fin=False) + frame(TEXT),
            "not utf-8": frame(TEXT, b"\xff"),
            "close code 1005": frame(CLOSE, (1005).to_bytes(2, "big")),
            "close of 1 byte": frame(CLOSE, b"\3"),
        }[name]
    )
    assert await on_call.close_code() == code
    await on_call.close()
    await eventually(lambda: not server.calls)


async def test_dribbled_bytes_are_a_message(on_call, server):
    message = json.dumps({"event": "stop"}).encode()
    for byte in on_call.frame(TEXT, message):
        on_call.writer.write(bytes([byte]))
        await on_call.writer.drain()
    assert await on_call.close_code() == 1000


PONG = b"\x8a\0"


@pytest.mark.parametrize("part", [1, 2, 3, 6, 7, 20])
async def test_a_frame_of_which_a_part_has_come_is_read_on(on_call, part):
    frame = on_call.frame(TEXT, json.dumps({"event": "stop"}).encode())
    on_call.writer.write(on_call.frame(PING) + frame[:part])
    assert await on_call.reader.readexactly(2) == PONG  # so the part has been read
    on_call.writer.write(frame[part:])
    assert await on_call.close_code() == 1000


@pytest.mark.parametrize("then", [TEXT, BINARY])
async def test_a_message_within_a_message(on_call, then):
    on_call.send(TEXT, fin=False)
    on_call.send(PING)
    assert await on_call.reader.readexactly(2) == PONG
    on_call.send(then)
    assert await on_call.close_code() == 1002


async def test_who_is_cut_off_and_stays_is_cut_off_for_good(serving, raw, eventually):
    async with serving(limits={"close_s": 1000}) as server:
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        await eventually(lambda: server.calls)
        peer.send(TEXT, masked=False)
        await peer.gone()
        await eventually(lambda: not server._listening().handler_tasks)


# Fragments


@pytest.mark.parametrize("pieces", [64, 65])
@pytest.mark.parametrize("payload", [b"", b"x"])
async def test_64_fragments_and_one_more(on_call, pieces, payload):
    on_call.send(TEXT, payload, fin=False)
    for _ in range(pieces - 2):
        on_call.send(CONT, payload, fin=False)
    on_call.send(PING)  # counts for nothing
    on_call.send(CONT, payload)
    on_call.send(CLOSE, (1000).to_bytes(2, "big"))
    assert await on_call.close_code() == (1000 if pieces == 64 else 1009)


async def test_fragments_are_counted_for_each_message(on_call):
    for _ in range(10):
        on_call.send(TEXT, fin=False)
        for _ in range(62):
            on_call.send(CONT, fin=False)
        on_call.send(CONT)
    on_call.send(CLOSE, (1000).to_bytes(2, "big"))
    assert await on_call.close_code() == 1000


# Floods


async def flood(peer, piece, times, enough=None):
    """Write *piece* again and again, until it has been done or the server has had *enough*."""
    for _ in range(times):
        if enough is not None and enough.done():
            return
        peer.writer.write(piece)
        try:
            await peer.writer.drain()
        except ConnectionError:
            return
        if peer.reader.at_eof():
            return


@needs_smaps
async def test_a_million_empty_fragments(server, raw):
    async def attack():
        peer = await raw.upgraded(server)
        peer.send(TEXT, fin=False)
        code = asyncio.create_task(peer.close_code())  # read now: what resets the connection takes it along
        await flood(peer, peer.frame(CONT, fin=False) * 1000, 1000, code)
        await peer.close()
        return await code

    assert await attack() == 1009  # warms up
    before = kept_bytes()
    for _ in range(3):
        assert await attack() == 1009
    assert kept_bytes() - before <= 2 * MIB


def too_much_and_broken(frame):
    """Return what a call is cut off for, and with which code."""
    return [
        (frame(TEXT, b"x" * (CAP + 1)), 1009),
        (frame(TEXT, b"x" * CAP, fin=False) + frame(CONT, b"x"), 1009),
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(TEXT, b"{}", reserved=4), 1002),
    ]


@needs_smaps
async def test_calls_that_are_cut_off_leave_nothing_behind(server, raw, wire, eventually):
    """64 KiB and a byte more, in one piece and in two; without a mask; with a reserved bit."""

    async def attack(data, code):
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        peer.send(PING)
        assert await peer.reader.readexactly(2) == PONG  # so what comes now is read as a call's
        peer.writer.write(data)
        assert await peer.close_code() == code
        await peer.close()

    async def attacks(times):
        for _ in range(times):
            for data, code in too_much_and_broken(raw.frame):
                await attack(data, code)
        await eventually(lambda: not server.calls)

    await attacks(10)  # warms up
    before = kept_bytes()
    await attacks(30 if wire.endswith("wss") else 100)  # of each; handshakes take their time
    assert kept_bytes() - before <= 2 * MIB


@needs_smaps
async def test_a_flood_of_small_messages_stays_small(on_call, server, eventually):
    """50,000 empty messages on a call: each is rejected, and no more wait here than one read holds."""
    call = next(iter(server.calls))
    await flood(on_call, on_call.frame(TEXT) * 1000, 10)
    before = kept_bytes()
    await flood(on_call, on_call.frame(TEXT) * 1000, 40)
    await eventually(lambda: call.stats().rejected == {"not_json": 50_000})
    assert kept_bytes() - before <= 2 * MIB
    on_call.send(CLOSE, (1000).to_bytes(2, "big"))
    assert await on_call.close_code() == 1000


def let_the_system_keep_little(server):
    """Or megabytes of pongs are on their way to a peer before any stays in the server."""
    for known in server._listening().sockets:
        with socket.fromfd(known.fileno(), known.family, known.type) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, CAP)


@needs_smaps
async def test_who_pings_and_reads_no_pong_is_cut_off(server, raw, eventually):
    let_the_system_keep_little(server)

    async def attack():
        server.refused.clear()
        peer = await raw.upgraded(server)
        peer.send(TEXT, START)
        await eventually(lambda: server.calls)
        peer.reader._transport.pause_reading()
        ping = peer.frame(PING, b"x" * 125) * 1000
        while not server.refused:
            if peer.writer.transport.get_write_buffer_size() < MIB:  # the attacker's memory is in this process, too
                peer.writer.write(ping)
            await asyncio.sleep(0)
        assert server.refused == {"not_reading": 1}
        await peer.close()
        await eventually(lambda: not server.calls)

    await attack()  # warms up
    before = kept_bytes()
    await attack()
    assert kept_bytes() - before <= 2 * MIB

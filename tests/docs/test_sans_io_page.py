"""docs/sans-io.md: its programs run, and what it names of engines is there."""

import asyncio
import re

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.protocols import audiohook, audiosocket, twilio, voipbin
from phonewire.protocols.connection import Ended, EndReason, MediaConnection, Side, State
from tests.docs.pages import code, page, top_level

PAGE = page("sans-io.md")
FIRST, PROGRAM = code(PAGE, "python")


def test_two_engines_talk_without_anything_between_them(capsys):
    top_level(FIRST, "page")
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition("(")[0] for line in printed] == ["Connected", "Start", "Media", "Stop", "Ended"]


async def test_the_server_repeats_what_twilio_says(phonewire_clock, capsys):
    names = top_level(PROGRAM, "page")
    async with (
        serve(names["talk"], "127.0.0.1", 8080) as server,
        TwilioCaller(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as caller,
    ):
        await caller.say(bytes(range(160)) * 5)
        await caller.until(lambda: len(caller.heard) >= 800)
        await caller.hang_up()
        await caller.wait_closed()
    assert bytes(range(160)) * 5 in bytes(caller.heard)
    assert caller.errors == []
    assert [line.partition("(")[0] for line in capsys.readouterr().out.splitlines()] == ["Start", "Ended"]


async def serve_one(names, engine, events):
    """Return a server of one connection, whose engine this is, and which keeps its events."""

    async def talk(socket):
        await names["carry"](socket, engine, lambda _, event: events.append(event))

    return await serve(talk, "127.0.0.1", 8080)


async def test_a_peer_that_breaks_the_protocol_is_closed_with_its_code(phonewire_clock):
    names, events = top_level(PROGRAM, "page"), []
    server = await serve_one(names, twilio.Connection(Side.SERVER, max_message_size=100), events)
    async with server, connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as socket:
        await socket.send("x" * 101)
        await socket.wait_closed()
        assert socket.close_code == 1009
    assert events == [Ended(EndReason.FAILED)]


async def test_a_vanished_peer_is_told_once(phonewire_clock):
    names, events = top_level(PROGRAM, "page"), []
    server = await serve_one(names, twilio.Connection(Side.SERVER), events)
    async with server, connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as socket:
        socket.transport.abort()
        await asyncio.sleep(1)
    assert events == [Ended(EndReason.DROPPED)]


async def test_a_client_speaks_when_its_time_has_come(phonewire_clock):
    """VoIPBIN's client waits 1 s for a first message: nobody but `handle_timeout` lets it go on."""
    names = top_level(PROGRAM, "page")
    engine = voipbin.Connection(Side.CLIENT, encapsulation="sln")

    async def silent(socket):
        await socket.wait_closed()

    async with serve(silent, "127.0.0.1", 8080) as server:
        async with connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/") as socket:
            task = asyncio.create_task(names["carry"](socket, engine, lambda *_: None))
            await asyncio.sleep(0.9)
            assert engine.state is State.OPENING
            await asyncio.sleep(0.2)
            assert engine.state is State.OPEN
        await task
    assert engine.state is State.CLOSED


async def test_a_client_hears_a_call(phonewire_clock):
    names, heard = top_level(PROGRAM, "page"), bytearray()

    def hear(_, event):
        heard.extend(getattr(event, "pcm", b""))

    async with VoipbinCall() as phone, connect(phone.url("sln")) as socket:
        engine = voipbin.Connection(Side.CLIENT, encapsulation="sln", dialect=voipbin.DOCUMENTED)
        task = asyncio.create_task(names["carry"](socket, engine, hear))
        await phone.until(lambda: phone.attached)
        await phone.say(b"\x10\x20" * 800)
        await phone.hang_up()
        await task
    assert b"\x10\x20" * 800 in bytes(heard)


def test_what_is_named_of_an_engine_is_there():
    table = PAGE.partition("## What goes in")[2].partition("\n\n- ")[0]
    named = set(re.findall(r"`(\w+)(?:\([^`]*\))?`", table)) - {"Ended"}
    assert len(named) > 12
    assert named <= set(dir(MediaConnection))
    engines = set(re.findall(r"`(?:phonewire\.protocols\.)?(\w+)`", PAGE))
    assert {"twilio", "audiohook", "audiosocket", "voipbin"} <= engines
    for protocol in (twilio, audiohook, audiosocket, voipbin):
        assert all(hasattr(protocol.Connection(Side.SERVER), name) for name in named)


def test_the_engines_that_need_no_time_are_these():
    for protocol, needs_time in ((twilio, False), (audiosocket, False), (audiohook, True), (voipbin, True)):
        assert ("next_deadline_ns" in vars(protocol.Connection)) is needs_time

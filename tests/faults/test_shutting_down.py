"""A server shut down at every turn of the event loop of a call, and goodbyes that are cancelled: nothing is left."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import WebSocketException

import phonewire
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook
from phonewire.protocols.connection import EndReason
from tests.faults.stepping import LIMITS, SPEECH, Scene, cancelled, carrying, every_turn

VOIPBIN = "/v1.0/calls/652af662-eb45-11ee-b1a5-6fde165f9226/media_stream"


class Twilio(Scene):
    """Others are as this one."""


class AudioSocket(Scene):
    def serve(self):
        return self.serve_audiosocket()

    async def phone(self, server):
        with contextlib.suppress(OSError):
            async with AsteriskCaller("127.0.0.1", server.port) as asterisk:
                await asterisk.say(SPEECH[:320])
                await asterisk.wait_closed()


class Voipbin(Scene):
    def serve(self):
        return phonewire.serve(self.bot, endpoints=[phonewire.Endpoint(VOIPBIN, "voipbin", auth=None)], limits=LIMITS)

    async def phone(self, server):
        with contextlib.suppress(OSError, phonewire.PhonewireError):
            url = f"{server.url}{VOIPBIN}?encapsulation=sln"
            async with phonewire.connect(url, redial=phonewire.Redial(retries=0)) as call:
                await call.write(SPEECH[:320])
                await call.wait_ended()


class AudioHook(Scene):
    """What Genesys says is heard and recorded; nothing is answered."""

    dialect = audiohook.MONITOR

    def serve(self):
        endpoint = phonewire.Endpoint("/genesys", self.dialect.name, auth=None)
        return phonewire.serve(self.bot, endpoints=[endpoint], limits=LIMITS)

    async def bot(self, call):
        self.calls.append(call)
        call.record(self.folder)
        await self.listen(call)

    async def phone(self, server):
        with contextlib.suppress(OSError, WebSocketException):
            async with GenesysCaller(server.url + "/genesys", dialect=self.dialect) as genesys:
                await genesys.say(SPEECH * 6)


class AudioConnector(AudioHook):
    dialect = audiohook.CONNECTOR
    bot = Scene.bot


KINDS = [Twilio, AudioSocket, Voipbin, AudioHook, AudioConnector]


async def shut_down(loop, turn, server, phone):
    """Close a server at a turn from now, while somebody calls it, and return how many turns the call took."""
    closing = []
    start = loop.turns
    if turn is not None:
        loop.at[start + turn] = lambda: closing.append(asyncio.create_task(server.close(drain_s=0.5)))
    await phone
    turns = loop.turns - start
    await asyncio.gather(*closing)
    return turns


def shut_down_at_every_turn(scene, same_as_before):
    async def scenario(loop, turn):
        async with same_as_before(), scene.serve() as server:
            turns = await shut_down(loop, turn, server, scene.phone(server))
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


def test_a_server_shut_down_at_every_turn(tmp_path, tls, same_as_before):
    shut_down_at_every_turn(Twilio(tmp_path), same_as_before)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_server_of_another_protocol_shut_down_at_every_turn(tmp_path, same_as_before, kind):
    shut_down_at_every_turn(kind(tmp_path), same_as_before)


@pytest.mark.parametrize("kind", [Twilio, AudioSocket, AudioHook])
def test_a_shutdown_cancelled_at_every_turn(tmp_path, same_as_before, kind):
    """What it has not ended in order it cuts: nobody has to close the server once more."""
    scene = kind(tmp_path)

    async def scenario(loop, turn):
        async with same_as_before(), scene.serve() as server:
            calling = asyncio.create_task(scene.phone(server))
            await asyncio.sleep(0.03)
            assert len(server.calls) == 1
            turns = await cancelled(loop, turn, asyncio.create_task(server.close(drain_s=0.5)))
            assert server.calls == set()
            assert not carrying(scene.calls), "it has waited for all of its calls"
            await calling
            await asyncio.sleep(0.1)  # the disk is at work a little longer
        scene.nothing_is_open()
        return turns

    every_turn(scenario, least=5)


@pytest.mark.parametrize("kind", [Twilio, AudioSocket, AudioConnector])
def test_hanging_up_cancelled_at_every_turn(tmp_path, same_as_before, kind):
    """The call is over whenever that was, and every millisecond is accounted for."""
    scene = kind(tmp_path)

    async def scenario(loop, turn):
        async def bot(call):
            scene.calls.append(call)
            call.record(scene.folder)
            await call.write_payload(SPEECH * 2)
            took.append(await cancelled(loop, turn, asyncio.create_task(call.close())))
            assert call.end_reason is EndReason.CLOSED
            stats = call.stats()
            assert stats.ms_out + stats.unsent_ms == call.media_format.ms_of(len(SPEECH * 2))

        scene.bot, took = bot, []
        async with same_as_before(), scene.serve() as server:
            await scene.phone(server)
            await asyncio.sleep(0.1)
            assert server.calls == set()
            assert server.handler_errors == 0
        scene.nothing_is_open()
        return took[0]

    every_turn(scenario, least=2)

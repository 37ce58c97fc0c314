"""A call, or who dials, cancelled at every turn of the event loop: nothing is left, whichever it was."""

import asyncio
import contextlib
import random

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import WebSocketException
from websockets.utils import accept_key

import phonewire
from phonewire.das_peak_request import SessionRequest
from phonewire.emulators.das_peak_service import DasPeakService
from phonewire.emulators.das_peak_sessions import ENDED_EARLY, READY, SUCCESS
from phonewire.emulators.voipbin import VoipbinCall
from tests.faults.stepping import SPEECH, Scene, cancelled, carrying, every_turn, once_or_twice, run


@pytest.fixture
def scene(tmp_path, tls):
    return Scene(tmp_path)


def test_the_task_of_a_call_cancelled_at_every_turn(scene, same_as_before):
    async def scenario(loop, turn):
        async with same_as_before(), scene.serve() as server:

            def cancel():
                for task in tuple(server._websockets.handler_tasks):
                    task.cancel()
                    task.add_done_callback(lambda _: left_behind.append(carrying(scene.calls)))

            left_behind = []

            start = loop.turns
            once_or_twice(loop, turn, cancel)
            await scene.phone(server)
            turns = loop.turns - start
            await asyncio.sleep(0.1)
            assert server.calls == set()
            assert not any(left_behind), "it has waited for all of its call"
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


def test_a_client_cancelled_at_every_turn(scene, same_as_before):
    async def scenario(loop, turn):
        async with same_as_before(), scene.serve() as server:
            turns = await cancelled(loop, turn, asyncio.create_task(scene.dial(server)), twice=True)
            assert not carrying(scene.dialed), "it has waited for all of its call"
            await asyncio.sleep(0.1)
            assert server.calls == set()
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


def test_a_client_of_audiosocket_cancelled_at_every_turn(tmp_path, same_as_before):
    """Also while it connects, and twice."""
    scene = Scene(tmp_path)

    async def dial(port):
        async with phonewire.connect_audiosocket("127.0.0.1", port) as call:
            scene.dialed.append(call)
            call.record(scene.folder)
            await call.write(SPEECH)
            await scene.listen(call)

    async def scenario(loop, turn):
        async with same_as_before(), scene.serve_audiosocket() as server:
            turns = await cancelled(loop, turn, asyncio.create_task(dial(server.port)), twice=True)
            assert not carrying(scene.dialed), "it has waited for all of its call"
            await asyncio.sleep(0.1)
            assert not server._callers, "no connection stays, with or without a call"
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


@pytest.mark.parametrize("encapsulation", ["rtp", "sln"])
def test_a_client_of_voipbin_cancelled_at_every_turn(scene, tls, same_as_before, encapsulation):
    """Also while its connection is broken, and it dials again."""

    async def dial(url):
        async with phonewire.connect(url, redial=phonewire.Redial(first_s=0.001)) as call:
            scene.calls.append(call)
            call.record(scene.folder, outbound=True)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(scene.listen(call))
                await call.write_payload(SPEECH[:320])
                await call.drain()
                await call.wait_ended()

    async def scenario(loop, turn):
        async with same_as_before(), VoipbinCall(cut_every_s=0.05, tls=tls) as phone:
            dialing = asyncio.create_task(dial(phone.url(encapsulation)))
            start = loop.turns
            if turn is not None:
                loop.at[start + turn] = dialing.cancel
            await asyncio.wait([dialing], timeout=0.12)
            await phone.hang_up()
            await asyncio.wait([dialing])
            assert dialing.cancelled() or dialing.exception() is None
            turns = loop.turns - start
            await asyncio.sleep(0.1)
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


def test_genesys_side_cancelled_at_every_turn(scene, same_as_before):
    """Also before the server has answered, and between the goodbyes."""

    async def dial(url):
        async with phonewire.connect(url) as call:
            scene.dialed.append(call)
            await call.write_payload(SPEECH * 4)

    async def scenario(loop, turn):
        endpoint = phonewire.Endpoint("/audiohook", "audiohook", auth=None)
        limits = phonewire.Limits(close_s=1, drain_s=1)
        async with same_as_before(), phonewire.serve(scene.listen, endpoints=[endpoint], limits=limits) as server:
            turns = await cancelled(loop, turn, asyncio.create_task(dial(server.url + "/audiohook")), twice=True)
            assert not carrying(scene.dialed), "it has waited for all of its call"
            await asyncio.sleep(0.1)
            assert server.calls == set()
        return turns

    every_turn(scenario)


def test_das_peaks_signalling_cancelled_at_every_turn(tls, same_as_before):
    """While it dials, asks, reads an answer, and waits for the next look or the verdict."""

    async def job(service):
        words = {"ready": {READY}, "success": {SUCCESS}, "failure": {ENDED_EARLY}}
        signalling = phonewire.DasPeakSignalling(service.url, apikey="key", **words)
        asked = SessionRequest(authenticity_threshold=0.8, audio_total_duration=1, call_id="4fd9", model_hash="m")
        settings = await signalling.create_audio_settings()
        session = await signalling.wait_ready(await signalling.create_session("register", settings, asked))
        with contextlib.suppress(TimeoutError):
            await signalling.wait_verdict(session, timeout_s=0.6)

    async def scenario(loop, turn):
        async with same_as_before(), DasPeakService(apikey="key", answer_s=0.01, tls=tls) as service:
            working = asyncio.create_task(job(service))
            turns = await cancelled(loop, turn, working)
            assert working.cancelled() or turns - (turn or turns) < 3, "it was over, and not only told so"
            await asyncio.sleep(0.1)
        return turns

    every_turn(scenario)


class BusyPlatform:
    """VoIPBIN, whose first connection breaks, and which is then too busy once."""

    def __init__(self, tls):
        self.attempts = 0
        self.tls = tls

    def serve(self):
        return serve(self.talk, "127.0.0.1", 0, compression=None, process_request=self.admit, ssl=self.tls)

    def admit(self, connection, request):
        self.attempts += 1
        return connection.respond(503, "") if self.attempts == 2 else None

    async def talk(self, websocket):
        with contextlib.suppress(WebSocketException):
            await websocket.send(bytes(320))
            if self.attempts == 1:
                await asyncio.sleep(0.02)
                websocket.transport.abort()
            await websocket.wait_closed()


def test_a_client_that_dials_again_cancelled_at_every_turn(scene, tls, same_as_before):
    """From the break on: while it waits, asks, makes a token, dials, is sent away, dials again, and speaks."""

    async def token():
        await asyncio.sleep(0.01)
        return "t"

    async def is_active():
        await asyncio.sleep(0.01)
        return True

    async def dial(port, disconnected):
        url = f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/v1.0/calls/1/media_stream?encapsulation=sln&token="
        redial = phonewire.Redial(first_s=0.01)
        async with phonewire.connect(url, token=token, is_active=is_active, redial=redial) as call:
            scene.calls.append(call)
            async for event in call.events():
                if isinstance(event, phonewire.Disconnected):
                    disconnected.set()
                    break
            await call.write_payload(bytes(320))
            await call.mark("said over the next connection")

    async def scenario(loop, turn):
        random.seed(1)  # how long it waits
        platform, disconnected = BusyPlatform(tls), asyncio.Event()
        async with same_as_before(), platform.serve() as server:
            dialing = asyncio.create_task(dial(server.sockets[0].getsockname()[1], disconnected))
            await disconnected.wait()
            turns = await cancelled(loop, turn, dialing)
            assert turn is not None or platform.attempts == 3
            await asyncio.sleep(0.01)
            assert not server.connections, "the socket is closed"
        scene.nothing_is_open()
        return turns

    every_turn(scenario)


def test_who_cancels_the_goodbye_to_a_peer_that_is_gone_waits_no_longer(same_as_before, tls):
    """The far end upgrades, then neither reads nor writes; the program is told to stop, and then once more."""

    async def upgrade_and_freeze(reader, writer):
        request = await reader.readuntil(b"\r\n\r\n")
        key = request.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
        head = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
        writer.write("\r\n".join([*head, f"Sec-WebSocket-Accept: {accept_key(key)}", "", ""]).encode())
        await over.wait()
        writer.close()

    async def hold(port):
        async with phonewire.connect(f"{'wss' if tls else 'ws'}://127.0.0.1:{port}/", protocol="twilio") as call:
            await call.wait_ended()

    async def main(loop):
        async with same_as_before():
            server = await asyncio.start_server(upgrade_and_freeze, "127.0.0.1", 0, ssl=tls)
            dialing = asyncio.create_task(hold(server.sockets[0].getsockname()[1]))
            await asyncio.sleep(1)
            start_s = loop.time()
            for _ in range(2):
                dialing.cancel()
                await asyncio.sleep(0.5)
            assert dialing.cancelled()
            assert loop.time() == start_s + 1
            assert len(asyncio.all_tasks()) == 2, "this one, and that of the far end"
            over.set()
            server.close()

    over = asyncio.Event()
    run(main)

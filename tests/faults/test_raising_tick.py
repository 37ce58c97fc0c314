"""A call whose tick raises ends at once, and nothing happens to the others of the same clock."""

import asyncio
import contextlib
import itertools
import logging

import pytest
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosedError

import phonewire
from phonewire import rtp
from phonewire.aio.faults import injected
from phonewire.aio.server.pages import Observe
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols.connection import Ended, EndReason

pytestmark = pytest.mark.usefixtures("tls")

SPEECH = bytes(range(0x70)) * 150  # 2.1 s
CALLS, TICK = 3, 50


class Failing:
    """Fails at the n-th passing of a place."""

    def __init__(self, name, nth):
        self.name, self.left = name, nth

    def __call__(self, name):
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                self.at_s = asyncio.get_running_loop().time()
                raise MemoryError("planted")


def errors(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_it_ends_and_the_others_go_on(on_fake_clock, same_as_before, caplog):
    calls, ends = {}, {}

    async def bot(call):
        calls[call.id] = call
        await call.write_payload(SPEECH)
        await call.drain()

    async def note(call):
        async for event in call.events():
            if isinstance(event, Ended):
                ends[call.id] = asyncio.get_running_loop().time(), event.reason

    async def watched_bot(call):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(note(call))
            await bot(call)
            await call.close()

    async def phone(server, number):
        async with TwilioCaller(server.url + "/twilio", call_sid=f"CA{number}") as caller:
            await caller.wait_closed()
            return caller.close_code

    async def main():
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None, handler=watched_bot)
        observe = Observe(address=("127.0.0.1", 0))
        async with same_as_before(), phonewire.serve(None, endpoints=[endpoint], observe=observe) as server:
            with injected(failing):
                codes = await asyncio.gather(*(phone(server, number) for number in range(CALLS)))
            reader, writer = await asyncio.open_connection("127.0.0.1", server.observe_port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            metrics = (await reader.read()).decode()
            writer.close()
            assert server.handler_errors == 0, "it was no fault of the handler's"
        (broken,) = [call for call in calls.values() if call.end_reason is EndReason.FAILED]
        assert ends[broken.id] == (failing.at_s, EndReason.FAILED), "at once"
        assert sorted(codes) == [1000] * (CALLS - 1) + [1011]
        assert broken.stats().faults == 1
        assert broken.stats().ms_out + broken.stats().unsent_ms == len(SPEECH) / 8, "what was not sent is counted"
        assert broken.stats().unsent_ms > 0
        for call in set(calls.values()) - {broken}:
            assert (call.end_reason, call.stats().faults, call.stats().ms_out) == (EndReason.CLOSED, 0, len(SPEECH) / 8)
        (line,) = errors(caplog)
        assert line.getMessage() == f"call {broken.id}: sending failed"
        assert (line.event, line.call_id, line.what) == ("failed", broken.id, "sending")
        assert 'phonewire_faults_total{protocol="twilio"} 1.0' in metrics
        assert 'phonewire_calls_ended_total{protocol="twilio",reason="failed"} 1.0' in metrics

    failing = Failing("outbound.tick", TICK)
    on_fake_clock(main)


@pytest.mark.parametrize("place", ["outbound.tick", "transport.write"])
def test_a_client_is_told_and_does_not_dial_again(on_fake_clock, tls, same_as_before, caplog, place):
    """A tick of a VoIPBIN call plays out what came, or sends; what raised in it would raise again."""
    dialed = []

    async def speak(websocket):
        for number in itertools.count(1):
            header = {"payload_type": 0, "sequence_number": number, "timestamp": 160 * number, "ssrc": 0}
            await websocket.send(rtp.pack(bytes(160), **header))
            await asyncio.sleep(0.02)

    async def platform(websocket):
        dialed.append(websocket)
        speaking = asyncio.create_task(speak(websocket))
        with contextlib.suppress(ConnectionClosedError):
            async for _ in websocket:
                pass
        speaking.cancel()

    async def main():
        async with same_as_before(), serve(platform, "127.0.0.1", 0, compression=None, ssl=tls) as server:
            at = f"{'wss' if tls else 'ws'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            url = f"{at}/v1.0/calls/1/media_stream?encapsulation=rtp"
            async with phonewire.connect(url) as call:
                with injected(Failing(place, TICK)):
                    heard = [frame async for frame in call.frames()]
                assert (call.end_reason, call.close_code, call.stats().faults) == (EndReason.FAILED, 1011, 1)
        assert 0 < len(heard) < 60
        assert len(dialed) == 1
        assert len(errors(caplog)) == 1

    on_fake_clock(main)

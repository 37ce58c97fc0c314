"""A thousand calls that this side dials, and a thousand that it breaks off: the process is afterwards what it was.

Run by `test_thousand_calls.py`, as `thousand_calls.py` is, which has the other side.
"""

import asyncio
import contextlib
from http import HTTPStatus

from websockets.asyncio.server import serve

import phonewire
from tests.faults.thousand_calls import CALLS, WARM_UP, _anew, a_thousand_times

__all__ = ["_anew"]  # pytest uses it

FRAME = bytes(range(160)) * 2
LINGER = 3  # how many turns of the loop later one is cancelled, at most


class FarEnd:
    """A server that listens, does not answer (``mute``), refuses (``busy``), or breaks off (``cut``)."""

    handler_errors = 0

    def __init__(self):
        self.met = 0  # connections that became WebSockets
        self.asked = asyncio.Event()

    async def __aenter__(self):
        self._server = await serve(self.talk, "127.0.0.1", 0, compression=None, process_request=self.answer)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()

    @property
    def calls(self):
        return self._server.connections

    async def answer(self, connection, request):
        if "mute" in request.path:
            self.asked.set()
            await connection.wait_closed()
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "busy\n") if "busy" in request.path else None

    async def talk(self, websocket):
        self.met += 1
        if "sln" in websocket.request.path:
            await websocket.send(FRAME)  # what VoIPBIN's clients wait for, up to a second, before they speak
        if "cut" in websocket.request.path:
            websocket.transport.abort()
        async for _ in websocket:
            pass

    def dial(self, number, how="", **options):
        """Dial as a client of Twilio's protocol and of VoIPBIN's in turn."""
        if number % 24 < 12:
            return phonewire.connect(f"{self.url}/twilio?{how}=1", protocol="twilio", **options)
        url = f"{self.url}/v1.0/calls/1/media_stream?encapsulation=sln&{how}=1"
        return phonewire.connect(url, **options)


async def connecting(far_end, number, ready):
    ready.set()
    async with far_end.dial(number):
        await asyncio.Event().wait()


async def asking_for_a_token(far_end, number, ready):
    async def token():
        ready.set()
        await asyncio.Event().wait()

    async with far_end.dial(number, token=token):
        pass


async def waiting_for_an_answer(far_end, number, ready):
    far_end.asked = ready
    async with far_end.dial(number, "mute"):
        pass


async def refused(far_end, number, ready):
    async with far_end.dial(number, "busy", redial=phonewire.Redial(retries=0)):
        pass


async def giving_up(far_end, number, ready):
    async with far_end.dial(number):
        raise ConnectionError("the program has")


async def writing(far_end, number, ready):
    async with far_end.dial(number, queue_ms=100) as call:
        ready.set()
        await call.write_payload(FRAME * 50)


async def listening(far_end, number, ready):
    async with far_end.dial(number) as call:
        ready.set()
        async for _ in call.frames():
            pass


async def reading_events(far_end, number, ready):
    async with far_end.dial(number) as call:
        ready.set()
        async for _ in call.events():
            pass


async def draining(far_end, number, ready):
    async with far_end.dial(number) as call:
        await call.write_payload(FRAME * 5)
        ready.set()
        await call.drain()


async def cut_off(far_end, number, ready):
    async with far_end.dial(number, "cut", redial=phonewire.Redial(retries=0)) as call:
        await call.wait_ended()


async def dialing_again(far_end, number, ready):
    waiting = phonewire.Redial(first_s=60, most_s=60)
    async with far_end.dial(12, "cut", redial=waiting) as call:  # Twilio's are not dialed again
        async for event in call.events():
            if isinstance(event, phonewire.Disconnected):
                ready.set()


async def hanging_up(far_end, number, ready):
    async with far_end.dial(number) as call:
        await call.write_payload(FRAME)
        ready.set()


TWELVE_POINTS = [
    connecting,
    asking_for_a_token,
    waiting_for_an_answer,
    refused,
    giving_up,
    writing,
    listening,
    reading_events,
    draining,
    cut_off,
    dialing_again,
    hanging_up,
]


async def test_a_thousand_calls_that_we_dial_leave_nothing(process_baseline):
    ends = []

    async def one(far_end, number):
        async with far_end.dial(number, pace="none") as call:
            await call.write_payload(FRAME * 2)
            await call.drain()
        ends.append(call.end_reason)

    async with FarEnd() as far_end:
        assert sum(await a_thousand_times(one, process_baseline, lambda: contextlib.nullcontext(far_end))) <= 1 << 20
        assert len(ends) == far_end.met == CALLS + WARM_UP
    assert set(ends) == {phonewire.EndReason.CLOSED}


async def test_a_thousand_calls_that_we_break_off_at_twelve_points_leave_nothing(process_baseline):
    reached = set()

    async def one(far_end, number):
        point, ready = TWELVE_POINTS[number % 12], asyncio.Event()
        calling = asyncio.create_task(point(far_end, number, ready))
        calling.add_done_callback(lambda _: ready.set())
        await ready.wait()
        for _ in range(number // 12 % (LINGER + 1)):
            await asyncio.sleep(0)
        reached.add((point.__name__, calling.done()))
        calling.cancel()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, phonewire.HandshakeError):
            await calling

    async with FarEnd() as far_end:
        assert sum(await a_thousand_times(one, process_baseline, lambda: contextlib.nullcontext(far_end))) <= 1 << 20
    ended = {refused.__name__, giving_up.__name__, cut_off.__name__}  # by themselves; the others are cancelled there
    assert {(point.__name__, point.__name__ in ended) for point in TWELVE_POINTS} <= reached

"""What happens to calls when the application that they are in is stopped; on the fake clock."""

import asyncio
import contextlib
import signal

import pytest
from websockets.exceptions import InvalidStatus

import phonewire
from phonewire.emulators.genesys import GenesysCaller
from phonewire.emulators.twilio import TwilioCaller
from phonewire.protocols import audiohook
from tests.web.sites import START, close_code, on_uvicorn, until, wait

pytestmark = pytest.mark.usefixtures("phonewire_clock")


@pytest.fixture
def terminated():
    """Let SIGTERM do nothing after all: a web server hands it on when it has stopped."""
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    yield heard
    signal.signal(signal.SIGTERM, before)


def calls_of(protocol="twilio", handler=wait, **options):
    return phonewire.asgi([phonewire.Endpoint("/call", protocol, auth=None)], handler=handler, **options)


async def test_goodbyes_are_said_before_uvicorn_hears_of_the_signal(terminated):
    calls = calls_of()
    async with on_uvicorn(calls) as (port, stop):
        callers = [TwilioCaller(f"ws://127.0.0.1:{port}/call") for _ in range(20)]
        for caller in callers:
            await caller.__aenter__()
        await until(lambda: len(calls.calls) == 20)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.gather(*(caller.wait_closed() for caller in callers))
        assert [caller.close_code for caller in callers] == [1001] * 20
        await until(lambda: terminated)
        await stop()
    assert terminated == [signal.SIGTERM]


async def test_a_protocol_that_has_a_goodbye_says_it(terminated):
    async with on_uvicorn(calls_of("audiohook")) as (port, _), GenesysCaller(f"ws://127.0.0.1:{port}/call") as caller:
        await caller.say(bytes(8000))
        signal.raise_signal(signal.SIGTERM)
        await caller.until(lambda: any(isinstance(event, audiohook.Disconnect) for event in caller.events))


async def test_a_second_signal_is_the_servers_own(terminated):
    async def stubborn(call):
        await asyncio.sleep(1000)

    loop = asyncio.get_running_loop()
    calls = calls_of(handler=stubborn, limits=phonewire.Limits(close_s=1000))
    async with on_uvicorn(calls, timeout_graceful_shutdown=1) as (port, _):
        caller = TwilioCaller(f"ws://127.0.0.1:{port}/call")
        await caller.__aenter__()
        await until(lambda: calls.calls)
        began_s = loop.time()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
        signal.raise_signal(signal.SIGTERM)
        await until(lambda: terminated)
        assert 1 < loop.time() - began_s < 3
    assert calls.calls == set()


@pytest.mark.parametrize(("talks_s", "waited_s", "code"), [(10, 10, 1000), (1000, 30, 1001)])
async def test_calls_may_come_to_their_end_first(terminated, talks_s, waited_s, code):
    async def talk(call):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(talks_s):
                await call.wait_ended()

    loop = asyncio.get_running_loop()
    calls = calls_of(handler=talk, drain_seconds=30, limits=phonewire.Limits(media_idle_s=None))
    async with on_uvicorn(calls) as (port, stop), TwilioCaller(f"ws://127.0.0.1:{port}/call") as caller:
        await until(lambda: calls.calls)
        began_s = loop.time()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        with pytest.raises(InvalidStatus, match="503"):
            async with TwilioCaller(f"ws://127.0.0.1:{port}/call"):
                pass
        assert not terminated
        await caller.wait_closed()
        assert loop.time() - began_s == pytest.approx(waited_s, abs=0.5)
        assert caller.close_code == code
        await until(lambda: terminated)
        await stop()
    assert terminated == [signal.SIGTERM]


async def test_a_second_signal_does_not_let_calls_come_to_their_end(terminated):
    loop = asyncio.get_running_loop()
    calls = calls_of(drain_seconds=1000, limits=phonewire.Limits(media_idle_s=None))
    async with on_uvicorn(calls) as (port, stop), TwilioCaller(f"ws://127.0.0.1:{port}/call") as caller:
        await until(lambda: calls.calls)
        began_s = loop.time()
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(0)
        await caller.wait_closed()
        await stop()
        assert loop.time() - began_s < 5
    assert set(terminated) == {signal.SIGTERM}


@pytest.mark.parametrize(("signalled", "waited_s"), [(False, 30), (True, 1)])
async def test_an_application_lets_calls_come_to_their_end_once(terminated, site, signalled, waited_s):
    """Whom a signal has made wait already is not made to wait again when the application ends all the same."""
    loop = asyncio.get_running_loop()
    async with site(drain_seconds=30, limits={"media_idle_s": None}) as served:
        async with served.dialed("/twilio", START) as websocket:
            await until(lambda: served.calls.calls)
            began_s = loop.time()
            if signalled:
                signal.raise_signal(signal.SIGTERM)
                await asyncio.sleep(1)
            leaving = asyncio.create_task(served.calls.__aexit__(None, None, None))
            assert await close_code(websocket) == 1001
            await leaving
            assert loop.time() - began_s == pytest.approx(waited_s, abs=0.5)
        if signalled:
            await until(lambda: terminated)


async def test_a_stop_that_is_cancelled_waits_for_no_call_to_come_to_its_end(site):
    limits = {"media_idle_s": None}
    async with site(drain_seconds=1000, limits=limits) as served, served.dialed("/twilio", START) as websocket:
        await until(lambda: served.calls.calls)
        leaving = asyncio.create_task(served.calls.__aexit__(None, None, None))
        await until(lambda: served.calls._gate.stopping)
        leaving.cancel()
        assert await close_code(websocket) == 1001
        await asyncio.wait([leaving])
        assert leaving.cancelled()


async def test_nothing_goes_on_of_a_wait_for_calls_that_is_cancelled(site):
    async with site(limits={"media_idle_s": None}) as served, served.dialed("/twilio", START):
        await until(lambda: served.calls.calls)
        draining = asyncio.create_task(served.calls.drain(1000))
        await until(lambda: "Call.wait_ended" in {task.get_coro().__qualname__ for task in asyncio.all_tasks()})
        draining.cancel()
        await asyncio.wait([draining])
        await until(lambda: "Call.wait_ended" not in {task.get_coro().__qualname__ for task in asyncio.all_tasks()})


async def test_the_last_goodbye_is_given_time_to_be_written(terminated):
    """The web server is told a quarter of a second later, and at once where nobody was there."""
    loop = asyncio.get_running_loop()
    sent_s = []

    async def send(message):
        if message["type"] == "websocket.close":
            sent_s.append(loop.time())
            inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})

    inbox = asyncio.Queue()
    for message in ({"type": "websocket.connect"}, {"type": "websocket.receive", "text": START}):
        inbox.put_nowait(message)
    scope = {"type": "websocket", "path": "/call", "headers": [], "client": ["203.0.113.1", 5060]}
    async with (calls := calls_of()):
        taken = asyncio.create_task(calls(scope, inbox.get, send))
        await until(lambda: calls.calls)
        signal.raise_signal(signal.SIGTERM)
        await until(lambda: terminated)
        assert loop.time() - sent_s[0] == pytest.approx(0.25, abs=0.02)
        await taken


async def test_without_calls_a_signal_is_handed_on_at_once(terminated):
    loop = asyncio.get_running_loop()
    async with on_uvicorn(calls_of()) as (_, stop):
        began_s = loop.time()
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        await stop()
        assert loop.time() - began_s < 0.5
    assert terminated == [signal.SIGTERM]


async def test_signals_are_left_as_they_were(terminated):
    before = signal.getsignal(signal.SIGTERM)
    async with calls_of():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


async def test_an_application_that_stops_says_goodbye(site):
    ends, calls = [], []

    async def handler(call):
        calls.append(call)
        ends.append(await call.wait_ended())

    async with site(handler) as served, served.dialed("/twilio", START) as websocket:
        async with served.dialed("/twilio") as waiting:
            await until(lambda: served.calls.calls)
            stopping = asyncio.create_task(served.calls.close())
            assert await close_code(websocket) == 1001
            assert await close_code(waiting) == 1001
            await stopping
        assert served.calls.refused == {"stopping": 1}
    assert ends == [phonewire.EndReason.CLOSED]
    assert [call.close_code for call in calls] == [1001]


async def test_handlers_that_do_not_end_are_cancelled(site, caplog):
    cancelled = []

    async def stubborn(call):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            cancelled.append(call.id)
            raise

    async with site(stubborn) as served, served.dialed("/twilio", START) as websocket:
        await until(lambda: served.calls.calls)
        closing = asyncio.create_task(served.calls.close(drain_s=1.0))
        assert await close_code(websocket) == 1001
        await closing
    assert cancelled == ["CA1"]
    assert "Exception in ASGI" not in caplog.text


async def test_a_stop_that_is_cancelled_waits_no_longer(site):
    cancelled = []

    async def stubborn(call):
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(call.id)

    async with site(stubborn) as served, served.dialed("/twilio", START) as websocket:
        await until(lambda: served.calls.calls)
        closing = asyncio.create_task(served.calls.close(drain_s=600))
        assert await close_code(websocket) == 1001
        closing.cancel()
        await asyncio.wait([closing])
        assert cancelled == ["CA1"]
        assert "Call.close" not in {task.get_coro().__qualname__ for task in asyncio.all_tasks()}


async def test_goodbyes_end_in_time_beside_a_handler_that_does_not(site, caplog):
    """Genesys has 4 s for its part of the goodbye, unless the server has less."""
    over = asyncio.Event()

    async def deaf(call):
        while not over.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await over.wait()

    async with site(deaf, protocol="audiohook") as served:
        caller = GenesysCaller(served.url + "/twilio")
        await caller.__aenter__()
        await until(lambda: served.calls.calls)
        caller._socket.transport.pause_reading()
        await served.calls.close(drain_s=0.5)
        assert "Call.close" not in {task.get_coro().__qualname__ for task in asyncio.all_tasks()}
        assert "1 handlers do not end" in caplog.text
        over.set()
        caller._socket.transport.resume_reading()
        await caller.wait_closed()


async def test_a_connection_that_is_cancelled_no_longer_waits_for_its_call(site):
    async with site() as served, served.dialed("/twilio"):
        await until(lambda: len(served.calls._gate.waiting) == 1)
        (guest,) = served.calls._guests
        guest.cancel()
        await until(guest.done)
        assert len(served.calls._gate.waiting) == 0


async def test_an_application_may_run_again():
    calls = calls_of()
    for _ in range(2):
        async with on_uvicorn(calls) as (port, _), TwilioCaller(f"ws://127.0.0.1:{port}/call") as caller:
            await caller.say(bytes(1600))
            assert len(calls.calls) == 1

"""`serve_forever` of both servers: until the server is closed, the task is cancelled, or a signal says so."""

import asyncio
import os
import signal

import pytest

import phonewire


async def wait(call):
    await call.wait_ended()


@pytest.fixture(params=["ws", "wss", "AudioSocket"])
def server(request):
    if request.param == "AudioSocket":
        return phonewire.serve_audiosocket(wait, call_ids=None, addresses=None)
    tls = request.getfixturevalue("certificate") if request.param == "wss" else None
    return phonewire.serve(wait, endpoints=[phonewire.Endpoint("/twilio", "twilio", auth=None)], tls=tls)


async def test_it_ends_with_the_server(server):
    async with server, asyncio.timeout(20):
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        assert not serving.done()
        await server.close()
        await serving


async def test_it_has_to_be_started(server):
    with pytest.raises(RuntimeError, match="has not been started"):
        await server.serve_forever()


async def test_it_can_be_cancelled(server):
    async with server:
        serving = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0)
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving


@pytest.mark.skipif(os.name == "nt", reason="asyncio has no signals on Windows")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it(server, number):
    before = signal.getsignal(number)
    async with server, asyncio.timeout(20):
        serving = asyncio.create_task(server.serve_forever(stop_on_signals=True))
        await asyncio.sleep(0)
        assert signal.getsignal(number) is not before
        os.kill(os.getpid(), number)
        await serving
    assert signal.getsignal(number) in (before, signal.default_int_handler, signal.SIG_DFL)


async def test_without_signals_it_serves_all_the_same(server, monkeypatch):
    def refuse(number, *_callback):
        raise NotImplementedError

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "add_signal_handler", refuse)
    monkeypatch.setattr(loop, "remove_signal_handler", refuse)
    async with server, asyncio.timeout(20):
        serving = asyncio.create_task(server.serve_forever(stop_on_signals=True))
        await asyncio.sleep(0)
        assert not serving.done()
        await server.close()
        await serving

"""Calls say goodbye before a web server hears of a signal: one that hears it in its event loop, as granian does."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest
import uvloop

from phonewire.aio.mounted.stop_signals import StopSignals
from phonewire.emulators.genesys import GenesysCaller
from phonewire.protocols import audiohook
from tests.web.sites import free_port, listens, until

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}

APPLICATION = """
import phonewire

async def wait(call):
    await call.wait_ended()

calls = phonewire.asgi([phonewire.Endpoint("/call", "audiohook", auth=None)], handler=wait)
"""


class Server:
    """An event loop that handles signals itself, and what happens, in order."""

    def __init__(self, loop):
        self.loop, self.happened = loop, []
        self.may_end = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
            loop.add_signal_handler(number, self.happened.append, number)

    async def say_goodbye(self):
        self.happened.append("goodbye")
        await self.may_end.wait()
        self.happened.append("said")

    async def has(self, *happened):
        await asyncio.wait_for(until(lambda: len(self.happened) >= len(happened)), 10)
        assert self.happened == list(happened)


@pytest.fixture(params=LOOPS)
def loop(request):
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    loop = LOOPS[request.param]()
    yield loop
    for number in before:
        loop.remove_signal_handler(number)
    loop.close()
    for number, handler in before.items():
        signal.signal(number, handler)
    assert signal.set_wakeup_fd(-1) == -1


def run(loop, scenario):
    """Begin in one run of the loop and go on in another, as granian does."""

    async def begin():
        signals.__enter__()

    async def end():
        signals.stay_in_front()
        try:
            await scenario(server)
        finally:
            signals.__exit__()

    server = Server(loop)
    signals = StopSignals(server.say_goodbye)
    loop.run_until_complete(begin())
    loop.run_until_complete(end())
    return server


def test_the_loop_hears_when_the_goodbyes_are_said(loop):
    async def scenario(server):
        signal.raise_signal(signal.SIGTERM)
        await server.has("goodbye")
        server.may_end.set()
        await server.has("goodbye", "said", signal.SIGTERM)

    run(loop, scenario)


def test_the_same_signal_again_is_the_loops_at_once(loop):
    async def scenario(server):
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
            await until(lambda: server.happened)
        await server.has("goodbye", signal.SIGTERM)

    run(loop, scenario)


def test_another_signal_waits_as_well(loop):
    async def scenario(server):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        await server.has("goodbye")
        server.may_end.set()
        await server.has("goodbye", "said", signal.SIGINT, signal.SIGTERM)

    run(loop, scenario)


def test_signals_that_do_not_stop_a_server_are_not_held_up(loop):
    async def scenario(server):
        signal.raise_signal(signal.SIGTERM)
        await server.has("goodbye")
        signal.raise_signal(signal.SIGUSR1)
        await server.has("goodbye", signal.SIGUSR1)

    run(loop, scenario)


def test_afterwards_the_loop_hears_by_itself(loop):
    async def nothing(server):
        pass

    async def later():
        signal.raise_signal(signal.SIGTERM)
        await server.has(signal.SIGTERM)

    server = run(loop, nothing)
    loop.run_until_complete(later())


def test_a_loop_without_handlers_is_left_alone():
    async def main():
        signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
        with StopSignals(said.set):
            assert signal.set_wakeup_fd(-1) == -1

    heard, said = [], asyncio.Event()
    before = signal.getsignal(signal.SIGTERM)
    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(params=LOOPS)
def granian(request, tmp_path):
    """Run granian as its command, a process with a worker; (process, port)."""
    (tmp_path / "stopped_application.py").write_text(APPLICATION)
    port = free_port()
    options = ["--interface", "asgi", "--port", str(port), "--loop", request.param, "--no-log"]
    command = [sys.executable, "-m", "granian", *options, "stopped_application:calls"]
    process = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    yield process, port
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def interrupted(process):
    """As a terminal does on Ctrl-C, to the worker as well; its parent sends it SIGTERM besides."""
    os.killpg(process.pid, signal.SIGINT)


@pytest.mark.parametrize("stop", [subprocess.Popen.terminate, interrupted])
async def test_under_granian_a_protocol_that_has_a_goodbye_says_it(granian, stop):
    process, port = granian
    await until(lambda: process.poll() is not None or listens(port))
    callers = [GenesysCaller(f"ws://127.0.0.1:{port}/call") for _ in range(20)]
    for caller in callers:
        await caller.__aenter__()
    stop(process)
    async with asyncio.timeout(60):
        await asyncio.gather(*(caller.wait_closed() for caller in callers))
    assert [caller.close_code for caller in callers] == [1000] * 20
    assert all([audiohook.Disconnect, audiohook.Closed] == kinds(caller) for caller in callers)
    await until(lambda: process.poll() is not None)
    assert process.returncode == 0


def kinds(caller):
    return [type(event) for event in caller.events if type(event) in (audiohook.Disconnect, audiohook.Closed)]

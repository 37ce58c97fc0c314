"""Whole calls on the fake clock, and what there must be nothing left of when they are over."""

import asyncio
import contextlib
import gc
import logging
import threading
from pathlib import Path

import pytest
from websockets.exceptions import WebSocketException

import phonewire
from phonewire.aio.pacing import ticker
from phonewire.aio.server.pages import Observe
from phonewire.aio.server.webhook import Webhook
from phonewire.auth import ApiKey
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.twilio import TwilioCaller
from phonewire.emulators.voipbin import VoipbinCall
from phonewire.errors import PhonewireError
from phonewire.wav import WavInfo, WavWriter

SPEECH = bytes(range(0x70)) * 20  # 280 ms
#: What a program at either end of a broken call may be told. Everything else is a bug.
DOCUMENTED = (PhonewireError, OSError, WebSocketException)


class World:
    """A server with all that a server has, and what goes on around it."""

    def __init__(self, folder):
        self.folder = folder
        self.recordings = folder / "recordings"
        self.recordings.mkdir()
        self.prompt = folder / "prompt.wav"
        with WavWriter(self.prompt, WavInfo("ulaw", 8000, 1)) as writer:
            writer.write(SPEECH)
        self.completed = []
        self.calls = []

    async def bot(self, call):
        """Does what there is to do in a call."""
        self.calls.append(call)
        recording = call.record(self.recordings, outbound=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watch(call))
            await call.play(self.prompt)
            mark = call.mark("said")
            await mark
            await call.write_payload(SPEECH * 4)
            await asyncio.sleep(0.1)
            await call.clear()
            await call.write_payload(SPEECH)
            await call.drain()
            heard = 0
            async for frame in call.frames():
                heard += len(frame.payload)
                if heard >= 4000:
                    break
        self.completed.append(call.id)
        await recording.stop()

    async def watch(self, call):
        async for _ in call.events():
            pass

    async def consume(self, call):
        self.calls.append(call)
        async for _ in call.frames():
            pass
        self.completed.append(call.id)

    def serve(self):
        async def expected(call_id):
            return True

        return phonewire.serve(
            None,
            endpoints=[
                phonewire.Endpoint("/twilio", "twilio", auth=ApiKey(["key"]), handler=self.bot, call_ids=expected),
                phonewire.Endpoint("/daspeak-stream/v1/twilio", "das-peak", auth=None, handler=self.consume),
            ],
            webhooks=[Webhook("/voice", lambda fields: "<Response/>", auth=None)],
            observe=Observe(address=("127.0.0.1", 0)),
            limits=phonewire.Limits(max_call_seconds=3, start_s=1, drain_s=1, close_s=1),
        )

    async def twilio(self, server, *, call_id="CA1"):
        """Be Twilio for as long as the call lasts."""
        caller = TwilioCaller(server.url + "/twilio", call_sid=call_id)
        caller._headers["apikey"] = "key"
        async with caller:
            await caller.say(SPEECH)
            await asyncio.wait_for(caller.wait_closed(), 30)

    async def das_peak(self, server, *, call_id="peak"):
        async with phonewire.connect(server.url + "/daspeak-stream/v1/twilio", call_id=call_id) as call:
            await call.write_payload(SPEECH * 10)

    async def voipbin(self):
        """Call a platform whose connections break, until there is another one."""

        async def token():
            return "t"

        async def is_active():
            return True

        options = {"token": token, "is_active": is_active, "redial": phonewire.Redial(first_s=0.01)}
        async with (
            VoipbinCall(cut_every_s=0.1) as phone,
            phonewire.connect(phone.url("sln"), **options) as call,
        ):
            self.calls.append(call)
            async for event in call.events():
                if isinstance(event, phonewire.Reconnected):
                    break
            await call.write_payload(bytes(640))

    async def ask(self, port, request, *, tls=False):
        """Send an HTTP request; return the status, None when there was no answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        writer.write(request.encode())
        answer = await reader.read()
        writer.close()
        return int(answer.split()[1]) if answer else None

    async def everything(self, server):
        """Do all of it, each whatever became of the others; return what went wrong."""
        tls = server.url.startswith("wss")
        parts = [
            self.twilio(server),
            self.das_peak(server),
            self.voipbin(),
            self.ask(server.observe_port, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"),
            self.ask(server.port, "POST /voice HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b", tls=tls),
        ]
        results = await asyncio.gather(*(asyncio.create_task(part) for part in parts), return_exceptions=True)
        unexpected = [each for each in results if isinstance(each, BaseException) and not isinstance(each, DOCUMENTED)]
        assert not unexpected, unexpected
        return [each for each in results if isinstance(each, BaseException)] + [
            status for status in results[3:] if status != 200
        ]


def baseline(loop):
    """Return what is open, runs, or waits."""
    return {
        "descriptors": sorted(_descriptors()),
        "tasks": {task.get_coro().__qualname__ for task in asyncio.all_tasks(loop)},
        "timers": [handle for handle in loop._scheduled if not handle._cancelled],
        "threads": threading.active_count(),
    }


def _descriptors():
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that reads this list
            yield str(entry.readlink())


@pytest.fixture
def process_baseline():
    """Return what is open, runs, or waits; the same before and after."""
    return baseline


@pytest.fixture
def same_as_before():
    """Check that nothing is left of what goes on in the block: ``async with same_as_before():``."""

    @contextlib.asynccontextmanager
    async def check():
        loop = asyncio.get_running_loop()
        told = []
        loop.set_exception_handler(lambda loop, context: told.append(context))
        ticker()  # lets go of the clocks of loops that other tests have closed
        gc.collect()  # or what earlier loops have left would be frozen, too: all_tasks() goes through all of it
        gc.freeze()  # what was there before need not be looked at again
        before = baseline(loop)
        yield
        for _ in range(10):
            await asyncio.sleep(0)
        gc.collect()  # so that tasks whose errors nobody asked for say so
        assert baseline(loop) == before
        assert told == [], "an error that nobody has handled"

    return check


@pytest.fixture
def world(tmp_path, tls):
    """A server with all that a server has: ``async with world.serve() as server: await world.everything(server)``."""
    return World(tmp_path)


@pytest.fixture
def on_fake_clock():
    """Run a coroutine function in a loop where no real time passes."""

    def run(main):
        with asyncio.Runner(loop_factory=FakeClockLoop) as runner:
            return runner.run(main())

    return run


@pytest.fixture(autouse=True)
def _quiet(caplog):
    caplog.set_level(logging.DEBUG, "phonewire")

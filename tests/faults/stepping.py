"""A loop that does something at any of its turns, and a call to do it to."""

import asyncio
import contextlib

from websockets.exceptions import WebSocketException

import phonewire
from phonewire.emulators.clock import FakeClockLoop
from phonewire.emulators.twilio import TwilioCaller
from phonewire.wav import WavInfo, WavWriter

__all__ = ["SPEECH", "Scene", "SteppingLoop", "cancelled", "carrying", "every_turn", "once_or_twice", "run"]

SPEECH = bytes(range(0x70)) * 5  # 70 ms
LIMITS = phonewire.Limits(close_s=1, drain_s=1)


class SteppingLoop(FakeClockLoop):
    """Does something between two turns of the loop."""

    def __init__(self):
        super().__init__()
        self.turns = 0
        self.thread_s = 0.005  # so that a disk is still at work when a call is over
        self.at = {}

    def _run_once(self):
        self.turns += 1
        action = self.at.pop(self.turns, None)
        if action is not None:
            self.call_soon(action)
        super()._run_once()


class Scene:
    """A short call that does a bit of everything, and the tasks that can be cancelled."""

    def __init__(self, folder):
        self.folder = folder
        self.prompt = folder / "prompt.wav"
        with WavWriter(self.prompt, WavInfo("ulaw", 8000, 1)) as writer:
            writer.write(SPEECH)
        self.calls, self.dialed = [], []

    async def bot(self, call):
        self.calls.append(call)
        call.record(self.folder, outbound=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.listen(call))
            await call.play(self.prompt)
            await call.mark("said")
            await call.write_payload(SPEECH)
            await call.clear()
            await call.write_payload(SPEECH[:100])
            await call.drain()
            await call.close()

    async def listen(self, call):
        async for _ in call.frames():
            pass

    def serve(self):
        endpoint = phonewire.Endpoint("/twilio", "twilio", auth=None)
        return phonewire.serve(self.bot, endpoints=[endpoint], limits=LIMITS)

    def serve_audiosocket(self):
        return phonewire.serve_audiosocket(self.bot, call_ids=None, addresses=None, limits=LIMITS)

    async def phone(self, server):
        with contextlib.suppress(OSError, WebSocketException):
            async with TwilioCaller(server.url + "/twilio") as caller:
                await caller.say(SPEECH)
                await caller.wait_closed()

    async def dial(self, server):
        with contextlib.suppress(OSError, phonewire.PhonewireError):
            async with phonewire.connect(server.url + "/twilio", protocol="twilio") as call:
                self.dialed.append(call)
                call.record(self.folder)
                await call.write_payload(SPEECH)
                async for _ in call.frames():
                    pass

    def nothing_is_open(self):
        assert all(call.end_reason is not None for call in self.calls)
        assert not list(self.folder.glob("*.part*")), "a recording that was begun is complete"
        for path in self.folder.glob("2*"):
            path.unlink()


def carrying(calls):
    """Return those whose messages are still being carried, or whose recordings are being finished."""
    running = [task.get_coro() for task in asyncio.all_tasks() if task.get_coro().__qualname__ == "Call.run"]
    return [coroutine for coroutine in running if coroutine.cr_frame.f_locals["self"] in calls]


def run(main):
    told = []
    with asyncio.Runner(loop_factory=SteppingLoop) as runner:
        runner.get_loop().set_exception_handler(lambda loop, context: told.append(context))
        turns = runner.run(main(runner.get_loop()))
    assert told == [], "an error that nobody has handled"
    return turns


def every_turn(scenario, least=40):
    """Run the scenario once to see how many turns it takes, then with an action at each of them."""
    turns = run(lambda loop: scenario(loop, None))
    assert turns > least
    for turn in range(1, turns + 1):
        run(lambda loop, turn=turn: scenario(loop, turn))


def once_or_twice(loop, turn, cancel):
    """Cancel at a turn from now; every other time once more soon after, while what was cancelled says goodbye."""
    if turn is not None:
        loop.at[loop.turns + turn] = cancel
        if turn % 2:
            loop.at[loop.turns + turn + 2] = cancel


async def cancelled(loop, turn, task, *, twice=False):
    """Cancel a task at a turn from now, see it to its end, and return how many turns that took."""
    start = loop.turns
    if twice:
        once_or_twice(loop, turn, task.cancel)
    elif turn is not None:
        loop.at[start + turn] = task.cancel
    await asyncio.wait([task])
    assert task.cancelled() or task.exception() is None
    return loop.turns - start

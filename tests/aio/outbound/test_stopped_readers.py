"""Far ends that stop reading: what waits for them is bounded and counted, and nobody else is late."""

import asyncio

from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings, make_engine
from phonewire.protocols.connection import Side

CALLS, STOPPED, SECONDS = 200, 20, 8
SECOND = bytes(8000)
SOCKET_BYTES = 65_536
MESSAGE_BYTES = 400  # more than a media message has


class Socket:
    """A connection whose far end reads at once, or not at all."""

    peer = "memory"

    def __init__(self):
        self.reads = True
        self.buffered_bytes = self.most_buffered_bytes = 0
        self.written_at = []

    def write(self, data, text):
        self.written_at.append(asyncio.get_running_loop().time())
        if not self.reads:
            self.buffered_bytes += len(data)
            self.most_buffered_bytes = max(self.buffered_bytes, self.most_buffered_bytes)
        return True

    async def close(self, code=1000, reason=""):
        pass

    def resume(self):
        self.reads, self.buffered_bytes = True, 0


def make_call(policy):
    phone = make_engine("twilio", Side.CLIENT, media_format=None, message_bytes=65_536)
    announce(phone, None, {})
    engine = make_engine("twilio", Side.SERVER, media_format=None, message_bytes=65_536)
    for data, text in phone.data_to_send():
        engine.receive(data, text=text)
    return Call(engine, Socket(), call_settings("twilio", engine, Side.SERVER, queue_policy=policy))


class Talk:
    """200 calls that are spoken to, a second of audio every second; every tenth may have stopped reading."""

    def __init__(self, policy):
        self.calls = [make_call(policy) for _ in range(CALLS)]
        self.stopped = self.calls[::10]
        self.others = [call for call in self.calls if call not in self.stopped]
        self.most_queued_ms = 0

    async def run(self, *, stop):
        """Speak until it is all said where there was room for it."""
        for call in self.stopped:
            socket_of(call).reads = not stop
        watching = asyncio.create_task(self.watch())
        self.speaking = [asyncio.create_task(self.speak(*item)) for item in enumerate(self.calls)]
        await asyncio.sleep(SECONDS + 1.5)
        watching.cancel()

    async def speak(self, number, call):
        loop = asyncio.get_running_loop()
        began = loop.time() + number / CALLS
        for second in range(SECONDS):
            await asyncio.sleep(began + second - loop.time())
            await call.write_payload(SECOND)

    async def watch(self):
        while True:
            self.most_queued_ms = max(self.most_queued_ms, *(call.stats().queued_ms for call in self.calls))
            await asyncio.sleep(0.1)

    async def read_again(self):
        for call in self.stopped:
            socket_of(call).resume()
        await asyncio.sleep(SECONDS)

    async def end(self):
        await asyncio.gather(*self.speaking, *(call.close() for call in self.calls))


def socket_of(call):
    return call._line.transport


def times(calls):
    return [socket_of(call).written_at for call in calls]


def test_twenty_of_two_hundred_stop_reading(virtual):
    async def undisturbed():
        talk = Talk("wait")
        await talk.run(stop=False)
        await talk.end()
        return times(talk.others)

    expected = virtual(undisturbed())
    for policy in ("wait", "drop-oldest"):
        assert virtual(disturbed(policy)) == expected, "nobody else is a moment early or late"


async def disturbed(policy):
    talk = Talk(policy)
    await talk.run(stop=True)
    others = [list(each) for each in times(talk.others)]
    assert len(talk.stopped) == STOPPED
    assert 1900 <= talk.most_queued_ms <= 2000, "the queue is full, and no more than that"
    for call in talk.stopped:
        stats = call.stats()
        assert SOCKET_BYTES <= socket_of(call).most_buffered_bytes < SOCKET_BYTES + MESSAGE_BYTES
        if policy == "drop-oldest":
            assert stats.dropped_ms == SECONDS * 1000 - stats.ms_out - stats.queued_ms > 1000
        else:
            assert stats.dropped_ms == 0
    waiting = [task for task in talk.speaking if not task.done()]
    assert len(waiting) == (STOPPED if policy == "wait" else 0)
    await talk.read_again()
    for call in talk.stopped:
        stats = call.stats()
        assert (stats.queued_ms, stats.ms_out + stats.dropped_ms) == (0, SECONDS * 1000)
    await talk.end()
    return others

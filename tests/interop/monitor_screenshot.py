"""The picture of the monitor in the documents: ``python -m tests.interop.monitor_screenshot docs/monitor.png``.

Emulated calls of several protocols come to servers here, one of them over a network that loses packets.
"""

import argparse
import asyncio
import contextlib
import itertools
import tempfile
import uuid
from pathlib import Path

from websockets.asyncio.client import connect as dial

import phonewire
from phonewire import rtp
from phonewire.emulators.asterisk import AsteriskCaller
from phonewire.emulators.genesys import GenesysCaller
from phonewire.emulators.speech import samples, ulaw
from phonewire.emulators.twilio import TwilioCaller

from .chromium import opened
from .png import smaller

SPEECH = Path(__file__).parents[2] / "examples" / "audio" / "speech.wav"
LOST_EVERY = 40  # packets

ENDPOINTS = [
    phonewire.Endpoint("/twilio", "twilio", auth=None),
    phonewire.Endpoint("/audiohook", "audiohook", auth=None),
    phonewire.Endpoint("/calls/{id}/media_stream", "voipbin", auth=None),
]


async def echo(call: phonewire.Call) -> None:
    """Say back what is heard, where that can be."""
    async for frame in call.frames():
        if call.may_send:
            await call.write(frame.pcm)


async def call_as_voipbin_client(url: str) -> None:
    """Speak in RTP packets, some of which are lost."""
    speech = samples(SPEECH)
    packets = rtp.Packetizer(96, ssrc=7, sequence_number=1, timestamp=0, samples_per_packet=160, payload_size=320)
    async with (
        dial(f"{url}/calls/{uuid.uuid4()}/media_stream?encapsulation=rtp") as socket,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(discard(socket))
        for number, packet in enumerate(packets.packetize(speech)):
            if number % LOST_EVERY:
                await socket.send(packet)
            await asyncio.sleep(0.02)


async def discard(socket) -> None:
    """Take what comes."""
    async for _ in socket:
        pass


async def call_by(caller, *speech: object) -> None:
    """Speak as one of the emulators."""
    async with caller:
        await caller.say(*speech)


@contextlib.asynccontextmanager
async def monitored(count: int):
    """Serve *count* calls, and yield the monitor's URL."""
    async with contextlib.AsyncExitStack() as stack:
        monitor = await stack.enter_async_context(phonewire.Monitor())
        limits = phonewire.Limits(unauthenticated_per_address=1000)
        server = phonewire.serve(echo, endpoints=ENDPOINTS, monitor=monitor, limits=limits)
        await stack.enter_async_context(server)
        tcp = phonewire.serve_audiosocket(echo, call_ids=None, addresses=None, monitor=monitor, limits=limits)
        await stack.enter_async_context(tcp)
        voice = ulaw(SPEECH)
        kinds = itertools.cycle(
            [
                lambda: call_by(TwilioCaller(f"{server.url}/twilio"), voice),
                lambda: call_as_voipbin_client(server.url),
                lambda: call_by(AsteriskCaller("127.0.0.1", tcp.port), samples(SPEECH)),
                lambda: call_by(GenesysCaller(f"{server.url}/audiohook"), voice, voice[40_000:] + voice[:40_000]),
            ]
        )
        async with asyncio.TaskGroup() as tasks:
            calls = []
            for number, make in zip(range(count), kinds, strict=False):
                calls.append(tasks.create_task(make()))
                await asyncio.sleep(3 / (number + 1))
            yield monitor.url
            for call in calls:
                call.cancel()


async def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--calls", type=int, default=4)
    parser.add_argument("--size", type=int, nargs=2, default=(1260, 586))
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    width, height = options.size
    with tempfile.TemporaryDirectory() as folder:
        async with (
            monitored(options.calls) as url,
            opened(url, Path(folder), width=width, height=height, dark=options.dark) as page,
        ):
            await page.until(f"rows.size === {options.calls}")
            await page.evaluate("document.querySelector('#rows tr:nth-child(2) .listen').click()")
            await asyncio.sleep(options.seconds)
            options.path.write_bytes(smaller(await page.screenshot()))
            assert not page.complaints, page.complaints


if __name__ == "__main__":
    asyncio.run(main())

"""Parties at the far ends of calls in a conference: engines on memory, which say frames at exact times and keep all."""

import asyncio
import contextlib

import numpy as np
import pytest

from phonewire import g711
from phonewire.aio.call.call import Call
from phonewire.aio.call.engines import announce, call_settings
from phonewire.protocols import audiosocket, twilio, voipbin
from phonewire.protocols.connection import Media, MediaFormat, Side, State

FRAME = 160  # samples


def engines(kind, rate_hz=8000):
    """Return the engines of both ends of a call: ours and the party's."""
    if kind in twilio.DIALECTS:
        sides = [twilio.Connection(side, dialect=twilio.DIALECTS[kind]) for side in (Side.SERVER, Side.CLIENT)]
    elif kind == "audiosocket":
        media_format = MediaFormat("s16le", rate_hz)
        sides = [audiosocket.Connection(side, media_format=media_format) for side in (Side.SERVER, Side.CLIENT)]
        sides[1].send(audiosocket.Start("12345678-1234-1234-1234-123456789abc"))
    else:
        encapsulation, wire = kind.split()
        options = {"encapsulation": encapsulation, "dialect": voipbin.DIALECTS[wire], "call_id": "room"}
        sides = [voipbin.Connection(side, **options) for side in (Side.SERVER, Side.CLIENT)]
    announce(sides[1], None, {})
    return sides


class Party:
    """Who speaks and listens at the far end of a call.

    Attributes:
        call: ours.
        heard: what came, as (when, samples).
    """

    def __init__(self, kind, pair, rate_hz=8000):
        self.kind = kind
        near, self.transport = pair()
        ours, self.engine = engines(kind, rate_hz)
        for data, text in self.engine.data_to_send():
            ours.receive(data, text=text)
        protocol = "voipbin" if " " in kind else kind
        self.call = Call(ours, near, call_settings(protocol, ours, Side.SERVER))
        self.heard = []

    async def listen(self):
        self.engine.connected(int(asyncio.get_running_loop().time() * 1e9))
        while not isinstance(message := await self.transport.inbox.get(), int):
            for event in self.engine.receive(message[0], text=message[1]):
                if isinstance(event, Media):
                    self.heard.append((asyncio.get_running_loop().time(), event.pcm))

    def say(self, samples):
        """Send samples as one message, or as several where the protocol's have a length."""
        assert self.engine.state is State.OPEN
        self.engine.send_audio(np.asarray(samples, np.int16))
        for data, text in self.engine.data_to_send():
            self.transport.write(data, text)

    async def say_frames(self, samples, at_s, size=FRAME):
        """Send samples frame by frame, the first of them at *at_s*."""
        loop = asyncio.get_running_loop()
        for n, start in enumerate(range(0, len(samples), size)):
            await asyncio.sleep(at_s + n * 0.02 - loop.time())
            self.say(samples[start : start + size])

    @property
    def audio(self):
        """All that was heard, as an array of samples."""
        return np.frombuffer(b"".join(pcm for _, pcm in self.heard), np.int16)

    def as_said(self, samples):
        """Return what the codec leaves of *samples* on their way to us."""
        return companded(samples) if self.kind in ("twilio", "twilio-one-way", "rtp tutorial") else samples

    def as_heard(self, samples):
        """Return what the codec leaves of *samples* on their way from us."""
        return companded(samples) if self.kind in ("twilio", "rtp tutorial", "audiosocket deployed") else samples


def companded(samples):
    return np.frombuffer(g711.ulaw_decode(g711.ulaw_encode(np.asarray(samples, np.int16))), np.int16)


@pytest.fixture
def party(connection):
    """Make somebody at the far end of a call: ``party("twilio")``."""
    return lambda kind, rate_hz=8000: Party(kind, connection, rate_hz)


@pytest.fixture
def calling():
    """Run calls with their parties: ``async with calling(parties)``."""

    @contextlib.asynccontextmanager
    async def run(parties):
        tasks = [asyncio.create_task(run()) for each in parties for run in (each.call.run, each.listen)]
        await asyncio.sleep(0.03)  # everybody has heard something
        try:
            yield
        finally:
            for each in parties:
                await each.call.close()
            await asyncio.gather(*tasks)

    return run


@pytest.fixture
def in_conference(calling):
    """Run calls that take part: ``async with in_conference(conference, parties)``; yields the joining tasks."""

    @contextlib.asynccontextmanager
    async def run(conference, parties, **options):
        async with calling(parties):
            joined = [asyncio.create_task(conference.join(each.call, **options)) for each in parties]
            await asyncio.sleep(0.03)
            try:
                yield joined
            finally:
                await conference.close()
                await asyncio.gather(*joined)

    return run

"""Many calls, one after the other until all are there, and what comes of them."""

from __future__ import annotations

import asyncio
import math
import ssl
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, urlsplit

from phonewire.load.audiohook import AudioHookScript
from phonewire.load.audiosocket import AudioSocketLine, AudioSocketScript
from phonewire.load.caller import Caller, Dial, Line
from phonewire.load.result import LoadResult, Percentiles, Second
from phonewire.load.script import MakeScript, Script
from phonewire.load.stamp import MOST, Voice
from phonewire.load.tally import Tally
from phonewire.load.twilio import TwilioScript
from phonewire.load.voipbin import VoipbinScript
from phonewire.load.watch import Watch
from phonewire.load.websocket import WebSocketLine, request
from phonewire.protocols import audiohook, twilio

__all__ = ["PROTOCOLS", "Generator", "Load", "run_load"]

#: By name, what speaks a protocol; the first of them is Twilio's.
PROTOCOLS: Mapping[str, MakeScript] = {
    "twilio": TwilioScript,
    "das-peak": partial(TwilioScript, dialect=twilio.DAS_PEAK),
    "audiohook": AudioHookScript,
    "audiohook-connector": partial(AudioHookScript, dialect=audiohook.CONNECTOR),
    "voipbin-rtp": VoipbinScript,
    "audiosocket": AudioSocketScript,
}
#: Those whose server never sends audio.
ONE_WAY = frozenset({"das-peak", "audiohook"})

_SCHEMES = {"ws": 80, "wss": 443, "audiosocket": 9092}


@dataclass(frozen=True, kw_only=True)
class Load:
    """So many calls of one protocol.

    Args:
        url: ``ws://…``, ``wss://…`` or ``audiosocket://HOST:PORT``; ``{id}`` in it is the id of each call.
        protocol: one of `PROTOCOLS`.
        calls: how many.
        ramp_s: from the first call to the last.
        seconds: that each of them speaks.
        quiet_s: for how long each stays connected when it has spoken.
        stamped: the server sends back what it hears, and each frame has to come back, once and in order.
        headers: of the handshake.
        pid: of the server, to watch what it uses; None where it runs elsewhere.
        tls: for ``wss://``; None verifies against the system's authorities.

    Raises:
        ValueError: there is no such protocol, URL or number, or the protocol's servers send nothing back.
    """

    url: str
    protocol: str = "twilio"
    calls: int = 100
    ramp_s: float = 5.0
    seconds: float = 30.0
    quiet_s: float = 0.0
    stamped: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    pid: int | None = None
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol is one of {', '.join(PROTOCOLS)}, got {self.protocol!r}")
        if not 0 < self.calls <= MOST or not 0 < self.seconds <= MOST // 50:
            raise ValueError(f"calls and seconds are above 0, and at most {MOST:,} and {MOST // 50:,}")
        if not 0 <= self.ramp_s < math.inf:
            raise ValueError(f"ramp_s is 0 or more, got {self.ramp_s}")
        if self.stamped and self.protocol in ONE_WAY:
            raise ValueError(f"a server of {self.protocol} sends no audio: nothing that is stamped comes back")
        wanted = ("audiosocket",) if self.protocol == "audiosocket" else ("ws", "wss")
        parts = urlsplit(self.url)
        if parts.scheme not in wanted or not parts.hostname:
            raise ValueError(f"a URL of {self.protocol} is {wanted[-1]}://HOST:PORT/…")
        if self.protocol != "audiosocket":
            request(parts.netloc, "/", self.headers)  # what is no header is told now

    @property
    def target(self) -> str:
        """Host, port and path, without what may be secret."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or _SCHEMES[parts.scheme]}{parts.path}"

    def script(self, number: int, call_id: str) -> Script:
        """Return what a call says."""
        return PROTOCOLS[self.protocol](Voice(number, stamped=self.stamped), call_id)

    def dial(self, script: Script, call_id: str) -> Dial:
        """Return what makes the connection of a call."""
        parts = urlsplit(self.url.replace("{id}", quote(call_id)))
        host, port = parts.hostname or "", parts.port or _SCHEMES[parts.scheme]
        asked = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        head = request(parts.netloc, asked, {**script.headers, **self.headers})
        tls = (self.tls or ssl.create_default_context()) if parts.scheme == "wss" else None

        async def connect(take: Callable[[bytes, bool], None]) -> Line:
            def make() -> AudioSocketLine | WebSocketLine:
                return AudioSocketLine(take) if parts.scheme == "audiosocket" else WebSocketLine(head, take)

            return (await asyncio.get_running_loop().create_connection(make, host, port, ssl=tls))[1]

        return connect


class Generator:
    """Makes the calls of a load; what came of them can be asked for at any time.

    Args:
        load: what calls.
        on_second: told of each second when it is over, and of what is counted up to then.

    Raises:
        OSError: there is no process of that pid.
    """

    def __init__(self, load: Load, on_second: Callable[[Second, Tally], None] | None = None) -> None:
        self._load, self._on_second = load, on_second
        self._tally = Tally()
        self._watch = Watch(self._tally, load.pid)

    async def run(self) -> None:
        """Make the calls, until all are over; when this is cancelled they are cut off, and counted as stopped."""
        looking = asyncio.create_task(self._look())
        try:
            async with asyncio.TaskGroup() as calls:
                await self._place_calls(calls)
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            self._watch.turn()

    def result(self) -> LoadResult:
        """Return what came of it."""
        return _result(self._load, self._tally, self._watch.timeline)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(1)
            second = self._watch.turn()
            if self._on_second is not None:
                self._on_second(second, self._tally)

    async def _place_calls(self, calls: asyncio.TaskGroup) -> None:
        loop, load = asyncio.get_running_loop(), self._load
        began_s = loop.time()
        for number in range(load.calls):
            await asyncio.sleep(max(began_s + load.ramp_s * number / load.calls - loop.time(), 0))
            call_id = str(uuid.uuid4())
            script = load.script(number, call_id)
            frames = max(round(load.seconds * 1000 / script.period_ms), 1)
            caller = Caller(number, script, frames, stamped=load.stamped, tally=self._tally, quiet_s=load.quiet_s)
            calls.create_task(caller.run(load.dial(script, call_id)))


async def run_load(load: Load, on_second: Callable[[Second, Tally], None] | None = None) -> LoadResult:
    """Make the calls, and return what came of them; the arguments are those of `Generator`."""
    generator = Generator(load, on_second)
    await generator.run()
    return generator.result()


def _result(load: Load, tally: Tally, timeline: list[Second]) -> LoadResult:
    most = max((second.talking for second in timeline), default=0)
    full = [second for second in timeline if second.talking == most]
    server_cpus = [second.server_cpu for second in full if second.server_cpu is not None]
    return LoadResult(
        protocol=load.protocol,
        target=load.target,
        calls=load.calls,
        ramp_s=load.ramp_s,
        seconds=load.seconds,
        stamped=load.stamped,
        ends=dict(tally.ends),
        sent=tally.sent,
        held=tally.held,
        messages=tally.messages,
        returned=tally.returned,
        lost=tally.lost,
        duplicated=tally.duplicated,
        reordered=tally.reordered,
        strange=tally.strange,
        unstamped=tally.unstamped,
        late=tally.late,
        latency_ms=Percentiles.of(tally.latency),
        connecting_ms=Percentiles.of(tally.connecting),
        generator_cpu=_mean([second.generator_cpu for second in full]),
        server_cpu=_mean(server_cpus) if server_cpus else None,
        timeline=timeline,
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0

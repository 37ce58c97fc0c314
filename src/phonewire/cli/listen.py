"""``phonewire listen``: hear a call, record it, and tell what happens on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.live import Live
from rich.text import Text

import phonewire
from phonewire import pcm
from phonewire.aio.bridge.unless import enter_unless
from phonewire.aio.recording.plan import RecordingEncoding
from phonewire.aio.recording.recorder import Recording
from phonewire.cli.amount import Amount
from phonewire.cli.console import make_console
from phonewire.cli.outcome import UNREACHABLE, Outcome, outcome_of, unreachable
from phonewire.cli.output_file import OutputFile
from phonewire.cli.running import on_signals
from phonewire.cli.target import Target
from phonewire.cli.wire import WIRE_OR_READING
from phonewire.protocols.connection import EndReason, Rejected

__all__ = ["listen"]

_LEVEL_MS = 200  # of audio behind each level that is shown


@click.command(
    short_help="Hear a VoIPBIN call or conference, and record it.",
    epilog="Ctrl-C ends it; the recording is complete. Exit status: 0 when the call ended, when --seconds were over or "
    "when it was stopped, 4 refused, 5 dropped or nobody there; 1 for a recording that cannot be written, 2 for a "
    "command line that is not understood.",
)
@click.argument("url")
@click.option(
    "--record", type=OutputFile(directory=True), metavar="FILE", help="Record to a WAV file, or in a directory."
)
@click.option(
    "--record-format", type=click.Choice(["ulaw", "alaw", "s16"]), help="Of the file. By default as on the wire."
)
@click.option("--seconds", type=Amount(), metavar="SECONDS", help="End after so much time.")
@click.option("--token", envvar="PHONEWIRE_TOKEN", metavar="TOKEN", help="VoIPBIN's; better in PHONEWIRE_TOKEN.")
@click.option(
    "--wire",
    type=WIRE_OR_READING,
    help="VoIPBIN: how its tutorial, its documents (documented) or its service (deployed) have it; by default auto. "
    "AudioSocket: s16le:HZ.",
)
@click.option("--json", "as_json", is_flag=True, help="Tell what happens as one JSON object a line.")
@click.option("--allow-insecure", is_flag=True, help="Send the token over ws:// to another machine, unprotected.")
@click.pass_context
def listen(
    ctx: click.Context,
    url: str,
    record: Path | None,
    record_format: RecordingEncoding | None,
    seconds: float | None,
    token: str | None,
    wire: phonewire.MediaFormat | str | None,
    as_json: bool,
    allow_insecure: bool,
) -> None:
    """Hear the call at URL until it ends, and say nothing.

    URL is a VoIPBIN call or conference: wss://.../calls/ID/media_stream?encapsulation=rtp, sln or audiosocket. A
    connection that breaks is made again. Or it is an AudioSocket server, audiosocket://HOST:PORT/UUID, which is dialled
    as Asterisk does; it hears silence.

    What happens (reconnections, gaps, keys, messages that were skipped) is told line by line on standard output; on a
    terminal a last line shows time, level and loss.

    \b
    Record a conference, with the token in the environment:
      PHONEWIRE_TOKEN=... phonewire listen --record meeting.wav \\
          "wss://api.voipbin.net/v1.0/conferences/ID/media_stream?encapsulation=rtp"
    Ten seconds of what a bot on this machine says, its events for a program:
      phonewire listen audiosocket://127.0.0.1:9092 --seconds 10 --json
    """  # noqa: D301 - click's mark against rewrapping
    if record_format is not None and record is None:
        raise click.UsageError("--record-format needs --record FILE")
    target = Target(url, otherwise="twilio", token=token, wire=wire, listen_only=True, allow_insecure=allow_insecure)
    if target.protocol not in ("voipbin", "audiosocket"):
        raise click.UsageError(
            "there is nothing to hear: a URL to listen to is wss://.../media_stream?encapsulation=rtp of a VoIPBIN "
            "call or conference, or audiosocket://HOST:PORT"
        )
    listener = _Listener(target, record, record_format, seconds, as_json=as_json)
    outcome, message = asyncio.run(listener.run())
    click.echo(message, err=outcome is not Outcome.COMPLETED or as_json)
    ctx.exit(outcome)


class _Listener:
    """One run of the command."""

    def __init__(
        self,
        target: Target,
        record: Path | None,
        encoding: RecordingEncoding | None,
        seconds: float | None,
        *,
        as_json: bool,
    ) -> None:
        self._target, self._record, self._encoding, self._seconds = target, record, encoding, seconds
        self._tell: Callable[[dict[str, Any]], None] = _tell_json if as_json else _tell_people
        self._level: float | None = None
        self._rejected: set[str] = set()  # reasons that have been told; the rest is counted

    async def run(self) -> tuple[Outcome, str]:
        """Listen, and return how it ended."""
        stop = asyncio.Event()
        on_signals(stop)
        try:
            async with AsyncExitStack() as stack:
                call = await enter_unless(stop.wait(), self._target.connection(), stack)
                if call is None:
                    return Outcome.COMPLETED, "stopped before there was an answer"
                return await self._hear(call, stop)
        except UNREACHABLE as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # the recording's, not the network's
            return unreachable(error)

    async def _hear(self, call: phonewire.Call, stop: asyncio.Event) -> tuple[Outcome, str]:
        recording = None if self._record is None else call.record(self._record, encoding=self._encoding)
        if recording is not None:
            await recording.opened()
        async with asyncio.TaskGroup() as group:
            measuring = group.create_task(self._measure(call))
            telling = group.create_task(self._tell_events(call))
            showing = group.create_task(self._show(call))
            await _until_over(call, stop, self._seconds)
            await call.close()
            await asyncio.wait([measuring, telling])
            showing.cancel()
        if recording is not None:
            await recording.closed()
        return self._conclusion(call, recording)

    async def _measure(self, call: phonewire.Call) -> None:
        """Keep the level of what is heard."""
        async for frame in call.frames(ptime_ms=_LEVEL_MS):
            self._level = pcm.level(frame.pcm).rms_dbfs

    async def _tell_events(self, call: phonewire.Call) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        async for event in call.events():
            if isinstance(event, Rejected):
                if event.reason in self._rejected:
                    continue
                self._rejected.add(event.reason)
            self._tell({"at_s": round(loop.time() - began, 2), "event": type(event).__name__} | _fields(event))

    async def _show(self, call: phonewire.Call) -> None:
        """Show time, level and loss in one line, where there is a terminal to show it on."""
        console = make_console(stderr=True)
        if not console.is_terminal:
            return
        with Live(console=console, transient=True, refresh_per_second=5) as live:
            while True:
                live.update(Text(self._status(call)))
                await asyncio.sleep(_LEVEL_MS / 1000)

    def _status(self, call: phonewire.Call) -> str:
        stats = call.stats()
        level = "        " if self._level is None else f"{max(self._level, -99.0):4.0f} dBFS"
        return f"{stats.ms_in / 1000:8.1f} s  {level}  {stats.lost_packets} lost  jitter {stats.jitter_ms:.0f} ms"

    def _conclusion(self, call: phonewire.Call, recording: Recording | None) -> tuple[Outcome, str]:
        stats, reason = call.stats(), call.end_reason or EndReason.CLOSED
        heard = f"{stats.ms_in / 1000:.2f} s heard, {stats.lost_packets} packets lost"
        if stats.rejected:
            heard += f", {sum(stats.rejected.values())} messages skipped"
        if recording is not None:
            heard += f", {recording.duration_ms / 1000:.2f} s in {recording.path}"
        return outcome_of(reason), f"{reason}: {heard}"


async def _until_over(call: phonewire.Call, stop: asyncio.Event, seconds: float | None) -> None:
    """Wait until the call has ended, somebody stops it, or so much time has passed."""
    waiting = [asyncio.create_task(call.wait_ended()), asyncio.create_task(stop.wait())]
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def _fields(event: Any) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return fields


def _tell_json(event: dict[str, Any]) -> None:
    click.echo(json.dumps(event))


def _tell_people(event: dict[str, Any]) -> None:
    fields = ", ".join(f"{name} {value}" for name, value in event.items() if name not in ("at_s", "event"))
    click.echo(f"{event['at_s']:8.2f} s  {event['event']}{': ' * bool(fields)}{fields}")

"""``phonewire bridge``: a live call fed to a consumer, a bot, or another call."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack
from functools import partial

import click
import msgspec

import phonewire
from phonewire.aio.bridge.unless import enter_unless
from phonewire.cli.bridge_options import BridgeOptions, bridge_options
from phonewire.cli.operating_options import OperatingOptions, operating_options
from phonewire.cli.outcome import UNREACHABLE, Outcome, outcome_of, unreachable
from phonewire.cli.place import SERVERS, Place
from phonewire.cli.running import on_signals, run
from phonewire.cli.target import Target
from phonewire.protocols.connection import EndReason

__all__ = ["bridge"]

_log = logging.getLogger("phonewire.cli")

_ENDS = {
    EndReason.STOPPED: "hung up",
    EndReason.COMPLETED: "has enough",
    EndReason.CLOSED: "was hung up",
    EndReason.DROPPED: "was lost",
    EndReason.REFUSED: "refused to go on",
    EndReason.FAILED: "broke its protocol",
}


@click.command(
    short_help="Feed a live call to a das-Peak consumer, a bot, or another call.",
    epilog="Ctrl-C or SIGTERM ends the bridge: what is on its way is heard, and both sides get their goodbye; a second "
    "one ends it at once. Exit status of a SOURCE that is dialled: 0 when either side ended it in order, 4 refused, 5 "
    "dropped or nobody there; where it calls here: 0 when it was stopped, 1 when it could not listen. 2 when the "
    "command line is wrong.",
)
@click.argument("source")
@click.argument("sink")
@bridge_options
@operating_options
@click.option("--json", "as_json", is_flag=True, help="Tell of each call that was bridged in one JSON object a line.")
@click.pass_context
def bridge(
    ctx: click.Context, source: str, sink: str, options: BridgeOptions, operating: OperatingOptions, as_json: bool
) -> None:
    """Feed a live call, SOURCE, to SINK until either ends; both ways where both speak.

    Audio that both sides code alike goes through untouched; otherwise coding, sample rate and frame length are
    converted. When one side ends, the other hears what is on its way, then its protocol's goodbye.

    \b
    SOURCE is dialled,
      wss://HOST/v1.0/calls/ID/media_stream?encapsulation=rtp    VoIPBIN, also conferences
      audiosocket://HOST:PORT/UUID                               AudioSocket, as Asterisk does
    or waited for, and each call gets a SINK of its own:
      twilio-server://HOST:PORT/PATH                             Twilio, two-way
      twilio-one-way-server://HOST:PORT/PATH                     Twilio, one-way
      audiosocket-server://HOST:PORT                             Asterisk, VoIPBIN
      das-peak-server://HOST:PORT/PATH                           das-Peak senders
    SINK is dialled: the same URLs, a das-Peak consumer, or a server of Twilio streams (--sink-protocol twilio).

    Secrets are better kept in the environment, where no process list shows them: PHONEWIRE_SOURCE_TOKEN,
    PHONEWIRE_SINK_TOKEN, PHONEWIRE_SINK_APIKEY; of who calls here, PHONEWIRE_TWILIO_AUTH_TOKEN and PHONEWIRE_APIKEY.

    \b
    A VoIPBIN call to das-Peak; the call goes on when das-Peak has enough:
      PHONEWIRE_SOURCE_TOKEN=... PHONEWIRE_SINK_APIKEY=... phonewire bridge --stay \\
          "wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp" \\
          wss://api.eu.veri-das.com/daspeak-stream/v1/twilio --sink-call-id 4fd9e9af-dd71-4177-be31-0bc5041221be
    Every call that Asterisk brings to a bot that was written for Twilio:
      phonewire bridge audiosocket-server://0.0.0.0:9092 wss://bot.example.com/twilio \\
          --sink-protocol twilio --allow 10.0.0.0/8
    A phone number at Twilio to an AudioSocket server:
      PHONEWIRE_TWILIO_AUTH_TOKEN=... phonewire bridge twilio-server://127.0.0.1:8080/twilio \\
          audiosocket://127.0.0.1:9092 --public-url wss://example.com/twilio
    """  # noqa: D301 - click's mark against rewrapping
    bridging = _Bridging(options.sink(sink), options, drain_s=operating.stop_seconds, as_json=as_json)
    if source.partition("://")[0] in SERVERS:
        place = Place(source, options)
        server = place.server(bridging.take, operating)
        say = partial(click.echo, err=as_json)
        told = f"go to {bridging.sink.protocol}"
        asyncio.run(run([server], lambda: say(f"calls on {place.url(server)} {told}"), operating, say=say))
        say(bridging.summary())
        return
    outcome, message = asyncio.run(bridging.dial(options.dialled_source(source)))
    click.echo(message, err=outcome is not Outcome.COMPLETED or as_json)
    ctx.exit(outcome)


class _Bridging:
    """What happens to each call of SOURCE.

    Args:
        sink: what it is fed to; dialled anew for each.
        options: of the command line.
        drain_s: for what is on its way when one side ends.
        as_json: print what became of each.
    """

    def __init__(self, sink: Target, options: BridgeOptions, drain_s: float, *, as_json: bool) -> None:
        self.sink, self._options, self._drain_s = sink, options, drain_s
        self._bridged = self._failed = 0
        self._as_json = as_json

    async def take(self, call: phonewire.Call) -> None:
        """Bridge a call that came in, and let it go on where that was asked for."""
        try:
            outcome, message = self._end(await self._bridge(call))
        except UNREACHABLE as error:
            outcome, message = unreachable(error)
            message = f"the sink: {message}"
        except ValueError as error:  # what only the call itself can tell: its tracks, its sample rate
            outcome, message = Outcome.REFUSED, f"not bridged: {error}"
        self._bridged += outcome is Outcome.COMPLETED
        self._failed += outcome is not Outcome.COMPLETED
        _log.log(logging.INFO if outcome is Outcome.COMPLETED else logging.WARNING, "call %s: %s", call.id, message)
        if self._options.stay:
            await call.wait_ended()

    async def dial(self, source: Target) -> tuple[Outcome, str]:
        """Dial the source, bridge it until it ends or a signal comes, and return how it ended."""
        stop = asyncio.Event()
        on_signals(stop)
        try:
            async with AsyncExitStack() as stack:
                call = await enter_unless(stop.wait(), source.connection(), stack)
                if call is None:
                    return Outcome.COMPLETED, "stopped before the source answered"
                return await self._until(stop, call)
        except UNREACHABLE as error:
            outcome, message = unreachable(error)
            return outcome, f"the source: {message}"

    async def _until(self, stop: asyncio.Event, call: phonewire.Call) -> tuple[Outcome, str]:
        """Bridge *call*; *stop* hangs it up, which ends the bridge in order."""

        async def hang_up() -> None:
            await stop.wait()
            await call.close()

        hanging_up = asyncio.create_task(hang_up())
        try:
            ended = self._end(await self._bridge(call))
            if self._options.stay:
                await call.wait_ended()
            return ended
        except UNREACHABLE as error:
            outcome, message = unreachable(error)
            return outcome, f"the sink: {message}"
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        finally:
            hanging_up.cancel()

    async def _bridge(self, call: phonewire.Call) -> phonewire.BridgeResult:
        options = self._options
        result = await phonewire.bridge(
            call,
            self.sink.connection(call_id=options.sink_call_id or call.id, parameters=call.parameters),
            both_ways=not options.one_way,
            track=options.track,
            max_delay_ms=options.max_delay,
            hang_up_source=not options.stay,
            drain_s=self._drain_s,
        )
        if self._as_json:
            outcome = outcome_of(result.reason).name.lower()
            click.echo(json.dumps({"call_id": call.id, "outcome": outcome, **msgspec.to_builtins(result)}))
        return result

    def _end(self, result: phonewire.BridgeResult) -> tuple[Outcome, str]:
        """Say how a bridge ended, and what went through."""
        lost = f"{result.to_sink.dropped_ms + result.to_source.dropped_ms} ms dropped"
        if keys := result.to_sink.keys_dropped:
            lost += f", {keys} keys dropped: {self.sink.protocol} carries none"
        return outcome_of(result.reason), (
            f"the {result.ended_by} {_ENDS[result.reason]}: {result.to_sink.sent_ms / 1000:.2f} s to the sink, "
            f"{result.to_source.sent_ms / 1000:.2f} s to the source, {lost}"
        )

    def summary(self) -> str:
        """Return what there is to say at the end of a server."""
        return f"calls: {self._bridged} bridged, {self._failed} failed"

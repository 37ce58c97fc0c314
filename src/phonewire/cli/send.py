"""``phonewire send``: a file to a das-Peak consumer, a VoIPBIN call, or a server that a phone platform dials."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Literal

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

import phonewire
from phonewire._typing import Encoding
from phonewire.aio.call.engines import PROTOCOLS
from phonewire.cli.audio_file import AudioFile, wav_channels
from phonewire.cli.console import make_console
from phonewire.cli.genesys_keys import genesys_options
from phonewire.cli.option_group import add_options
from phonewire.cli.outcome import NOT_ENOUGH_AUDIO, UNREACHABLE, Outcome, unreachable
from phonewire.cli.seconds_option import seconds_option
from phonewire.cli.target import Target
from phonewire.cli.wire import WIRE_OR_READING
from phonewire.protocols import audiosocket

__all__ = ["send", "send_audio"]

# So that the progress bar moves.
_STEP_MS = 100

_ASK_AGAIN_S = 0.05


@click.command(
    short_help="Send a file as a das-Peak sender does, or say it on a call.",
    epilog="Exit codes: 0 completed, 3 not enough audio, 4 refused, 5 dropped or nobody there; 1 for a file that "
    "cannot be sent, 2 for a command line that is not understood.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("url")
@click.option(
    "--encoding", type=click.Choice(["ulaw", "alaw", "s16le", "s16be"]), help="FILE has no header and holds this."
)
@click.option("--rate", type=click.IntRange(min=1), metavar="HZ", help="Its sample rate.  [default: 8000]")
@click.option(
    "--channel",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which channel of a WAV file; 1 is the first. AudioHook carries two: the customer, and the agent.",
)
@click.option("--protocol", type=click.Choice(PROTOCOLS), help="By default what the URL says, otherwise das-peak.")
@click.option("--call-id", metavar="ID", help="das-Peak: the call_id of the signalling. By default a new one.")
@click.option("--apikey", envvar="PHONEWIRE_APIKEY", metavar="KEY", help="Better in PHONEWIRE_APIKEY.")
@click.option("--token", envvar="PHONEWIRE_TOKEN", metavar="TOKEN", help="VoIPBIN's; better in PHONEWIRE_TOKEN.")
@add_options(genesys_options(several=False))
@click.option(
    "--wire",
    type=WIRE_OR_READING,
    help="das-Peak: as the signalling said, by default ulaw:8000. AudioSocket: by default s16le:8000. VoIPBIN: how its "
    "tutorial, its documents (documented) or its service (deployed) have it; by default auto.",
)
@click.option("--pace", type=click.Choice(["realtime", "none"]), help="By default as the protocol has it.")
@seconds_option(
    "--wait", 10.0, help="How long a consumer may take to close, or VoIPBIN to confirm, when everything was sent."
)
@click.option("--allow-insecure", is_flag=True, help="Send the key over ws:// to another machine, unprotected.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def send(
    ctx: click.Context,
    file: Path,
    url: str,
    encoding: Encoding | None,
    rate: int | None,
    channel: int | None,
    protocol: str | None,
    call_id: str | None,
    apikey: str | None,
    token: str | None,
    key: str | None,
    secret: str | None,
    wire: phonewire.MediaFormat | str | None,
    pace: Literal["realtime", "none"] | None,
    wait: float,
    allow_insecure: bool,
    as_json: bool,
) -> None:
    """Send FILE to URL as a das-Peak sender does: all of it, until the consumer has enough and closes.

    On a VoIPBIN call (wss://.../calls/ID/media_stream?encapsulation=...), on AudioSocket (audiosocket://HOST:PORT/UUID),
    to a server of Genesys' AudioHook (wss://.../audiohook) or of Twilio streams it is said at the speed of speech, to
    its end, or until the server has enough.

    FILE is WAV with 16-bit, µ-law or A-law samples, or, with --encoding, audio without a header. It goes out as
    --wire says, one channel, or over AudioHook two; what is coded like that already is sent as it is.

    \b
    To das-Peak, with the key in the environment:
      PHONEWIRE_APIKEY=... phonewire send call.wav wss://api.eu.veri-das.com/daspeak-stream/v1/twilio \\
          --call-id 4fd9e9af-dd71-4177-be31-0bc5041221be
    The customer's side of a stereo recording, to a server on this machine:
      phonewire send both.wav ws://127.0.0.1:8080/daspeak-stream/v1/twilio --channel 2
    A prompt on a VoIPBIN call, with the token in the environment:
      PHONEWIRE_TOKEN=... phonewire send prompt.wav \\
          "wss://api.voipbin.net/v1.0/calls/ID/media_stream?encapsulation=rtp"
    Both voices of a call to an AudioHook server, as Genesys would:
      PHONEWIRE_AUDIOHOOK_KEY=... PHONEWIRE_AUDIOHOOK_SECRET=... phonewire send both.wav wss://example.com/audiohook
    To an AudioSocket server, as Asterisk would:
      phonewire send call.wav audiosocket://127.0.0.1:9092
    Headerless A-law, at the speed of speech:
      phonewire send call.al ws://127.0.0.1:8080/daspeak-stream/v1/twilio --encoding alaw --pace realtime
    """  # noqa: D301 - click's mark against rewrapping
    if encoding is None and rate is not None:
        raise click.UsageError("--rate goes with --encoding; a WAV file tells its own")
    if encoding is not None and channel is not None:
        raise click.UsageError("--channel is for WAV files; audio without a header has one channel")
    target = Target(
        url,
        protocol=protocol,
        otherwise="das-peak",
        wire=wire,
        apikey=apikey,
        token=token,
        key=key,
        secret=secret,
        channels=1 if encoding is not None or channel is not None else wav_channels(file),
        pace=pace,
        allow_insecure=allow_insecure,
    )
    wire = target.media_format
    with AudioFile(file, wire, encoding=encoding, sample_rate_hz=rate or 8000, channel=channel) as audio:
        connection = target.connection(call_id=call_id)
        outcome, message, call = asyncio.run(send_audio(connection, audio, wait))
    if as_json:
        click.echo(json.dumps({"outcome": outcome.name.lower(), "call": None if call is None else _facts(call)}))
    click.echo(message, err=outcome is not Outcome.COMPLETED or as_json)
    if target.guessed and outcome is not Outcome.COMPLETED:
        others = ", ".join(each for each in PROTOCOLS if each != target.protocol)
        click.echo(
            f"The URL does not tell its protocol, so {target.protocol} was spoken; --protocol: {others}", err=True
        )
    ctx.exit(outcome)


async def send_audio(
    connection: AbstractAsyncContextManager[phonewire.Call], audio: AudioFile, wait_s: float
) -> tuple[Outcome, str, phonewire.Call | None]:
    """Send everything to a connection that is not made yet; return how it ended, what to tell of that, and the call.

    Args:
        connection: to where it goes.
        audio: as the wire has it.
        wait_s: for the far end to close, or to confirm, when everything was sent.
    """
    try:
        async with connection as call:
            await _write(call, audio)
            return *await _conclude(call, wait_s), call
    except UNREACHABLE as error:
        return *unreachable(error), None


def _facts(call: phonewire.Call) -> dict[str, object]:
    sent = call.stats()
    return {
        "call_id": call.id,
        "sent_ms": sent.ms_out,
        "unconfirmed_ms": sent.unconfirmed_ms if call.protocol == "voipbin" else None,  # no other far end confirms
        "end_reason": call.end_reason,
        "close_code": call.close_code,
    }


async def _write(call: phonewire.Call, audio: AudioFile) -> None:
    """Write until the audio ends, or the call."""
    with _progress() as progress:
        task = progress.add_task("sending", total=audio.duration_ms)
        try:
            for step in _steps(audio, call.media_format.size_of(_STEP_MS)):
                await call.write_payload(step)
                progress.update(task, completed=call.stats().ms_out)
                if call.end_reason is not None:
                    return
            await call.drain()
            progress.update(task, completed=call.stats().ms_out)
        except phonewire.CallEndedError:
            return  # _conclude says why


def _steps(audio: AudioFile, size: int) -> Iterator[bytes]:
    for payload in audio.payloads():
        for offset in range(0, len(payload), size):
            yield payload[offset : offset + size]


async def _conclude(call: phonewire.Call, wait_s: float) -> tuple[Outcome, str]:
    sent = f"{call.stats().ms_out / 1000:.2f} s of audio"
    if call.protocol != "das-peak" and call.end_reason is None:
        return Outcome.COMPLETED, f"completed: {sent} sent{await _confirmation(call, wait_s)}"
    try:
        async with asyncio.timeout(wait_s):
            reason = await call.wait_ended()
            await call.close()  # then the close code is known
    except TimeoutError:
        return Outcome.NOT_ENOUGH_AUDIO, f"not enough audio: {sent} sent, and no close within {wait_s:g} s"
    if call.protocol == "audiosocket":
        return await _explain_end_of_tcp(call, sent)
    return _explain(call, reason, sent)


async def _explain_end_of_tcp(call: phonewire.Call, sent: str) -> tuple[Outcome, str]:
    """Say why AudioSocket ended in the middle: TCP has one end for who has enough and for who speaks something else."""
    if any([isinstance(event, audiosocket.Hangup) async for event in call.events()]):
        return Outcome.COMPLETED, f"completed: the far end hung up after {sent}"
    if call.stats().rejected:
        return Outcome.DROPPED, f"dropped: what answers does not speak AudioSocket; the connection ended after {sent}"
    return Outcome.DROPPED, f"dropped: the connection ended after {sent}, without a hangup"


async def _confirmation(call: phonewire.Call, wait_s: float) -> str:
    """Wait until VoIPBIN has said that it has everything, and return what is to be told of that."""
    if call.protocol != "voipbin":
        return ""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            while call.stats().unconfirmed_ms and call.end_reason is None:  # noqa: ASYNC110 - it is asked once a second
                await asyncio.sleep(_ASK_AGAIN_S)
    return f", {call.stats().unconfirmed_ms} ms of it unconfirmed"


def _explain(call: phonewire.Call, reason: phonewire.EndReason, sent: str) -> tuple[Outcome, str]:
    code = f"close code {call.close_code}"
    if call.close_code == NOT_ENOUGH_AUDIO:
        return Outcome.NOT_ENOUGH_AUDIO, f"not enough audio: {sent} sent ({code})"
    if reason is phonewire.EndReason.COMPLETED:
        return Outcome.COMPLETED, f"completed: the consumer closed after {sent} ({code})"
    if reason is phonewire.EndReason.REFUSED:
        return Outcome.REFUSED, f"refused: the server closed after {sent} ({code})"
    if call.protocol != "das-peak" and (call.close_code == 1000 or reason is phonewire.EndReason.STOPPED):
        return Outcome.COMPLETED, f"completed: the far end hung up after {sent} ({code})"
    return Outcome.DROPPED, f"dropped: the connection ended after {sent} ({code})"


def _progress() -> Progress:
    """Return a bar on stderr, where there is a terminal to draw it on."""
    console = make_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)

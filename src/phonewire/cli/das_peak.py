"""``phonewire das-peak``: a whole das-Peak job: a session, its audio, the verdict."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

import phonewire
from phonewire.cli.audio_file import AudioFile
from phonewire.cli.option_group import option_group
from phonewire.cli.outcome import Outcome, unreachable
from phonewire.cli.seconds_option import seconds_option
from phonewire.cli.send import send_audio
from phonewire.cli.target import Target
from phonewire.das_peak_request import DasPeakSession, SessionKind, SessionRequest, read_fields

__all__ = ["das_peak"]

_CLOSE_S = 10.0  # for das-Peak to close when everything was sent
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class SignallingOptions:
    """What the public pages leave open, and how long to wait; names are those of `phonewire.DasPeakSignalling`."""

    url: str
    ready: tuple[str, ...]
    success: tuple[str, ...]
    failure: tuple[str, ...]
    status_field: str
    id_field: str
    session_path: str
    ready_seconds: float
    verdict_seconds: float

    def signalling(self, apikey: str) -> phonewire.DasPeakSignalling:
        """Return what asks the service.

        Raises:
            click.UsageError: an option makes no sense.
        """
        try:
            return phonewire.DasPeakSignalling(
                self.url,
                apikey=apikey,
                ready=self.ready,
                success=self.success,
                failure=self.failure,
                status_field=self.status_field,
                id_field=self.id_field,
                session_path=self.session_path,
            )
        except ValueError as error:
            raise click.UsageError(str(error)) from None


_OPEN = (
    click.option("--ready", multiple=True, required=True, metavar="WORD", help="Status: the audio may begin."),
    click.option("--success", multiple=True, required=True, metavar="WORD", help="Status: registered, or verified."),
    click.option("--failure", multiple=True, required=True, metavar="WORD", help="Status: it is not, and will not be."),
    click.option("--status-field", default="status", show_default=True, metavar="NAME", help="Where a session has it."),
    click.option("--id-field", default="id", show_default=True, metavar="NAME", help="Where a session has its id."),
    click.option(
        "--session-path",
        default="/v1/{kind}_session/{id}",
        show_default=True,
        metavar="PATH",
        help="Where a session is read.",
    ),
    click.option(
        "--url",
        default="https://api.eu.veri-das.com/dpsrest",
        show_default=True,
        metavar="URL",
        help="Of the REST service.",
    ),
    seconds_option("--ready-seconds", 30.0, help="How long the session may take to be ready."),
    seconds_option("--verdict-seconds", 60.0, help="How long the verdict may take after the audio."),
)


@click.command(
    "das-peak",
    short_help="Register or verify a voice: session, audio, verdict.",
    epilog="Exit codes: 0 success, 3 not enough audio, 4 refused, 5 dropped or nobody there, 6 failure, 7 not ready or "
    "no verdict in time; 1 for a file that cannot be sent, 2 for a command line that is not understood.",
)
@click.argument("kind", type=click.Choice(["register", "verify"]))
@click.argument("file", type=_file)
@click.option("--apikey", envvar="PHONEWIRE_APIKEY", required=True, metavar="KEY", help="Better in PHONEWIRE_APIKEY.")
@click.option("--model-hash", required=True, metavar="HASH", help="Of the model.")
@click.option("--threshold", required=True, type=float, metavar="0..1", help="Of the voice's authenticity.")
@click.option("--enough", required=True, type=float, metavar="SECONDS", help="How much audio das-Peak takes.")
@click.option("--fields", type=_file, metavar="FILE", help="Further fields of the session: a JSON object.")
@click.option("--call-id", metavar="ID", help="By default a new one.")
@click.option("--channel", type=click.IntRange(min=1), metavar="N", help="Which channel of FILE; 1 is the first.")
@click.option(
    "--audio-url",
    default="wss://api.eu.veri-das.com/daspeak-stream/v1/twilio",
    show_default=True,
    metavar="URL",
    help="Where the audio goes.",
)
@option_group(SignallingOptions, "signalling", _OPEN)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with the whole session.")
@click.pass_context
def das_peak(
    ctx: click.Context,
    kind: SessionKind,
    file: Path,
    apikey: str,
    model_hash: str,
    threshold: float,
    enough: float,
    fields: Path | None,
    call_id: str | None,
    channel: int | None,
    audio_url: str,
    signalling: SignallingOptions,
    as_json: bool,
) -> None:
    """Make a das-Peak session that registers or verifies a voice, send FILE to it, and tell the verdict.

    FILE is WAV with 16-bit, µ-law or A-law samples at 8 kHz. Which words the status of a session has, where it is read
    and how `verify` gives the voice's credential is not public: say it as you were told at on-boarding. With --json the
    session is printed as it is, a registration's credential included.

    \b
    With the key in the environment:
      PHONEWIRE_APIKEY=... phonewire das-peak register call.wav --model-hash HASH --threshold 0.8 --enough 5 \\
          --ready READY --success SUCCESS --failure FAIL_SPOOF --failure ERROR
    Against the same voice, on the second channel of another call:
      PHONEWIRE_APIKEY=... phonewire das-peak verify both.wav --channel 2 --fields credential.json ...
    """  # noqa: D301 - click's mark against rewrapping
    call_id = call_id or str(uuid4())
    target = Target(audio_url, protocol="das-peak", apikey=apikey)
    asked = _asked(
        authenticity_threshold=threshold, audio_total_duration=enough, call_id=call_id, model_hash=model_hash
    )
    job = _Job(signalling, apikey, kind, asked, _fields(fields))
    with AudioFile(file, target.media_format, channel=channel) as audio:
        outcome, message = asyncio.run(job.run(target, audio))
    if as_json:
        session = None if job.session is None else job.session.fields
        click.echo(json.dumps({"outcome": outcome.name.lower(), "call_id": call_id, "session": session}))
    click.echo(message, err=outcome is not Outcome.COMPLETED or as_json)
    ctx.exit(outcome)


class _Job:
    """A session, its audio and the verdict.

    Attributes:
        session: as it was last read; None before there is one.
    """

    def __init__(
        self,
        options: SignallingOptions,
        apikey: str,
        kind: SessionKind,
        asked: SessionRequest,
        further: Mapping[str, Any],
    ) -> None:
        self.session: DasPeakSession | None = None
        self._options, self._signalling = options, options.signalling(apikey)
        self._kind, self._asked, self._further = kind, asked, further

    async def run(self, target: Target, audio: AudioFile) -> tuple[Outcome, str]:
        """Do all of it, and return how it ended and what to tell of that."""
        has_s, needs_s = audio.duration_ms / 1000, self._asked.audio_total_duration
        if has_s < needs_s:
            return Outcome.NOT_ENOUGH_AUDIO, f"not enough audio: das-Peak takes {needs_s:.2f} s, FILE has {has_s:.2f} s"
        try:
            return await self._run(target, audio)
        except TimeoutError as error:
            return unreachable(error) if self.session is None else (Outcome.UNDECIDED, f"undecided: {error}")
        except (phonewire.AuthenticationError, phonewire.HandshakeError, OSError) as error:
            return unreachable(error)
        except phonewire.RemoteProtocolError as error:
            return Outcome.DROPPED, f"dropped: {error}"

    async def _run(self, target: Target, audio: AudioFile) -> tuple[Outcome, str]:
        signalling, options = self._signalling, self._options
        settings_id = await signalling.create_audio_settings()
        self.session = await signalling.create_session(self._kind, settings_id, self._asked, self._further)
        self.session = await signalling.wait_ready(self.session, timeout_s=options.ready_seconds)
        outcome, message, _ = await send_audio(target.connection(call_id=self._asked.call_id), audio, _CLOSE_S)
        if outcome is not Outcome.COMPLETED:
            return outcome, message
        self.session = await signalling.wait_verdict(self.session, timeout_s=options.verdict_seconds)
        if self.session.verdict:
            return Outcome.COMPLETED, f"success: {self.session.status}"
        return Outcome.FAILURE, f"failure: {self.session.status}"


def _asked(**fields: Any) -> SessionRequest:
    try:
        return SessionRequest(**fields)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _fields(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        return read_fields(path.read_bytes())
    except phonewire.RemoteProtocolError:
        raise click.UsageError(f"{path.name} is no JSON object") from None

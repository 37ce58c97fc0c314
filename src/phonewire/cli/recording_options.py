"""What ``phonewire serve`` records, how, and for how long it is kept."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import click

import phonewire
from phonewire.aio.recording.plan import RecordingEncoding, RecordingTracks
from phonewire.aio.recording.recorder import Recording
from phonewire.cli.amount import Amount
from phonewire.cli.option_group import option_group
from phonewire.protocols import audiohook

__all__ = ["RecordingOptions", "recording_options"]

_directory = click.Path(exists=True, file_okay=False, writable=True, path_type=Path)
_GIB = 1 << 30


@dataclass(frozen=True)
class RecordingOptions:
    """What ``--record`` and its companions say.

    Attributes:
        record: the directory for recordings, None for none.
        record_format: of the files; None for as on the wire.
        record_tracks: all in one channel, or each on its own; None for that only where Genesys sends both voices.
        record_minutes: after which another file begins.
        keep_days: how long a recording is kept; None for ever.
        keep_gib: how much all of them may take; None for any amount.

    Raises:
        click.UsageError: a companion was given, and nothing is recorded.
    """

    record: Path | None = None
    record_format: RecordingEncoding | None = None
    record_tracks: RecordingTracks | None = None
    record_minutes: float | None = None
    keep_days: float | None = None
    keep_gib: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if self.record is None and getattr(self, field.name) != field.default:
                raise click.UsageError(f"--{field.name.replace('_', '-')} needs --record DIR")

    def begin(self, call: phonewire.Call, limit_ms: int | None) -> Recording | None:
        """Record a call, *limit_ms* of it at most; None when nothing is recorded."""
        if self.record is None:
            return None
        apart = call.protocol in audiohook.DIALECTS and len(call.tracks) > 1
        return call.record(
            self.record,
            encoding=self.record_format,
            tracks=self.record_tracks or ("separate" if apart else "mono"),
            max_minutes=self.record_minutes,
            limit_ms=limit_ms,
        )

    def begin_conference(self, conference: phonewire.Conference) -> None:
        """Record what all say together, if anything is recorded."""
        if self.record is not None:
            conference.record(self.record, encoding=self.record_format, max_minutes=self.record_minutes)

    def retention(self) -> phonewire.Retention | None:
        """Return what removes old recordings; None when all are kept."""
        if self.record is None or (self.keep_days is None and self.keep_gib is None):
            return None
        max_bytes = None if self.keep_gib is None else round(self.keep_gib * _GIB)
        return phonewire.Retention(self.record, max_age_days=self.keep_days, max_bytes=max_bytes)


_OPTIONS = (
    click.option("--record", type=_directory, metavar="DIR", help="Record every call to a WAV file of its own."),
    click.option(
        "--record-format", type=click.Choice(["ulaw", "alaw", "s16"]), help="Of the files. By default as on the wire."
    ),
    click.option(
        "--record-tracks",
        type=click.Choice(["mono", "separate"]),
        help="Mix the tracks of a call, or give each a channel. By default mixed; AudioHook's apart, customer first.",
    ),
    click.option("--record-minutes", type=Amount(), metavar="N", help="Begin another file after that."),
    click.option("--keep-days", type=Amount(), metavar="N", help="Remove recordings that are older."),
    click.option("--keep-gib", type=Amount(), metavar="N", help="Remove the oldest beyond so many GiB."),
)


#: Adds these options to a command, which gets them as one argument, *recording*.
recording_options = option_group(RecordingOptions, "recording", _OPTIONS)

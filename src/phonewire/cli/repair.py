"""``phonewire repair``: recordings of processes that were killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from phonewire.errors import CodecError
from phonewire.wav import WavInfo, WavReader, WavRepair
from phonewire.wav import repair as repair_wav

__all__ = ["repair"]

_NAMES = {"ulaw": "µ-law", "alaw": "A-law", "s16le": "16-bit"}


@click.command(
    short_help="Make interrupted recordings tell their length.",
    epilog="Only the sizes in the header are written, at most 12 bytes, and only where they are wrong. Exit status: 0 "
    "when every file tells its length now, 1 when one could not be repaired, 2 when the command line is wrong.",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--output", type=click.Path(path_type=Path), metavar="COPY", help="Leave FILE as it is, repair a copy.")
@click.option("--json", "as_json", is_flag=True, help="Tell of each file in one JSON object a line.")
def repair(files: Sequence[Path], output: Path | None, as_json: bool) -> None:
    """Make the headers of WAV files tell the audio that is there, after the recorder was interrupted.

    A recording of phonewire can be read without this, but for the last half second; it is called NAME.part.wav as
    long as it is not complete.

    \b
      phonewire repair calls/*.part.wav
    """  # noqa: D301 - click's mark against rewrapping
    if output is not None and len(files) > 1:
        raise click.UsageError(f"--output takes one FILE, got {len(files)}")
    failures = [path for path in files if not _repair(path, output, as_json=as_json)]
    if failures:
        raise click.exceptions.Exit(1)


def _repair(path: Path, output: Path | None, *, as_json: bool) -> bool:
    """Repair one file, or a copy of it, and say what was done; False when that was not possible."""
    try:
        if output is not None:
            with WavReader(path):
                pass  # what is no WAV file is not copied
            with path.open("rb") as source, output.open("xb") as copy:
                shutil.copyfileobj(source, copy)
        with (output or path).open("r+b") as file:
            done = repair_wav(file)
    except (CodecError, OSError) as error:
        reason, wrong = str(error), path
        if isinstance(error, OSError):
            reason, wrong = error.strerror or reason, Path(error.filename or path)
        click.echo(f"{click.format_filename(wrong)}: {reason}", err=True)
        return False
    name = click.format_filename(output or path)
    click.echo(json.dumps({"file": name, **_facts(done)}) if as_json else f"{name}: {_told(done)}")
    return True


def _facts(done: WavRepair) -> dict[str, object]:
    return {
        "repaired": done.changed,
        **asdict(done.info),
        "duration_ms": done.info.duration_ms,
        "declared_ms": done.before.duration_ms,
    }


def _told(done: WavRepair) -> str:
    info = done.info
    held = f"{_duration(info)} of {_NAMES[info.encoding]}, {info.sample_rate_hz} Hz, {info.channels} channel(s)"
    if not done.changed:
        return f"nothing to repair, {held}"
    return f"repaired, {held}; the header said {_duration(done.before)}"


def _duration(info: WavInfo) -> str:
    return f"{info.duration_ms / 1000:.2f} s"

"""``phonewire demo``: real speech through real servers on loopback, every claim measured."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.table import Table

import phonewire
from phonewire.cli import claims
from phonewire.cli.claims.made_voice import made_voice
from phonewire.cli.console import make_console
from phonewire.emulators.speech import ulaw

__all__ = ["demo"]

#: In a checkout; an installed phonewire has a voice made.
_SPEECH = Path(__file__).parents[3] / "examples" / "audio" / "speech.wav"


@click.command(
    short_help="A tour on this machine, every claim measured.",
    epilog="Exit status: 0 when every claim holds, 1 when one does not, 2 when the command line is wrong.",
)
@click.option("--fast", is_flag=True, help="The same claims on less audio, in at most 10 seconds.")
@click.option(
    "--audio",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Speech to carry: WAV, 8 kHz mono, at least 20 s. By default that of the source tree, or a made voice.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def demo(fast: bool, audio: Path | None, as_json: bool) -> None:
    """Carry speech over each platform's protocol, through real servers on loopback, and check each claim.

    \b
    In 10 seconds, with speech of your own:
      phonewire demo --fast --audio speech.wav
    """  # noqa: D301 - click's mark against rewrapping
    path = audio or _SPEECH
    speech, what = (ulaw(path), path.name) if path.exists() else (made_voice(), "a made voice")
    logging.getLogger("phonewire").setLevel(logging.ERROR)  # the refused calls are part of the tour
    core = phonewire.backend_info()
    console = make_console(stderr=as_json)
    console.print(f"phonewire {phonewire.__version__}, core {core.backend} ({core.isa}), {what}")
    rows = asyncio.run(claims.check_all(speech, fast=fast, progress=lambda what: console.print(f"  {what} …")))
    failed = sum(not row.holds for row in rows)
    if as_json:
        click.echo(json.dumps({"ok": not failed, "claims": [asdict(row) for row in rows]}))
    else:
        console.print(_table(rows))
        console.print(f"{len(rows) - failed} of {len(rows)} claims hold")
    sys.exit(1 if failed else 0)


def _table(rows: list[claims.Claim]) -> Table:
    table = Table("", "claim", "measured")
    for row in rows:
        table.add_row("[green]✓[/]" if row.holds else "[red]✗[/]", row.claim, row.measured)
    return table

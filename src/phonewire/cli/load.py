"""``phonewire load``: many calls at once to a server, and what becomes of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from phonewire.aio.call.engines import protocol_of
from phonewire.cli.console import make_console
from phonewire.cli.event_loop import run_quickly
from phonewire.cli.load_report import report_html
from phonewire.cli.outcome import STOPPED, Outcome
from phonewire.cli.output_file import OutputFile
from phonewire.cli.seconds_option import seconds_option
from phonewire.load.generator import PROTOCOLS, Generator, Load
from phonewire.load.result import LoadResult, Percentiles, Second
from phonewire.load.tally import Tally

__all__ = ["load"]

_SPARE_DESCRIPTORS = 100
_OTHER_NAMES = {"voipbin": "voipbin-rtp", "daspeak": "das-peak"}


class _Protocol(click.Choice[str]):
    """A protocol of the load generator, also by a name that it has elsewhere."""

    def __init__(self) -> None:
        super().__init__(list(PROTOCOLS))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return super().convert(_OTHER_NAMES.get(value, value), param, ctx)


@click.command(
    short_help="Make many calls at once, and see what becomes of them.",
    epilog="Exit codes: 0 every call was carried to its end and, with --stamp, every frame came back once and in "
    "order; 5 not so; 130 stopped by Ctrl-C, which tells what came of it up to there; 1 for any other error and 2 for "
    "a command line that is not understood.",
)
@click.argument("url")
@click.option("--protocol", type=_Protocol(), help="By default what the URL says, otherwise twilio.")
@click.option("--calls", default=100, show_default=True, type=click.IntRange(min=1), metavar="N", help="At once.")
@seconds_option("--ramp", 5.0, help="From the first call to the last.")
@seconds_option("--seconds", 30.0, help="That each call lasts.", zero=False)
@click.option("--stamp", is_flag=True, help="The server echoes: number each frame, and miss each that does not return.")
@click.option("--header", multiple=True, metavar="NAME:VALUE", help="Of the handshake, such as apikey:…; any number.")
@click.option(
    "--pid",
    type=click.IntRange(min=1),
    metavar="PID",
    help="The server's process: watch what it uses, and its workers.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.option("--report", type=OutputFile(), metavar="FILE", help="Write a page of HTML with plots.")
@click.pass_context
def load(
    ctx: click.Context,
    url: str,
    protocol: str | None,
    calls: int,
    ramp: float,
    seconds: float,
    stamp: bool,
    header: Sequence[str],
    pid: int | None,
    as_json: bool,
    report: Path | None,
) -> None:
    """Make calls to URL, all at once, as a phone platform would: each says a frame of audio every 20 ms.

    With --stamp each frame has a number that survives an echo through PCM, so that frames which are lost, doubled or
    out of order are counted, and how long each was on its way is known.

    {id} in URL is the id of each call, for VoIPBIN's paths.

    \b
    A server of ours, watched:
      phonewire serve --auth none --twilio /twilio --echo &
      phonewire load ws://127.0.0.1:8080/twilio --calls 100 --stamp --pid $! --report load.html
    Asterisk's calls:
      phonewire load audiosocket://127.0.0.1:9092 --calls 50 --stamp
    das-Peak's, which send nothing back:
      phonewire load ws://127.0.0.1:8080/daspeak-stream/v1/twilio --header apikey:KEY
    The clients of VoIPBIN calls:
      phonewire load "ws://127.0.0.1:8080/v1.0/calls/{id}/media_stream?encapsulation=rtp" --stamp
    """  # noqa: D301 - click's mark against rewrapping
    try:
        what = Load(
            url=url,
            protocol=protocol or _protocol_of(url),
            calls=calls,
            ramp_s=ramp,
            seconds=seconds,
            stamped=stamp,
            headers=dict(_header(text) for text in header),
            pid=pid,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _allow_descriptors(calls + _SPARE_DESCRIPTORS)
    with _progress(what) as on_second:
        try:
            generator = Generator(what, on_second)
        except FileNotFoundError:
            raise click.UsageError(f"--pid: there is no process {pid}") from None
        stopped = not _run(generator)
    found = generator.result()
    click.echo(msgspec.json.encode(found).decode() if as_json else "\n".join(_lines(found)))
    if report is not None:
        report.write_text(report_html(found), encoding="utf-8")
    if stopped:
        ctx.exit(STOPPED)
    ctx.exit(Outcome.COMPLETED if found.good else Outcome.DROPPED)


def _protocol_of(url: str) -> str:
    if url.startswith("audiosocket:"):
        return "audiosocket"
    try:
        protocol = protocol_of(url)
    except ValueError:
        return "twilio"
    return _OTHER_NAMES.get(protocol, protocol)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        raise click.UsageError("--header is NAME:VALUE")  # what is wrong may be a secret
    return name.strip(), value.strip()


def _allow_descriptors(number: int) -> None:
    """Let this process have as many descriptors, where the system has such a limit."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < number:
        raise click.UsageError(f"the system allows {hard} descriptors (ulimit -Hn), so many calls need {number}")
    if soft != resource.RLIM_INFINITY and soft < number:
        resource.setrlimit(resource.RLIMIT_NOFILE, (number, hard))


def _run(generator: Generator) -> bool:
    """Run it; return whether nobody stopped it."""
    try:
        run_quickly(generator.run())
    except KeyboardInterrupt:
        return False
    return True


@contextlib.contextmanager
def _progress(what: Load) -> Iterator[Callable[[Second, Tally], None]]:
    """Show a bar on stderr while the block lasts, where there is a terminal to draw it on."""
    console = make_console(stderr=True)
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("calling", total=what.ramp_s + what.seconds)

        def on_second(second: Second, tally: Tally) -> None:
            progress.update(task, completed=second.at_s, description=_now(second, tally))

        yield on_second


def _now(second: Second, tally: Tally) -> str:
    parts = [f"{second.talking} calls", f"{second.sent} frames/s out", f"{second.messages} in"]
    if second.p99_ms is not None:
        parts.append(f"p50 {second.p50_ms:.1f} ms, p99 {second.p99_ms:.1f} ms")
    if second.server_cpu is not None:
        parts.append(f"server {second.server_cpu:.0%}")
    parts.append(f"generator {second.generator_cpu:.0%}")
    if over := sum(tally.ends.values()):
        parts.append(f"{over} over")
    return ", ".join(parts)


def _lines(found: LoadResult) -> Iterator[str]:
    """Say what came of it."""
    yield f"{found.calls} calls of {found.seconds:g} s, {found.protocol}, to {found.target}"
    yield "calls       " + ", ".join(f"{number:,} {end}" for end, number in sorted(found.ends.items()))
    held = f", {found.held:,} held back: the server read too little" if found.held else ""
    yield f"frames      {found.sent:,} sent{held}"
    if found.stamped:
        wrong = f"{found.lost:,} lost, {found.duplicated:,} duplicated, {found.reordered:,} out of order"
        strange = f", {found.strange:,} of other calls" if found.strange else ""
        yield f"came back   {found.returned:,}: {wrong}{strange}; {found.late:,} over 40 ms late"
        yield f"on the way  {_percentiles(found.latency_ms)}"
    yield f"answered    {_percentiles(found.connecting_ms)}"
    server = "" if found.server_cpu is None else f"server {found.server_cpu:.0%}, "
    yield f"processor   {server}generator {found.generator_cpu:.0%} of one"
    if found.busy:
        yield "The generator was too busy: what was measured is as much its own as the server's."


def _percentiles(found: Percentiles) -> str:
    if found.p50 is None:
        return "never"
    tail = f"p99 {found.p99:.1f}, p99.9 {found.p999:.1f}, longest {found.longest:.1f}"
    return f"p50 {found.p50:.1f} ms, p90 {found.p90:.1f}, {tail}"

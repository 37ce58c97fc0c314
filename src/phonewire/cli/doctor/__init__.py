"""``phonewire doctor``: looks for what keeps calls from coming, or from sounding well."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import click

import phonewire
from phonewire.cli.access import ENVIRONMENT
from phonewire.cli.doctor.certificate import certificate
from phonewire.cli.doctor.check import Check, Status
from phonewire.cli.doctor.far_end import far_end
from phonewire.cli.doctor.machine import clock, core, open_files, timer
from phonewire.cli.doctor.public_url import public_url as public_url_checks
from phonewire.cli.doctor.signature import signature
from phonewire.cli.doctor.web_servers import web_servers

__all__ = ["doctor"]

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(
    short_help="Look for what keeps calls from coming, or from sounding well.",
    epilog="Exit status: 0 when nothing has failed (a warning is no failure), 1 when something has, 2 when the command "
    "line is wrong. Nothing that is printed is a secret.",
)
@click.option(
    "--calls",
    type=click.IntRange(1),
    default=phonewire.Limits().calls,
    show_default=True,
    metavar="N",
    help="How many recorded calls at a time there will be.",
)
@click.option("--tls-cert", type=_file, metavar="FILE", help="Certificate chain (PEM) of the server.")
@click.option("--tls-key", type=_file, metavar="FILE", help="Its private key, if not in the same file.")
@click.option("--reach", multiple=True, metavar="URL", help="A far end to reach from here; any number of them.")
@click.option("--public-url", metavar="URL", help="Of an endpoint of your running server, as the platform has it.")
@click.option(
    "--request",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="A request of Twilio's as it came, headers and all, whose signature to check.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
@click.pass_context
def doctor(
    ctx: click.Context,
    calls: int,
    tls_cert: Path | None,
    tls_key: Path | None,
    reach: tuple[str, ...],
    public_url: str | None,
    request: Path | None,
    as_json: bool,
) -> None:
    """Look at this machine, and at what else is named, and say what is wrong and what to do about it.

    Without options: the core that runs, the clock, what wakes the server, how many files it may open, and what the web
    servers that are installed do by themselves. Twilio's auth token is taken from PHONEWIRE_TWILIO_AUTH_TOKEN, several
    separated by spaces; it is not shown.

    \b
    This machine, and the certificate that `phonewire serve` is to have:
      phonewire doctor --calls 200 --tls-cert chain.pem --tls-key key.pem --public-url wss://example.com/twilio
    Can das-Peak be reached from here, and is this machine's clock right?
      phonewire doctor --reach wss://api.eu.veri-das.com/daspeak-stream/v1/twilio
    Twilio is refused: does a request of its match the token?
      PHONEWIRE_TWILIO_AUTH_TOKEN=... phonewire doctor --request request.txt --public-url wss://example.com
    """  # noqa: D301 - click's mark against rewrapping
    if tls_key is not None and tls_cert is None:
        raise click.UsageError("--tls-key needs --tls-cert")
    tokens = os.environ.get(ENVIRONMENT["twilio"], "").split()
    checks = [core(), clock(), timer(), open_files(calls), *web_servers()]
    if tls_cert is not None:
        checks += certificate(tls_cert, tls_key, None if public_url is None else urlsplit(public_url).hostname)
    for url in reach:
        checks += far_end(url)
    if request is not None:
        checks.append(signature(request, tokens, public_url))
    elif public_url is not None:
        checks += public_url_checks(public_url, tokens)
    failed = any(check.status is Status.FAILED for check in checks)
    click.echo(
        json.dumps({"ok": not failed, "checks": [asdict(each) for each in checks]}) if as_json else _told(checks)
    )
    ctx.exit(1 if failed else 0)


def _told(checks: Iterable[Check]) -> str:
    return "\n".join(line for check in checks for line in _lines(check))


def _lines(check: Check) -> Iterator[str]:
    yield f"{check.status:<8} {check.name}: {check.detail}"
    if check.remedy:
        yield f"{'':<8} → {check.remedy}"

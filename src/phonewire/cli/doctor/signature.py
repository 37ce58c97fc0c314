"""Whether a request that a platform sent is signed with a secret of ours."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from http.client import HTTPException, parse_headers
from io import BytesIO
from pathlib import Path
from urllib.parse import parse_qsl

import click

from phonewire.auth import Request, TwilioSignature
from phonewire.cli.doctor.check import Check, Status
from phonewire.errors import AuthenticationError

__all__ = ["signature"]

_NAME = "signed request"


def signature(sample: Path, auth_tokens: Sequence[str], public_url: str | None) -> Check:
    """Check a request against Twilio's auth tokens.

    Args:
        sample: file with the request as it came: its first line, its headers, an empty line, its form; ``-`` is
            standard input.
        auth_tokens: Twilio's.
        public_url: of the server; None when the Host header is what Twilio called.

    Raises:
        click.UsageError: this is no request, or there is no token.
    """
    if not auth_tokens:
        raise click.UsageError("--request needs Twilio's auth token in PHONEWIRE_TWILIO_AUTH_TOKEN")
    request = _read(sys.stdin.buffer.read() if str(sample) == "-" else sample.read_bytes())
    if request.header("x-twilio-signature") is None:
        return Check(
            _NAME,
            Status.FAILED,
            "it has no header X-Twilio-Signature, or two",
            "Twilio sends one; does the proxy take it away?",
        )
    try:
        who = TwilioSignature(auth_tokens, public_url).verify(request, 0)
    except ValueError as error:
        raise click.UsageError(f"--public-url: {error}") from None
    except AuthenticationError:
        return Check(_NAME, Status.FAILED, f"no token has signed it for {_url(request, public_url)}", _remedy(request))
    return Check(_NAME, Status.OK, f"signed with token {int(who.identity.partition(':')[2]) + 1}")


def _read(raw: bytes) -> Request:
    line, _, rest = raw.lstrip().partition(b"\n")
    words = line.decode("latin-1").split()
    try:
        method, target, _ = words
        file = BytesIO(rest.replace(b"\r\n", b"\n"))
        headers = parse_headers(file).items()
    except (ValueError, HTTPException):
        raise click.UsageError("--request is no HTTP request: its first line is like GET /twilio HTTP/1.1") from None
    if any(name.lower() == "upgrade" for name, _ in headers):
        return Request(method, target, headers)
    body = file.read().decode("utf-8", "replace").strip()
    return Request(method, target, headers, parse_qsl(body, keep_blank_values=True))


def _url(request: Request, public_url: str | None) -> str:
    scheme = "wss" if request.form is None else "https"
    host = public_url.partition("://")[2].rstrip("/") if public_url else request.header("host")
    return f"{scheme}://{host}{request.target.partition('?')[0]}"


def _remedy(request: Request) -> str:
    forwarded = request.header("x-forwarded-host")
    if forwarded and forwarded != request.header("host"):
        return f"behind a proxy: --public-url https://{forwarded}?"
    return "--public-url is what Twilio was given; the token is the account's that owns the number"

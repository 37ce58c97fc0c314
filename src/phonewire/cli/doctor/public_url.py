"""Whether one's own server is there under its public URL, as Twilio would find it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

import click

from phonewire.auth import sign_twilio
from phonewire.auth.public_url import split_public_url
from phonewire.cli.doctor.check import Check, Status
from phonewire.cli.doctor.far_end import SWITCHED, Answer, NobodyThereError, dial

__all__ = ["public_url"]

_NAME = "public URL"

# What proxies answer for a server that they do not find.
_GATEWAY = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT}


def public_url(url: str, auth_tokens: Sequence[str]) -> Iterator[Check]:
    """Yield what a platform finds there.

    Args:
        url: of an endpoint, as the platform has it.
        auth_tokens: Twilio's, to sign with as Twilio does; none to ask without a signature only.

    Raises:
        click.UsageError: the URL is none.
    """
    try:
        split_public_url(url)
    except ValueError as error:
        raise click.UsageError(f"--public-url: {error}") from None
    url = f"wss://{url.partition('://')[2]}"
    try:
        yield _of_stranger(dial(url))
        for number, token in enumerate(auth_tokens, 1):
            yield _of_twilio(dial(url, {"X-Twilio-Signature": sign_twilio(token, url)}), number)
    except NobodyThereError as error:
        remedy = "asked from this machine; platforms ask from outside"
        yield Check(_NAME, Status.FAILED, str(error), remedy)


def _of_stranger(answer: Answer) -> Check:
    """Judge what somebody gets who does not show who he is."""
    if answer.status == SWITCHED:
        return Check(_NAME, Status.WARNING, "it lets anybody in", "ask for a secret: --auth, Endpoint(auth=...)")
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Check(_NAME, Status.OK, f"it asks who is there (HTTP status {answer.status})")
    if answer.status == HTTPStatus.NOT_FOUND:
        return Check(_NAME, Status.FAILED, "nothing is served at this path", "the endpoint's path; the proxy's prefix")
    if answer.status in _GATEWAY:
        detail = f"the proxy answers, the server behind it does not (HTTP status {answer.status})"
        return Check(_NAME, Status.FAILED, detail, "is the server up, and where the proxy looks for it?")
    detail = f"it answers with HTTP status {answer.status}, and opens no WebSocket"
    return Check(_NAME, Status.FAILED, detail, "the proxy has to pass on the headers Upgrade and Connection")


def _of_twilio(answer: Answer, number: int) -> Check:
    """Judge what Twilio gets."""
    name = f"Twilio's signature, token {number}"
    if answer.status == SWITCHED:
        return Check(name, Status.OK, "the server takes it")
    detail = f"the server refuses it (HTTP status {answer.status})"
    return Check(name, Status.FAILED, detail, "it has another token, or another --public-url")

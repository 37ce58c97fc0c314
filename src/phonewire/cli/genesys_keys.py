"""Genesys' API keys and client secrets, from the command line or the environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

from phonewire.auth import Authenticator

__all__ = ["KEY_VARIABLE", "SECRET_VARIABLE", "genesys_authenticator", "genesys_options"]

KEY_VARIABLE, SECRET_VARIABLE = "PHONEWIRE_AUDIOHOOK_KEY", "PHONEWIRE_AUDIOHOOK_SECRET"


def genesys_options(*, several: bool) -> tuple[Callable[[Any], Any], ...]:
    """Return ``--key`` and ``--secret``; *several* of them where calls are taken."""
    return (
        click.option(
            "--key",
            multiple=several,
            envvar=KEY_VARIABLE,
            metavar="KEY",
            help=f"AudioHook: Genesys' API key; better in {KEY_VARIABLE}.",
        ),
        click.option(
            "--secret",
            multiple=several,
            envvar=SECRET_VARIABLE,
            metavar="SECRET",
            help=f"AudioHook: Genesys' client secret, base64; better in {SECRET_VARIABLE}.",
        ),
    )


def genesys_authenticator(keys: Sequence[str], secrets: Sequence[str], public_url: str | None) -> Authenticator:
    """Return what checks Genesys' handshakes.

    Args:
        keys: one or several.
        secrets: as many, in the same order; or any number for one key, while secrets are changed.
        public_url: how Genesys reaches this server.

    Raises:
        click.UsageError: they do not go together, or a secret is none; the message does not repeat it.
    """
    if not keys or not secrets or len(keys) not in (1, len(secrets)):
        raise click.UsageError(f"each --key has its --secret: got {len(keys)} and {len(secrets)}")
    pairs: dict[str, Any] = {keys[0]: list(secrets)} if len(keys) == 1 else dict(zip(keys, secrets, strict=True))
    try:
        from phonewire.auth import AudioHookSignature  # its library is an extra

        return AudioHookSignature(pairs, public_url)
    except (ImportError, ValueError) as error:
        raise click.UsageError(str(error)) from None

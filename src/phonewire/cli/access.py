"""Who may call ``phonewire serve``: secrets from the command line and the environment, never shown."""

from __future__ import annotations

import os
from collections.abc import Sequence

import click

from phonewire.auth import ApiKey, Authenticator, Token, TwilioSignature
from phonewire.cli.genesys_keys import KEY_VARIABLE, SECRET_VARIABLE, genesys_authenticator
from phonewire.protocols import audiohook

__all__ = ["ENVIRONMENT", "Access"]

#: Where secrets come from when the command line has none; several are separated by spaces, for rotation.
ENVIRONMENT = {"twilio": "PHONEWIRE_TWILIO_AUTH_TOKEN", "apikey": "PHONEWIRE_APIKEY", "token": "PHONEWIRE_TOKEN"}

_METHOD_OF_PROTOCOL = {"twilio": "twilio", "twilio-one-way": "twilio", "das-peak": "apikey"}
_METHOD_OF_OTHERS = "token"


class Access:
    """What ``--auth`` says.

    Args:
        given: ``none``, or ``twilio=TOKEN``, ``apikey=KEY`` and ``token=TOKEN``, or the method alone when its secret
            is in the environment; any number of them.
        public_url: how the platform reaches this server.
        keys, secrets: Genesys', as `genesys_authenticator` takes them.

    Raises:
        click.UsageError: something else is given; the message does not repeat it, it may be a secret.
    """

    def __init__(
        self, given: Sequence[str], public_url: str | None, keys: Sequence[str] = (), secrets: Sequence[str] = ()
    ) -> None:
        self._secrets = {method: os.environ.get(name, "").split() for method, name in ENVIRONMENT.items()}
        self._anybody = False
        self._public_url = public_url
        self._keys, self._key_secrets = keys, secrets
        for text in given:
            self._take(text)

    def knows(self, protocol: str) -> bool:
        """Say whether there is a secret for a protocol."""
        if protocol in audiohook.DIALECTS:
            return bool(self._keys or self._key_secrets)
        return bool(self._secrets[_method(protocol)])

    @property
    def takes_anybody(self) -> bool:
        """Whether ``none`` was given."""
        return self._anybody

    def authenticator(self, protocol: str, *, known_otherwise: bool = False) -> Authenticator | None:
        """Return what checks the handshakes of a protocol, None to take everybody.

        Args:
            protocol: as its option calls it.
            known_otherwise: who may call has been said otherwise.

        Raises:
            click.UsageError: there is no secret, and ``none`` was not given; or the public URL is not one.
        """
        if not self.knows(protocol) and (self._anybody or known_otherwise):
            return None
        if protocol in audiohook.DIALECTS:
            return self._genesys()
        method = _method(protocol)
        secrets = self._secrets[method]
        if not secrets:
            raise click.UsageError(
                f"who may call over {protocol}? Give --auth {method}=SECRET, or {ENVIRONMENT[method]} in the "
                "environment, or --auth none to take everybody"
            )
        if method == "apikey":
            return ApiKey(secrets)
        if method == "token":
            return Token(secrets)
        try:
            return TwilioSignature(secrets, self._public_url)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    def _genesys(self) -> Authenticator:
        if not self._keys and not self._key_secrets:
            raise click.UsageError(
                f"who may call over AudioHook? Give --key and --secret, or {KEY_VARIABLE} and {SECRET_VARIABLE} in the "
                "environment, or --auth none to take everybody"
            )
        return genesys_authenticator(self._keys, self._key_secrets, self._public_url)

    def _take(self, text: str) -> None:
        method, separator, secret = text.partition("=")
        if text == "none":
            self._anybody = True
        elif method not in ENVIRONMENT:
            raise click.UsageError("--auth is none, twilio=TOKEN, apikey=KEY or token=TOKEN")
        elif secret:
            self._secrets[method].append(secret)
        elif separator or not self._secrets[method]:
            raise click.UsageError(f"--auth {method} needs a secret behind = or in {ENVIRONMENT[method]}")


def _method(protocol: str) -> str:
    return _METHOD_OF_PROTOCOL.get(protocol, _METHOD_OF_OTHERS)

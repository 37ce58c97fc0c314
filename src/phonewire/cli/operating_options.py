"""How ``phonewire serve`` is operated: its certificate, its proxies, what it tells an operator, how it stops."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import phonewire
from phonewire.cli.host_port import HOST_PORT
from phonewire.cli.option_group import option_group
from phonewire.cli.seconds_option import seconds_option

__all__ = ["OperatingOptions", "operating_options"]

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True)
class OperatingOptions:
    """What these options say.

    Attributes:
        tls_cert: PEM file with the certificate chain, None to speak ``ws``.
        tls_key: PEM file with its key, None when it is in the same file.
        trusted_proxy: addresses and networks that are believed about whom they connect for.
        origin: of browsers' pages that may connect.
        observe: where health and metrics are answered; None for nowhere.
        drain_seconds: that calls may go on when the server is stopped.
        stop_seconds: for goodbyes and recordings after that.
    """

    tls_cert: Path | None
    tls_key: Path | None
    trusted_proxy: Sequence[str]
    origin: Sequence[str]
    observe: tuple[str, int] | None
    drain_seconds: float
    stop_seconds: float

    def tls(self) -> phonewire.Tls | None:
        """Return the certificate.

        Raises:
            click.UsageError: it cannot be used.
        """
        if self.tls_cert is None:
            if self.tls_key is not None:
                raise click.UsageError("--tls-key needs --tls-cert")
            return None
        try:
            return phonewire.Tls(self.tls_cert, self.tls_key)
        except ssl.SSLError as error:
            raise click.UsageError(
                f"the certificate or its key cannot be used: {error.reason or 'it is no PEM file'}"
            ) from None

    def pages(self) -> phonewire.Observe | None:
        """Return where an operator's questions are answered."""
        return None if self.observe is None else phonewire.Observe(address=self.observe)


_OPTIONS = (
    click.option("--tls-cert", type=_file, metavar="FILE", help="Certificate chain (PEM), to speak wss."),
    click.option("--tls-key", type=_file, metavar="FILE", help="Its private key, if not in the same file."),
    click.option(
        "--trusted-proxy",
        multiple=True,
        metavar="NETWORK",
        help="Believe its X-Forwarded-For, as in 10.0.0.0/8; any number of them.",
    ),
    click.option(
        "--origin",
        multiple=True,
        metavar="URL",
        help="Let browsers' pages of https://HOST connect; any number of them. By default none may.",
    ),
    click.option("--observe", type=HOST_PORT, metavar="HOST:PORT", help="Answer /healthz, /readyz and /metrics here."),
    seconds_option(
        "--drain-seconds", 0.0, help="That calls under way may go on when the server is stopped; new ones are refused."
    ),
    seconds_option("--stop-seconds", 4.0, help="For goodbyes and recordings after that.", zero=False),
)


#: Adds these options to a command, which gets them as one argument, *operating*.
operating_options = option_group(OperatingOptions, "operating", _OPTIONS)

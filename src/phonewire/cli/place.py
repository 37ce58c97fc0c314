"""Where ``phonewire bridge`` waits for calls: ``twilio-server://0.0.0.0:8080/twilio``."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

import phonewire
from phonewire.aio.server.endpoint import Handler
from phonewire.cli.access import Access
from phonewire.cli.bridge_options import BridgeOptions
from phonewire.cli.operating_options import OperatingOptions
from phonewire.protocols import audiosocket

__all__ = ["SERVERS", "Place"]

#: What a place begins with, and the protocol that is spoken there.
SERVERS = {
    "twilio-server": "twilio",
    "twilio-one-way-server": "twilio-one-way",
    "das-peak-server": "das-peak",
    "audiosocket-server": "audiosocket",
}


class Place:
    """An address that platforms dial.

    Args:
        text: ``NAME-server://HOST:PORT/PATH``; AudioSocket has no path.
        options: of the command line.

    Raises:
        click.UsageError: it is none.
    """

    def __init__(self, text: str, options: BridgeOptions) -> None:
        try:
            parts = urlsplit(text)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        if host is None or port is None or parts.query or parts.username:
            raise click.UsageError("a place to be called at is NAME-server://HOST:PORT/PATH")
        self.protocol = SERVERS[parts.scheme]
        self._host, self._port, self._path = host, port, parts.path or "/"
        self._options = options
        self._wire = self._checked_wire(options.source_wire)
        if options.source_token is not None:
            raise click.UsageError("--source-token is for a SOURCE that is dialled")

    def _checked_wire(self, wire: phonewire.MediaFormat | str | None) -> phonewire.MediaFormat | None:
        if isinstance(wire, str) or (wire is not None and self.protocol.startswith("twilio")):
            raise click.UsageError("--source-wire of calls that come is for das-Peak and AudioSocket, as ENCODING:HZ")
        return wire

    def server(self, handler: Handler, operating: OperatingOptions) -> phonewire.Server | phonewire.AudioSocketServer:
        """Return the server, not started yet.

        Raises:
            click.UsageError: it is not said who may call, or what was said does not go together.
        """
        try:
            if self.protocol == "audiosocket":
                return self._audiosocket(handler, operating)
            return self._websocket(handler, operating)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    def _websocket(self, handler: Handler, operating: OperatingOptions) -> phonewire.Server:
        options = self._options
        if options.allow:
            raise click.UsageError("--allow is for AudioSocket; the others show a secret: --auth")
        endpoint = phonewire.Endpoint(
            self._path,
            self.protocol,
            auth=Access(options.auth, options.public_url).authenticator(self.protocol),
            media_format=self._wire,
            call_ids=set(options.call_id) or None,
        )
        return phonewire.serve(
            handler,
            self._host,
            self._port,
            endpoints=[endpoint],
            tls=operating.tls(),
            limits=phonewire.Limits(calls=options.calls),
            trusted_proxies=operating.trusted_proxy,
            origins=operating.origin,
            observe=operating.pages(),
        )

    def _audiosocket(self, handler: Handler, operating: OperatingOptions) -> phonewire.AudioSocketServer:
        options = self._options
        if operating.tls_cert or operating.observe or operating.trusted_proxy or operating.origin:
            raise click.UsageError("AudioSocket is plain TCP: no --tls-cert, --trusted-proxy, --origin or --observe")
        if not options.call_id and not options.allow and not Access(options.auth, None).takes_anybody:
            raise click.UsageError(
                "who may call over AudioSocket? Give --call-id UUID, --allow NETWORK, or --auth none to take everybody"
            )
        return phonewire.serve_audiosocket(
            handler,
            self._host,
            self._port,
            call_ids=set(options.call_id) or None,
            addresses=list(options.allow) or None,
            media_format=self._wire or audiosocket.FORMATS[audiosocket.Kind.SLIN],
            limits=phonewire.Limits(calls=options.calls),
        )

    def url(self, server: phonewire.Server | phonewire.AudioSocketServer) -> str:
        """Return what a platform dials, as seen from this machine."""
        if isinstance(server, phonewire.Server):
            return server.url + self._path
        host = "127.0.0.1" if self._host == "0.0.0.0" else self._host  # noqa: S104 - compared, not bound
        return f"audiosocket://{f'[{host}]' if ':' in host else host}:{server.port}"

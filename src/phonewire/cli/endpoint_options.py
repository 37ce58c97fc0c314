"""Where ``phonewire serve`` takes calls, what is spoken there, and who may call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import click

import phonewire
from phonewire.cli.access import Access
from phonewire.cli.consumer import Consumer
from phonewire.cli.genesys_keys import genesys_options
from phonewire.cli.host_port import HOST_PORT
from phonewire.cli.option_group import option_group
from phonewire.cli.wire import WIRE
from phonewire.protocols import audiohook, voipbin

__all__ = ["EndpointOptions", "endpoint_options"]

_CONFERENCES, _EXTERNAL_MEDIA = "voipbin-conferences", "external-media"

_NAMES = {
    "twilio": "Twilio Media Streams",
    "twilio-one-way": "Twilio Media Streams, one-way",
    "das-peak": "das-Peak",
    "voipbin": "VoIPBIN calls",
    _CONFERENCES: "VoIPBIN conferences",
    _EXTERNAL_MEDIA: "VoIPBIN external media",
    "audiohook": "Genesys AudioHook Monitor",
    "audiohook-connector": "Genesys Audio Connector",
}
_USUAL_PATHS = {
    "twilio": "/twilio",
    "das-peak": "/daspeak-stream/v1/twilio",
    "voipbin": "/v1.0/calls/{id}/media_stream",
    _CONFERENCES: "/v1.0/conferences/{id}/media_stream",
    "audiohook": "/audiohook",
}
# Options whose protocol has another name.
_PROTOCOLS = {_CONFERENCES: "voipbin", _EXTERNAL_MEDIA: "voipbin-external-media"}
_WITH_CALL_IDS = ("das-peak", "voipbin")


@dataclass(frozen=True)
class EndpointOptions:
    """What these options say; paths are None where a protocol is not spoken.

    Attributes:
        twilio: two-way streams.
        twilio_one_way: one-way streams.
        das_peak: its senders.
        voipbin: the clients of a call.
        voipbin_conferences: those of a conference.
        external_media: VoIPBIN itself, which only listens.
        audiohook: Genesys, which lets us listen.
        audiohook_connector: Genesys, which lets us speak, too.
        audiosocket: address and port for Asterisk.
        wire: how das-Peak's audio is coded.
        voipbin_wire: which reading of VoIPBIN's protocol.
        call_id: that may come; none for all.
        allow: addresses and networks of Asterisk and VoIPBIN; none for all.
        auth: who may call.
        key, secret: Genesys', likewise.
        public_url: how the platform reaches this server.
    """

    twilio: str | None
    twilio_one_way: str | None
    das_peak: str | None
    voipbin: str | None
    voipbin_conferences: str | None
    external_media: str | None
    audiohook: str | None
    audiohook_connector: str | None
    audiosocket: tuple[str, int] | None
    wire: phonewire.MediaFormat
    voipbin_wire: str
    call_id: Sequence[str]
    allow: Sequence[str]
    auth: Sequence[str]
    key: Sequence[str]
    secret: Sequence[str]
    public_url: str | None

    @cached_property
    def _given(self) -> dict[str, str]:
        given = {option: getattr(self, option.replace("-", "_")) for option in _NAMES}
        return {option: path for option, path in given.items() if path is not None}

    @cached_property
    def base_url(self) -> str | None:
        """The public URL without the path of an endpoint, which people copy along."""
        if self.public_url is None:
            return None
        url = self.public_url.rstrip("/")
        paths = (self._given or _USUAL_PATHS).values()
        return next((url.removesuffix(path) for path in paths if url.endswith(path)), url)

    @cached_property
    def access(self) -> Access:
        """Who may call."""
        return Access(self.auth, self.base_url, self.key, self.secret)

    @cached_property
    def paths(self) -> dict[str, str]:
        """Paths by option: those that were given, or the usual ones of what there is a secret for, or of all."""
        if self._given or self.audiosocket is not None:
            return self._given
        return {option: path for option, path in _USUAL_PATHS.items() if self.access.knows(option)} or _USUAL_PATHS

    def websockets(self, consumer: Consumer, cluster: phonewire.Cluster | None) -> list[phonewire.Endpoint]:
        """Return what is served over WebSocket; *cluster* remembers what has been signed once.

        Raises:
            click.UsageError: nobody was said to may call, or something was agreed for what is not spoken.
            ValueError: a path or an address is none.
        """
        self._check()
        return [self._endpoint(option, path, consumer, cluster) for option, path in self.paths.items()]

    def tcp(
        self,
        consumer: Consumer,
        *,
        reuse_port: bool,
        cluster: phonewire.Cluster | None,
        monitor: phonewire.Monitor | None,
    ) -> phonewire.AudioSocketServer | None:
        """Return the server that Asterisk dials.

        Raises:
            click.UsageError: it was not said who may call.
            ValueError: an address is none.
        """
        if self.audiosocket is None:
            return None
        if not (self.call_id or self.allow or self.access.takes_anybody):
            raise click.UsageError(
                "who may call over AudioSocket, which has no secrets? Give --call-id, --allow, or --auth none"
            )
        host, port = self.audiosocket
        return phonewire.serve_audiosocket(
            consumer.handle,
            host,
            port,
            call_ids=self._call_ids,
            addresses=self.allow or None,
            reuse_port=reuse_port,
            cluster=cluster,
            monitor=monitor,
        )

    def announce(self, url: str) -> None:
        """Say what is served where, and whether callers are checked."""
        for option, path in self.paths.items():
            checked = self._authenticator(option) is not None or self._addresses(option) is not None
            click.echo(f"{_NAMES[option]} on {url}{path} ({_checked(checked)})")

    def announce_audiosocket(self, port: int) -> None:
        """Say where Asterisk can dial."""
        host = self.audiosocket[0] if self.audiosocket else ""
        click.echo(f"Asterisk AudioSocket on {host}:{port} ({_checked(bool(self.call_id or self.allow))})")

    @property
    def has_conferences(self) -> bool:
        """Whether there are conferences, each of which lives in one process."""
        return _CONFERENCES in self.paths

    @property
    def takes_signatures_once(self) -> bool:
        """Whether what was signed must not come a second time, to any process."""
        return any(option in audiohook.DIALECTS and self._authenticator(option) is not None for option in self.paths)

    @property
    def _call_ids(self) -> frozenset[str] | None:
        return frozenset(self.call_id) or None

    def _check(self) -> None:
        paths = self.paths
        if "" in self.call_id:
            raise click.UsageError("--call-id is empty: no call has such an id")
        if "das-peak" not in paths and self.wire != phonewire.MediaFormat():
            raise click.UsageError("--wire is for das-Peak: --das-peak PATH")
        if self.call_id and self.audiosocket is None and not paths.keys() & set(_WITH_CALL_IDS):
            raise click.UsageError("--call-id is for das-Peak, VoIPBIN's calls and Asterisk")
        if self.allow and self.audiosocket is None and _EXTERNAL_MEDIA not in paths:
            raise click.UsageError("--allow is for --external-media and --audiosocket")

    def _endpoint(
        self, option: str, path: str, consumer: Consumer, cluster: phonewire.Cluster | None
    ) -> phonewire.Endpoint:
        protocol = _PROTOCOLS.get(option, option)
        return phonewire.Endpoint(
            path,
            protocol,
            auth=self._authenticator(option),
            addresses=self._addresses(option),
            nonces=None if cluster is None else cluster.nonces,
            handler=consumer.handler(option),
            media_format=self.wire if option == "das-peak" else None,
            wire=self.voipbin_wire if protocol.startswith("voipbin") else "auto",
            call_ids=self._call_ids if option in _WITH_CALL_IDS else None,
        )

    def _addresses(self, option: str) -> Sequence[str] | None:
        return self.allow or None if option == _EXTERNAL_MEDIA else None

    def _authenticator(self, option: str) -> Any:
        return self.access.authenticator(option, known_otherwise=self._addresses(option) is not None)


def _checked(checked: bool) -> str:
    return "callers are checked" if checked else "nobody is checked"


_OPTIONS = (
    click.option("--twilio", metavar="PATH", help="Take two-way Twilio streams here (usually /twilio)."),
    click.option("--twilio-one-way", metavar="PATH", help="Take one-way Twilio streams here (<Start><Stream>)."),
    click.option("--das-peak", metavar="PATH", help="Take das-Peak senders here (usually /daspeak-stream/v1/twilio)."),
    click.option(
        "--voipbin", metavar="PATH", help="Take the clients of VoIPBIN calls (usually /v1.0/calls/{id}/media_stream)."
    ),
    click.option(
        "--voipbin-conferences",
        metavar="PATH",
        help="Have the clients of a VoIPBIN conference hear each other (usually /v1.0/conferences/{id}/media_stream).",
    ),
    click.option("--external-media", metavar="PATH", help="Say --play to VoIPBIN, which dials this server for it."),
    click.option(
        "--audiohook",
        is_flag=False,
        flag_value=_USUAL_PATHS["audiohook"],
        metavar="[PATH]",
        help="Take Genesys' AudioHook Monitor sessions, by default on /audiohook.",
    ),
    click.option(
        "--audiohook-connector",
        is_flag=False,
        flag_value="/audiohook-connector",
        metavar="[PATH]",
        help="Take the sessions of Genesys' Audio Connector, by default on /audiohook-connector.",
    ),
    click.option("--audiosocket", type=HOST_PORT, metavar="HOST:PORT", help="Take Asterisk's calls here, over TCP."),
    click.option("--wire", default="ulaw:8000", show_default=True, type=WIRE, help="das-Peak: as the signalling said."),
    click.option(
        "--voipbin-wire",
        type=click.Choice(list(voipbin.DIALECTS)),
        default="auto",
        show_default=True,
        help="Whose reading of VoIPBIN's protocol.",
    ),
    click.option(
        "--call-id", multiple=True, metavar="ID", help="das-Peak, VoIPBIN's calls, Asterisk: take only these calls."
    ),
    click.option(
        "--allow", multiple=True, metavar="NETWORK", help="External media, Asterisk: only from there; any number."
    ),
    click.option(
        "--auth",
        multiple=True,
        metavar="METHOD",
        help="twilio=TOKEN, apikey=KEY, token=TOKEN (VoIPBIN), or none; any number of them.",
    ),
    *genesys_options(several=True),
    click.option(
        "--public-url", metavar="URL", help="How Twilio or Genesys reaches this server through a proxy: wss://HOST."
    ),
)


#: Adds these options to a command, which gets them as one argument, *endpoint*.
endpoint_options = option_group(EndpointOptions, "endpoint", _OPTIONS)

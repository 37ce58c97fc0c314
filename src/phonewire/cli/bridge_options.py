"""Who calls ``phonewire bridge``, what it dials, and what goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import click

import phonewire
from phonewire.aio.call.engines import PROTOCOLS
from phonewire.cli.option_group import option_group
from phonewire.cli.target import Target
from phonewire.cli.wire import WIRE_OR_READING

__all__ = ["BridgeOptions", "bridge_options"]


@dataclass(frozen=True)
class BridgeOptions:
    """What these options say; each has the name of its field."""

    source_token: str | None
    source_wire: phonewire.MediaFormat | str | None
    sink_apikey: str | None
    sink_token: str | None
    sink_wire: phonewire.MediaFormat | str | None
    sink_protocol: str | None
    sink_call_id: str | None
    track: str | None
    one_way: bool
    stay: bool
    max_delay: int
    auth: Sequence[str]
    public_url: str | None
    call_id: Sequence[str]
    allow: Sequence[str]
    calls: int
    allow_insecure: bool

    def sink(self, url: str) -> Target:
        """Return what is dialled for each call."""
        return Target(
            url,
            option="--sink-",
            protocol=self.sink_protocol,
            wire=self.sink_wire,
            apikey=self.sink_apikey,
            token=self.sink_token,
            allow_insecure=self.allow_insecure,
        )

    def dialled_source(self, url: str) -> Target:
        """Return the call that is dialled.

        Raises:
            click.UsageError: an option is for calls that come, or there is nothing to hear at the URL.
        """
        if self.auth or self.public_url or self.call_id or self.allow:
            raise click.UsageError("--auth, --public-url, --call-id and --allow are for a SOURCE that calls here")
        source = Target(
            url,
            option="--source-",
            otherwise="twilio",
            wire=self.source_wire,
            token=self.source_token,
            listen_only=self.one_way,
            allow_insecure=self.allow_insecure,
        )
        if source.protocol not in ("voipbin", "audiosocket"):
            raise click.UsageError(
                "SOURCE is wss://.../media_stream?encapsulation=rtp of a VoIPBIN call, audiosocket://HOST:PORT/UUID, "
                "or a place to be called at, such as twilio-server://HOST:PORT/PATH"
            )
        return source


_OPTIONS = (
    click.option("--source-token", envvar="PHONEWIRE_SOURCE_TOKEN", metavar="TOKEN", help="VoIPBIN's, of SOURCE."),
    click.option("--source-wire", type=WIRE_OR_READING, help="How SOURCE codes audio: as --sink-wire."),
    click.option("--sink-apikey", envvar="PHONEWIRE_SINK_APIKEY", metavar="KEY", help="das-Peak's."),
    click.option("--sink-token", envvar="PHONEWIRE_SINK_TOKEN", metavar="TOKEN", help="VoIPBIN's, of SINK."),
    click.option(
        "--sink-wire",
        type=WIRE_OR_READING,
        help="How SINK codes audio. das-Peak: as the signalling said, by default ulaw:8000. AudioSocket: by default "
        "s16le:8000. VoIPBIN: auto, tutorial, documented or deployed.",
    ),
    click.option("--sink-protocol", type=click.Choice(PROTOCOLS), help="By default what the URL says."),
    click.option(
        "--sink-call-id", metavar="ID", help="das-Peak: the call_id of the signalling. By default SOURCE's id."
    ),
    click.option(
        "--track", metavar="NAME", help="Which of SOURCE's voices, as Twilio calls them. By default the first."
    ),
    click.option("--one-way", is_flag=True, help="Let SOURCE hear nothing."),
    click.option("--stay", is_flag=True, help="Let SOURCE's call go on when SINK has ended."),
    click.option(
        "--max-delay",
        type=click.IntRange(min=20),
        default=400,
        show_default=True,
        metavar="MS",
        help="Audio that may wait for the other side of a live call; more is dropped, and counted.",
    ),
    click.option("--auth", multiple=True, metavar="METHOD", help="Who may call: twilio=TOKEN, apikey=KEY, or none."),
    click.option("--public-url", metavar="URL", help="How Twilio reaches this server through a proxy: wss://HOST."),
    click.option("--call-id", multiple=True, metavar="ID", help="Take only these calls; AudioSocket: their UUIDs."),
    click.option("--allow", multiple=True, metavar="NETWORK", help="AudioSocket: who may connect: 10.0.0.0/8."),
    click.option(
        "--calls",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="How many at the same time, at most.",
    ),
    click.option("--allow-insecure", is_flag=True, help="Send secrets over ws:// to another machine, unprotected."),
)

#: Adds these options to a command, which gets them as one argument, *options*.
bridge_options = option_group(BridgeOptions, "options", _OPTIONS)

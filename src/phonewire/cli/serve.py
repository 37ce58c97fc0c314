"""``phonewire serve``: a server that platforms can call."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import click

import phonewire
from phonewire import twiml
from phonewire.cli.access import Access
from phonewire.cli.consumer import Consumer
from phonewire.cli.operating_options import OperatingOptions, operating_options
from phonewire.cli.recording_options import RecordingOptions, recording_options
from phonewire.cli.running import run
from phonewire.cli.wire import WIRE

__all__ = ["serve"]

_USUAL_PATHS = {"twilio": "/twilio", "das-peak": "/daspeak-stream/v1/twilio"}
_NAMES = {"twilio": "Twilio Media Streams", "twilio-one-way": "Twilio Media Streams, one-way", "das-peak": "das-Peak"}


@click.command(
    short_help="Take calls from Twilio and das-Peak senders.",
    epilog="Ctrl-C or SIGTERM stops the server: calls under way are said goodbye to, and every recording is completed; "
    "a second one ends it at once. SIGHUP reads the certificate again. Exit status: 0 when it was stopped, 1 when it "
    "could not listen, 2 when the command line is wrong, and as the system has it (130, 143) after a second signal.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 for any that is free.")
@click.option("--twilio", metavar="PATH", help="Take two-way Twilio streams here (usually /twilio).")
@click.option("--twilio-one-way", metavar="PATH", help="Take one-way Twilio streams here (<Start><Stream>).")
@click.option("--das-peak", metavar="PATH", help="Take das-Peak senders here (usually /daspeak-stream/v1/twilio).")
@click.option("--wire", default="ulaw:8000", show_default=True, type=WIRE, help="das-Peak: as the signalling said.")
@click.option("--call-id", multiple=True, metavar="ID", help="das-Peak: take only these calls. By default all.")
@click.option("--auth", multiple=True, metavar="METHOD", help="twilio=TOKEN, apikey=KEY, or none; any number of them.")
@click.option("--public-url", metavar="URL", help="How Twilio reaches this server through a proxy: wss://HOST.")
@click.option("--echo", is_flag=True, help="Send two-way callers their own voice.")
@click.option("--enough", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="End a call after that.")
@click.option("--twiml", "webhook_path", metavar="PATH", help="Answer Twilio's voice webhook here.")
@click.option("--stream-url", metavar="URL", help="Where that answer sends the call; from --public-url by default.")
@recording_options
@operating_options
def serve(
    host: str,
    port: int,
    twilio: str | None,
    twilio_one_way: str | None,
    das_peak: str | None,
    wire: phonewire.MediaFormat,
    call_id: Sequence[str],
    auth: Sequence[str],
    public_url: str | None,
    echo: bool,
    enough: float | None,
    webhook_path: str | None,
    stream_url: str | None,
    recording: RecordingOptions,
    operating: OperatingOptions,
) -> None:
    """Take calls from Twilio and from das-Peak senders.

    Without a path option each protocol that --auth has a secret for is served on its usual path. Secrets are better
    kept in the environment, where no process list shows them: PHONEWIRE_TWILIO_AUTH_TOKEN and PHONEWIRE_APIKEY,
    several separated by spaces.

    A das-Peak call ends after --enough seconds of audio, or when nothing new has come for 2 s; if that was not
    enough, the close code is 4001 instead of 1000.

    \b
    Try it on this machine:
      phonewire serve --auth none --echo --record .
    A das-Peak consumer that takes 12 s of each call, and keeps them for a month:
      PHONEWIRE_APIKEY=... phonewire serve --das-peak /daspeak-stream/v1/twilio --enough 12 \\
          --record calls --keep-days 31 --observe 127.0.0.1:9090
    A real phone number, behind a proxy that ends TLS; set its voice webhook to https://example.com/voice:
      PHONEWIRE_TWILIO_AUTH_TOKEN=... phonewire serve --twilio /twilio --echo \\
          --public-url wss://example.com --twiml /voice
    """  # noqa: D301 - click's mark against rewrapping
    options = {"twilio": twilio, "twilio-one-way": twilio_one_way, "das-peak": das_peak}
    given = {protocol: path for protocol, path in options.items() if path is not None}
    public_url = _base_url(public_url, given or _USUAL_PATHS)
    access = Access(auth, public_url)
    paths = given or _usual(access)
    consumer = Consumer(recording, echo=echo, enough_ms=None if enough is None else round(enough * 1000))
    try:
        server = phonewire.serve(
            consumer.handle,
            host,
            port,
            endpoints=_endpoints(paths, access, wire, call_id),
            webhooks=_webhooks(webhook_path, stream_url, public_url, paths, access),
            tls=operating.tls(),
            trusted_proxies=operating.trusted_proxy,
            observe=operating.pages(),
            retention=recording.retention(),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    asyncio.run(run(server, lambda: _announce(server, paths, access, webhook_path), operating))


def _endpoints(
    paths: Mapping[str, str], access: Access, wire: phonewire.MediaFormat, call_ids: Sequence[str]
) -> list[phonewire.Endpoint]:
    if "das-peak" not in paths and (call_ids or wire != phonewire.MediaFormat()):
        raise click.UsageError("--wire and --call-id are for das-Peak: --das-peak PATH")
    return [
        phonewire.Endpoint(
            path,
            protocol,
            auth=access.authenticator(protocol),
            media_format=wire if protocol == "das-peak" else None,
            call_ids=set(call_ids) if call_ids and protocol == "das-peak" else None,
        )
        for protocol, path in paths.items()
    ]


def _usual(access: Access) -> dict[str, str]:
    """Return the usual paths of the protocols that have a secret; of all when none has."""
    known = {protocol: path for protocol, path in _USUAL_PATHS.items() if access.knows(protocol)}
    return known or _USUAL_PATHS


def _webhooks(
    path: str | None, stream_url: str | None, public_url: str | None, paths: Mapping[str, str], access: Access
) -> list[phonewire.Webhook]:
    """Return the voice webhook that sends a call to the Twilio endpoint."""
    if path is None:
        return []
    protocol = "twilio" if "twilio" in paths else "twilio-one-way"
    if protocol not in paths:
        raise click.UsageError("--twiml needs an endpoint for Twilio: --twilio PATH")
    if stream_url is None:
        stream_url = _stream_url(public_url, paths[protocol])
    answer = twiml.connect_stream if protocol == "twilio" else twiml.start_stream
    body = answer(stream_url)  # checked now, not when the phone rings
    return [phonewire.Webhook(path, lambda form: body, auth=access.authenticator(protocol))]


def _stream_url(public_url: str | None, path: str) -> str:
    if public_url is None:
        raise click.UsageError("--twiml needs --public-url, or --stream-url: where Twilio finds the stream")
    return f"wss://{public_url.partition('://')[2]}{path}"


def _base_url(public_url: str | None, paths: Mapping[str, str]) -> str | None:
    """Return the public URL without the path of an endpoint, which people copy along."""
    if public_url is None:
        return None
    url = public_url.rstrip("/")
    return next((url.removesuffix(path) for path in paths.values() if url.endswith(path)), url)


def _announce(server: phonewire.Server, paths: Mapping[str, str], access: Access, webhook: str | None) -> None:
    for protocol, path in paths.items():
        checked = "nobody is checked" if access.authenticator(protocol) is None else "callers are checked"
        click.echo(f"{_NAMES[protocol]} on {server.url}{path} ({checked})")
    if webhook is not None:
        click.echo(f"voice webhook on {server.url.replace('ws', 'http', 1)}{webhook}")
    if server.observe_port is not None:
        click.echo(f"health and metrics on port {server.observe_port}: /healthz, /readyz, /metrics")

"""``phonewire serve``: a server that platforms can call."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

import phonewire
from phonewire import twiml
from phonewire.cli.amount import Amount
from phonewire.cli.cluster_options import ClusterOptions, cluster_options
from phonewire.cli.consumer import Consumer
from phonewire.cli.endpoint_options import EndpointOptions, endpoint_options
from phonewire.cli.event_loop import run_quickly
from phonewire.cli.monitor_option import monitor_option
from phonewire.cli.operating_options import OperatingOptions, operating_options
from phonewire.cli.recording_options import RecordingOptions, recording_options
from phonewire.cli.running import run
from phonewire.cli.workers import Supervisor, WorkerOptions, reserve, supervise, worker_options
from phonewire.errors import CodecError
from phonewire.wav import WavReader

__all__ = ["serve"]


@click.command(
    short_help="Take calls from Twilio, Genesys, das-Peak, VoIPBIN and Asterisk.",
    epilog="Ctrl-C or SIGTERM stops the server: calls under way are said goodbye to, and every recording is completed; "
    "a second one ends it at once. SIGHUP reads the certificate again. It runs on uvloop where that is installed "
    "(extra fast). Exit status: 0 when it was stopped, 1 when it could not listen, 2 when the command line is wrong, "
    "and as the system has it (130, 143) after a second signal.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0 for any that is free.")
@endpoint_options
@click.option("--echo", is_flag=True, help="Send two-way callers their own voice.")
@click.option("--enough", type=Amount(), metavar="SECONDS", help="End a call after that.")
@click.option(
    "--play",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A WAV file for --external-media.",
)
@click.option("--twiml", "webhook_path", metavar="PATH", help="Answer Twilio's voice webhook here.")
@click.option("--stream-url", metavar="URL", help="Where that answer sends the call; from --public-url by default.")
@recording_options
@monitor_option
@operating_options
@worker_options
@cluster_options
def serve(
    host: str,
    port: int,
    echo: bool,
    enough: float | None,
    play: Path | None,
    webhook_path: str | None,
    stream_url: str | None,
    monitor: phonewire.Monitor | None,
    endpoint: EndpointOptions,
    recording: RecordingOptions,
    operating: OperatingOptions,
    processes: WorkerOptions,
    shared: ClusterOptions,
) -> None:
    """Take calls from Twilio, Genesys, das-Peak senders, VoIPBIN's clients, VoIPBIN itself and Asterisk.

    Without a path option each protocol that --auth has a secret for is served on its usual path. Secrets are better
    kept in the environment, where no process list shows them: PHONEWIRE_TWILIO_AUTH_TOKEN, PHONEWIRE_APIKEY, for
    VoIPBIN PHONEWIRE_TOKEN, and for Genesys PHONEWIRE_AUDIOHOOK_KEY and PHONEWIRE_AUDIOHOOK_SECRET; several separated
    by spaces. Asterisk has none: --call-id and --allow say who may call.

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
    Genesys' calls, recorded in stereo, the customer left and the agent right:
      PHONEWIRE_AUDIOHOOK_KEY=... PHONEWIRE_AUDIOHOOK_SECRET=... phonewire serve --audiohook \\
          --public-url wss://example.com --record calls
    Asterisk's calls, from one network:
      phonewire serve --audiosocket 0.0.0.0:9092 --allow 10.0.0.0/8 --record calls
    A page on which to see the calls, and to hear them:
      phonewire serve --auth none --twilio /twilio --echo --monitor
    An announcement for VoIPBIN's external_media_start:
      PHONEWIRE_TOKEN=... phonewire serve --external-media /external_media --play welcome.wav
    """  # noqa: D301 - click's mark against rewrapping
    if not host:
        raise click.UsageError("--host is empty; 0.0.0.0 listens on all addresses")
    _check_play(play, endpoint)
    enough_ms = None if enough is None else round(enough * 1000)
    consumer = Consumer(recording, echo=echo, enough_ms=enough_ms, play=play)
    webhooks = _webhooks(webhook_path, stream_url, endpoint)
    cluster = shared.cluster(is_worker=processes.share_port)
    try:
        endpoints = endpoint.websockets(consumer, cluster)
        server = _serve(host, port, endpoints, webhooks, operating, processes, cluster, monitor)
        tcp = endpoint.tcp(consumer, reuse_port=processes.share_port, cluster=cluster, monitor=monitor)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if processes.many:
        _check_workers(endpoint, cluster, monitor)
        _serve_with_workers(host, port, endpoint, operating, processes, recording)
        return
    servers = [each for each in (server, tcp) if each is not None]
    started = partial(_started, server, tcp, endpoint, webhook_path, processes, monitor)
    retention = None if processes.share_port else recording.retention()
    beside = [each for each in (retention, cluster, monitor) if each is not None]
    run_quickly(run(servers, started, operating, beside))


def _serve(
    host: str,
    port: int,
    endpoints: list[phonewire.Endpoint],
    webhooks: list[phonewire.Webhook],
    operating: OperatingOptions,
    processes: WorkerOptions,
    cluster: phonewire.Cluster | None,
    monitor: phonewire.Monitor | None,
) -> phonewire.Server | None:
    """Return what serves WebSockets; None where only Asterisk calls."""
    tls, pages = operating.tls(), operating.pages()
    if not endpoints:
        if tls or pages:
            raise click.UsageError("--tls-cert and --observe need a WebSocket endpoint, such as --voipbin PATH")
        return None
    return phonewire.serve(
        None,
        host,
        port,
        endpoints=endpoints,
        webhooks=webhooks,
        tls=tls,
        trusted_proxies=operating.trusted_proxy,
        origins=operating.origin,
        observe=pages,
        reuse_port=processes.share_port,
        cluster=cluster,
        monitor=monitor,
    )


def _check_workers(
    endpoint: EndpointOptions, cluster: phonewire.Cluster | None, monitor: phonewire.Monitor | None
) -> None:
    if monitor is not None:
        raise click.UsageError("--monitor shows the calls of one process: leave it or --workers out")
    if endpoint.has_conferences:
        raise click.UsageError(
            "--workers needs paths without --voipbin-conferences, such as --twilio /twilio: a conference lives in one "
            "process"
        )
    if cluster is None and endpoint.takes_signatures_once:
        raise click.UsageError("--audiohook with --workers needs --redis: what was signed once would be good for each")


def _serve_with_workers(
    host: str,
    port: int,
    endpoint: EndpointOptions,
    operating: OperatingOptions,
    processes: WorkerOptions,
    recording: RecordingOptions,
) -> None:
    """Have the same command take calls in several processes."""
    with ExitStack() as holders:
        arguments = [*sys.argv[1:], "--workers", "1"]
        if endpoint.paths:
            arguments += ["--port", str(holders.enter_context(reserve(host, port)).getsockname()[1])]
        if endpoint.audiosocket is not None:
            host, _ = endpoint.audiosocket
            port = holders.enter_context(reserve(*endpoint.audiosocket)).getsockname()[1]
            arguments += ["--audiosocket", f"{host}:{port}"]
        if operating.observe is not None:
            arguments += ["--observe", "127.0.0.1:0"]
        asyncio.run(supervise(Supervisor(arguments, processes.workers), operating.observe, recording.retention()))


def _check_play(play: Path | None, endpoint: EndpointOptions) -> None:
    """Look into the file now, not when the first call is to hear it."""
    if (play is None) != (endpoint.external_media is None):
        raise click.UsageError("--external-media PATH and --play FILE need each other")
    if play is not None:
        try:
            WavReader(play).close()
        except CodecError as error:
            raise click.UsageError(f"--play: {error}") from None


def _webhooks(path: str | None, stream_url: str | None, endpoint: EndpointOptions) -> list[phonewire.Webhook]:
    """Return the voice webhook that sends a call to the Twilio endpoint."""
    if path is None:
        if stream_url is not None:
            raise click.UsageError("--stream-url is for the answer of --twiml PATH")
        return []
    protocol = "twilio" if "twilio" in endpoint.paths else "twilio-one-way"
    if protocol not in endpoint.paths:
        raise click.UsageError("--twiml needs an endpoint for Twilio: --twilio PATH")
    if stream_url is None:
        stream_url = _stream_url(endpoint.base_url, endpoint.paths[protocol])
    answer = twiml.connect_stream if protocol == "twilio" else twiml.start_stream
    try:
        body = answer(stream_url)  # checked now, not when the phone rings
        return [phonewire.Webhook(path, lambda form: body, auth=endpoint.access.authenticator(protocol))]
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _stream_url(public_url: str | None, path: str) -> str:
    if public_url is None:
        raise click.UsageError("--twiml needs --public-url, or --stream-url: where Twilio finds the stream")
    return f"wss://{public_url.partition('://')[2]}{path}"


def _started(
    server: phonewire.Server | None,
    tcp: phonewire.AudioSocketServer | None,
    endpoint: EndpointOptions,
    webhook: str | None,
    processes: WorkerOptions,
    monitor: phonewire.Monitor | None,
) -> None:
    """Say what is served where: to whoever reads this, or to the supervisor."""
    observe_port = None if server is None else server.observe_port
    channel = processes.channel()
    if channel is None or processes.announce:
        _announce(server, tcp, endpoint, webhook)
    if channel is not None:
        channel.ready(observe_port)
    elif observe_port is not None:
        click.echo(f"health and metrics on port {observe_port}: /healthz, /readyz, /metrics")
    if monitor is not None:
        click.echo(f"monitor on {monitor.url}")


def _announce(
    server: phonewire.Server | None,
    tcp: phonewire.AudioSocketServer | None,
    endpoint: EndpointOptions,
    webhook: str | None,
) -> None:
    if tcp is not None:
        endpoint.announce_audiosocket(tcp.port)
    if server is None:
        return
    endpoint.announce(server.url)
    if webhook is not None:
        click.echo(f"voice webhook on {server.url.replace('ws', 'http', 1)}{webhook}")

"""Calls inside an aiohttp application, and what it says where aiohttp is missing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from phonewire.aio.cluster.local import Cluster
from phonewire.aio.recording.retention import Retention
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.options import ServerOptions
from phonewire.aio.server.pages import Observe
from phonewire.aio.server.webhook import Webhook

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.mounted.aiohttp_server import AiohttpHandler
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["aiohttp_handler"]


def aiohttp_handler(
    endpoints: Sequence[Endpoint],
    *,
    handler: Handler | None = None,
    webhooks: Sequence[Webhook] = (),
    limits: Limits | None = None,
    trusted_proxies: Collection[str] = (),
    origins: Collection[str] = (),
    observe: Observe | None = None,
    retention: Retention | None = None,
    cluster: Cluster | None = None,
    telemetry: OpenTelemetry | None = None,
    monitor: Monitor | None = None,
    drain_seconds: float = 0.0,
) -> AiohttpHandler:
    """Return what takes calls in an aiohttp application: ``aiohttp_handler([...]).add_to(app, "/voice")``.

    Args:
        endpoints: where calls come in, below where this is added, and what is spoken there.
        handler: awaited for each call of an endpoint that has none of its own.
        webhooks: HTTP forms that are answered, such as Twilio's voice webhook.
        limits: what is taken from a peer.
        trusted_proxies: addresses and networks that are believed when they say in ``X-Forwarded-For`` for whom they
            connect.
        origins: values of ``Origin`` that may connect; see `phonewire.serve`.
        observe: where ``/healthz``, ``/readyz`` and ``/metrics`` are answered; by default nowhere.
        retention: removes old recordings while the application runs; by default all are kept.
        cluster: tells other servers which calls are here, and takes orders to them, as `RedisCluster` does; by default
            this server's alone.
        telemetry: has OpenTelemetry told of each call, and of the counters.
        monitor: has a page on which the calls can be seen and heard; enter it before the server.
        drain_seconds: that calls under way may go on when the application is stopped; new ones are refused.

    Raises:
        ImportError: aiohttp is not installed.
        ValueError: no endpoint, two of one path, one without any handler or of no known protocol or *wire*; a proxy
            that is no address or network; *drain_seconds* is below 0.
    """
    try:
        from phonewire.aio.mounted.aiohttp_server import AiohttpHandler
    except ImportError as error:
        raise ImportError("an aiohttp handler needs aiohttp: pip install 'phonewire[aiohttp]'") from error
    options = ServerOptions(
        handler=handler,
        endpoints=endpoints,
        webhooks=webhooks,
        limits=limits,
        trusted_proxies=trusted_proxies,
        origins=origins,
        observe=observe,
        retention=retention,
        cluster=cluster,
        telemetry=telemetry,
        monitor=monitor,
        drain_seconds=drain_seconds,
    )
    return AiohttpHandler(options)

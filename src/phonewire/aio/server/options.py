"""What `serve`, `asgi` and `aiohttp_handler` are told alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from phonewire.aio.cluster.local import Cluster
from phonewire.aio.recording.retention import Retention
from phonewire.aio.server.endpoint import Endpoint, Handler, Limits
from phonewire.aio.server.pages import Observe
from phonewire.aio.server.webhook import Webhook

if TYPE_CHECKING:
    from phonewire.aio.monitor.monitor import Monitor
    from phonewire.aio.observe.telemetry import OpenTelemetry

__all__ = ["ServerOptions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """What `serve` describes, by the names that it has there."""

    handler: Handler | None
    endpoints: Sequence[Endpoint]
    webhooks: Sequence[Webhook]
    limits: Limits | None
    trusted_proxies: Collection[str]
    origins: Collection[str]
    observe: Observe | None
    retention: Retention | None
    cluster: Cluster | None
    telemetry: OpenTelemetry | None
    monitor: Monitor | None
    drain_seconds: float = 0.0

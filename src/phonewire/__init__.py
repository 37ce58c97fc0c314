"""Telephone audio between phone platforms and Python.

Codec and framing functions live in ``phonewire.g711`` and ``phonewire.b64``, protocol engines in
``phonewire.protocols``, authentication in ``phonewire.auth``. What needs asyncio is loaded when it is first asked for:
`serve`, `connect`, `serve_audiosocket`, `connect_audiosocket`, `bridge`, `Call`, `Conference`, `Conferences`,
`DasPeakSignalling`, `Endpoint`, `Limits`, `Monitor`, `Observe`, `Retention`, `Tls`, `Webhook`, `asgi`,
`aiohttp_handler`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from phonewire._backend import BackendInfo, backend_info
from phonewire.errors import (
    AuthenticationError,
    BackendError,
    BufferTooSmallError,
    CallEndedError,
    CodecError,
    ConferenceFullError,
    HandshakeError,
    InvalidBase64Error,
    LimitExceededError,
    LocalProtocolError,
    PacketError,
    PhonewireError,
    ProtocolError,
    QueueFullError,
    RemoteProtocolError,
    SharedStoreError,
)

if TYPE_CHECKING:
    from phonewire.aio.bridge.bridge import BridgeResult as BridgeResult
    from phonewire.aio.bridge.bridge import bridge as bridge
    from phonewire.aio.call.call import Call as Call
    from phonewire.aio.client.audiosocket import connect_audiosocket as connect_audiosocket
    from phonewire.aio.client.client import connect as connect
    from phonewire.aio.client.das_peak_signalling import DasPeakSignalling as DasPeakSignalling
    from phonewire.aio.cluster.local import Cluster as Cluster
    from phonewire.aio.cluster.local import LocalCluster as LocalCluster
    from phonewire.aio.cluster.nonces import NonceStore as NonceStore
    from phonewire.aio.cluster.redis import RedisCluster as RedisCluster
    from phonewire.aio.cluster.redis import RedisNonces as RedisNonces
    from phonewire.aio.conference.conference import Conference as Conference
    from phonewire.aio.conference.conferences import Conferences as Conferences
    from phonewire.aio.conference.events import LegJoined as LegJoined
    from phonewire.aio.conference.events import LegLeft as LegLeft
    from phonewire.aio.events import Disconnected as Disconnected
    from phonewire.aio.events import Discontinuity as Discontinuity
    from phonewire.aio.events import DtmfInAudio as DtmfInAudio
    from phonewire.aio.events import NoMedia as NoMedia
    from phonewire.aio.events import PositionDrift as PositionDrift
    from phonewire.aio.events import Quality as Quality
    from phonewire.aio.events import Reconnected as Reconnected
    from phonewire.aio.events import RecordingFailed as RecordingFailed
    from phonewire.aio.events import Unpaced as Unpaced
    from phonewire.aio.monitor.monitor import Monitor as Monitor
    from phonewire.aio.mounted.aiohttp_handler import aiohttp_handler as aiohttp_handler
    from phonewire.aio.mounted.asgi import Asgi as Asgi
    from phonewire.aio.mounted.asgi import asgi as asgi
    from phonewire.aio.observe.telemetry import OpenTelemetry as OpenTelemetry
    from phonewire.aio.outbound.mark import Mark as Mark
    from phonewire.aio.outbound.mark import MarkOutcome as MarkOutcome
    from phonewire.aio.recording.recorder import Recording as Recording
    from phonewire.aio.recording.retention import Retention as Retention
    from phonewire.aio.redial import Redial as Redial
    from phonewire.aio.refusal import Refusal as Refusal
    from phonewire.aio.server.audiosocket import AudioSocketServer as AudioSocketServer
    from phonewire.aio.server.audiosocket import serve_audiosocket as serve_audiosocket
    from phonewire.aio.server.endpoint import Endpoint as Endpoint
    from phonewire.aio.server.endpoint import Limits as Limits
    from phonewire.aio.server.pages import Observe as Observe
    from phonewire.aio.server.server import Server as Server
    from phonewire.aio.server.server import serve as serve
    from phonewire.aio.server.single_use import SingleUse as SingleUse
    from phonewire.aio.server.webhook import Webhook as Webhook
    from phonewire.aio.tls import Tls as Tls
    from phonewire.protocols.connection import Dtmf as Dtmf
    from phonewire.protocols.connection import EndReason as EndReason
    from phonewire.protocols.connection import MediaFormat as MediaFormat
    from phonewire.protocols.connection import MessageRate as MessageRate

#: The release that is installed.
__version__ = "0.1.0.dev0"

# PEP 562: these load asyncio, websockets or msgspec, which a program that only codes audio should not pay for.
_LAZY = {
    "Asgi": "phonewire.aio.mounted.asgi",
    "AudioSocketServer": "phonewire.aio.server.audiosocket",
    "BridgeResult": "phonewire.aio.bridge.bridge",
    "Call": "phonewire.aio.call.call",
    "Cluster": "phonewire.aio.cluster.local",
    "Conference": "phonewire.aio.conference.conference",
    "Conferences": "phonewire.aio.conference.conferences",
    "DasPeakSignalling": "phonewire.aio.client.das_peak_signalling",
    "Disconnected": "phonewire.aio.events",
    "Discontinuity": "phonewire.aio.events",
    "Dtmf": "phonewire.protocols.connection",
    "DtmfInAudio": "phonewire.aio.events",
    "EndReason": "phonewire.protocols.connection",
    "Endpoint": "phonewire.aio.server.endpoint",
    "LegJoined": "phonewire.aio.conference.events",
    "LegLeft": "phonewire.aio.conference.events",
    "Limits": "phonewire.aio.server.endpoint",
    "LocalCluster": "phonewire.aio.cluster.local",
    "Mark": "phonewire.aio.outbound.mark",
    "MarkOutcome": "phonewire.aio.outbound.mark",
    "MediaFormat": "phonewire.protocols.connection",
    "MessageRate": "phonewire.protocols.connection",
    "Monitor": "phonewire.aio.monitor.monitor",
    "NoMedia": "phonewire.aio.events",
    "NonceStore": "phonewire.aio.cluster.nonces",
    "Observe": "phonewire.aio.server.pages",
    "OpenTelemetry": "phonewire.aio.observe.telemetry",
    "PositionDrift": "phonewire.aio.events",
    "Quality": "phonewire.aio.events",
    "Reconnected": "phonewire.aio.events",
    "Recording": "phonewire.aio.recording.recorder",
    "RecordingFailed": "phonewire.aio.events",
    "Redial": "phonewire.aio.redial",
    "RedisCluster": "phonewire.aio.cluster.redis",
    "RedisNonces": "phonewire.aio.cluster.redis",
    "Refusal": "phonewire.aio.refusal",
    "Retention": "phonewire.aio.recording.retention",
    "Server": "phonewire.aio.server.server",
    "SingleUse": "phonewire.aio.server.single_use",
    "Tls": "phonewire.aio.tls",
    "Unpaced": "phonewire.aio.events",
    "Webhook": "phonewire.aio.server.webhook",
    "aiohttp_handler": "phonewire.aio.mounted.aiohttp_handler",
    "asgi": "phonewire.aio.mounted.asgi",
    "bridge": "phonewire.aio.bridge.bridge",
    "connect": "phonewire.aio.client.client",
    "connect_audiosocket": "phonewire.aio.client.audiosocket",
    "serve": "phonewire.aio.server.server",
    "serve_audiosocket": "phonewire.aio.server.audiosocket",
}

__all__ = [
    "Asgi",
    "AudioSocketServer",
    "AuthenticationError",
    "BackendError",
    "BackendInfo",
    "BridgeResult",
    "BufferTooSmallError",
    "Call",
    "CallEndedError",
    "Cluster",
    "CodecError",
    "Conference",
    "ConferenceFullError",
    "Conferences",
    "DasPeakSignalling",
    "Disconnected",
    "Discontinuity",
    "Dtmf",
    "DtmfInAudio",
    "EndReason",
    "Endpoint",
    "HandshakeError",
    "InvalidBase64Error",
    "LegJoined",
    "LegLeft",
    "LimitExceededError",
    "Limits",
    "LocalCluster",
    "LocalProtocolError",
    "Mark",
    "MarkOutcome",
    "MediaFormat",
    "MessageRate",
    "Monitor",
    "NoMedia",
    "NonceStore",
    "Observe",
    "OpenTelemetry",
    "PacketError",
    "PhonewireError",
    "PositionDrift",
    "ProtocolError",
    "Quality",
    "QueueFullError",
    "Reconnected",
    "Recording",
    "RecordingFailed",
    "Redial",
    "RedisCluster",
    "RedisNonces",
    "Refusal",
    "RemoteProtocolError",
    "Retention",
    "Server",
    "SharedStoreError",
    "SingleUse",
    "Tls",
    "Unpaced",
    "Webhook",
    "__version__",
    "aiohttp_handler",
    "asgi",
    "backend_info",
    "bridge",
    "connect",
    "connect_audiosocket",
    "serve",
    "serve_audiosocket",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'phonewire' has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

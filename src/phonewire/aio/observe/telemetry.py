"""A span for each call, and a server's counters, for OpenTelemetry. Needs the extra ``otel``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Token
from typing import TYPE_CHECKING, Any

try:
    from opentelemetry import context, metrics, trace
except ImportError as error:
    raise ImportError("telemetry needs OpenTelemetry: pip install 'phonewire[otel]'") from error

from phonewire import __version__
from phonewire.aio.observe.measures import Measure, Measures
from phonewire.protocols.connection import EndReason

if TYPE_CHECKING:
    from phonewire.aio.call.call import Call

__all__ = ["OpenTelemetry"]

_SAME_COLLECTION_S = 0.5  # the callbacks of all instruments come one after the other
_ANSWER_S = 5.0


class OpenTelemetry:
    """Tells OpenTelemetry of calls: ``serve(..., telemetry=OpenTelemetry())``, ``connect(..., telemetry=…)``.

    Each call is a span, ``phonewire.call``, with its protocol, its id, how it ended and how much was heard and said, of
    the kind SERVER or CLIENT; spans that its handler, or the block of `connect`, opens are below it. The counters are a
    server's; they have the names that `Observe` gives Prometheus, without the ``_total`` that exporters add.

    Args:
        tracer_provider: by default the one that the program, or ``opentelemetry-instrument``, has set.
        meter_provider: likewise.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("phonewire", __version__, tracer_provider)
        self._meter = metrics.get_meter("phonewire", __version__, meter_provider)
        self._spans: dict[Call, tuple[trace.Span, Token[Any]]] = {}
        self._servers: dict[Measures, asyncio.AbstractEventLoop] = {}
        self._instruments: set[str] = set()
        self._read: dict[str, list[Measure]] = {}
        self._read_s = 0.0

    # Calls

    def entered(self, call: Call) -> None:
        """Begin the span of a call, in the task that its handler runs in."""
        self._begin(call, trace.SpanKind.SERVER)

    def _begin(self, call: Call, kind: trace.SpanKind) -> None:
        about = {"phonewire.protocol": call.protocol, "phonewire.call_id": call.id}
        span = self._tracer.start_span("phonewire.call", kind=kind, attributes=about)
        self._spans[call] = span, context.attach(trace.set_span_in_context(span))

    def left(self, call: Call) -> None:
        """End the span of a call, in the same task."""
        span, token = self._spans.pop(call)
        context.detach(token)
        stats = call.stats()
        span.set_attribute("phonewire.end_reason", str(call.end_reason))
        for name in ("ms_in", "ms_out", "played_ms", "lost_packets"):
            span.set_attribute(f"phonewire.{name}", getattr(stats, name))
        if call.close_code is not None:
            span.set_attribute("phonewire.close_code", call.close_code)
        if call.end_reason is EndReason.FAILED:
            span.set_status(trace.StatusCode.ERROR)
        span.end()

    @contextmanager
    def calling(self, call: Call) -> Iterator[None]:
        """Have a call that this side has dialled be a span as long as the block lasts."""
        self._begin(call, trace.SpanKind.CLIENT)
        try:
            yield
        finally:
            self.left(call)

    # Counters

    @contextmanager
    def watching(self, measures: Measures) -> Iterator[None]:
        """Have the counters of a server read as long as it runs."""
        self._servers[measures] = asyncio.get_running_loop()
        for measure in measures.read():
            self._instrument(measure)
        try:
            yield
        finally:
            del self._servers[measures]

    def _instrument(self, measure: Measure) -> None:
        if measure.name not in self._instruments:
            self._instruments.add(measure.name)
            counter = measure.kind == "counter"
            create = self._meter.create_observable_counter if counter else self._meter.create_observable_gauge
            create(measure.name, [self._observer(measure.name)], description=measure.text)

    def _observer(self, name: str) -> Callable[[metrics.CallbackOptions], Iterable[metrics.Observation]]:
        def observe(_options: metrics.CallbackOptions) -> Iterable[metrics.Observation]:
            for measure in self._collection().get(name, []):
                for values, number in measure.samples.items():
                    yield metrics.Observation(number, dict(zip(measure.labels, values, strict=True)))

        return observe

    def _collection(self) -> dict[str, list[Measure]]:
        """Return what all servers have counted, by name; read once for all instruments."""
        if time.monotonic() - self._read_s > _SAME_COLLECTION_S:
            self._read = {}
            for measures, loop in tuple(self._servers.items()):
                for measure in _read_in(loop, measures):
                    self._read.setdefault(measure.name, []).append(measure)
            self._read_s = time.monotonic()
        return self._read


def _read_in(loop: asyncio.AbstractEventLoop, measures: Measures) -> list[Measure]:
    """Read a server's counters in its own thread: exporters ask from another one."""

    async def read() -> list[Measure]:
        return list(measures.read())

    try:
        if asyncio.get_running_loop() is loop:
            return list(measures.read())
    except RuntimeError:
        pass  # the exporter's thread
    if loop.is_closed():
        return []
    reading = asyncio.run_coroutine_threadsafe(read(), loop)
    try:
        return reading.result(_ANSWER_S)
    except TimeoutError:
        reading.cancel()
        return []

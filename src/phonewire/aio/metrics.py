"""A server's counters for Prometheus. Needs the extra ``prometheus``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from phonewire import __version__
from phonewire._backend import backend_info
from phonewire.aio.faults import fault
from phonewire.aio.log import PeerLog
from phonewire.aio.refusal import Refusal
from phonewire.aio.tally import Sums, Tally
from phonewire.stats import GAUGES, CallStats

__all__ = ["ServerCollector", "exposition"]

_Samples = Mapping[Any, float]  # by the values of the labels, a tuple; Mapping does not take a narrower key


class ServerCollector(Collector):
    """Reads the counters when it is asked, so that counting costs the calls nothing.

    Every field of `CallStats` is a metric of its own name, summed over calls: ``phonewire_frames_in_total``. Labels are
    words of ours (protocols and reasons), never anything of a peer's.

    Args:
        tally: of calls and refusals.
        waiting: connections that have not shown who they are.
        log: of lines about peers.
    """

    def __init__(self, tally: Tally, waiting: Sized, log: PeerLog) -> None:
        self._tally = tally
        self._waiting = waiting
        self._log = log

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._server()
        yield from self._calls()
        sums = self._tally.sums()
        for field in CallStats.__struct_fields__:
            yield _field(field, sums)

    def _server(self) -> Iterator[Metric]:
        backend = backend_info()
        build = (__version__, backend.backend, backend.isa)
        yield _gauge("build_info", "What is running.", ["version", "backend", "isa"], {build: 1})
        refused = {(refusal.value,): self._tally.refused[refusal] for refusal in Refusal}
        yield _counter("refused", "Peers that were sent away.", ["reason"], refused)
        yield _gauge(
            "waiting_connections", "Connections that have not shown who they are.", [], {(): len(self._waiting)}
        )
        yield _counter("suppressed_log_lines", "Lines about peers that were left out.", [], {(): self._log.suppressed})

    def _calls(self) -> Iterator[Metric]:
        fault("metrics.collect")
        tally = self._tally
        going_on = Counter((call.protocol,) for call in tally.calls)
        yield _gauge("calls", "Calls that go on.", ["protocol"], going_on)
        yield _counter("calls_ended", "Calls that are over.", ["protocol", "reason"], tally.ended)
        seconds = {(protocol,): seconds for protocol, seconds in tally.seconds.items()}
        yield _counter("call_seconds", "How long ended calls lasted.", ["protocol"], seconds)
        yield _counter("handler_errors", "Handlers that raised.", [], {(): tally.handler_errors})


def exposition(collector: ServerCollector) -> Callable[[], bytes]:
    """Return what writes the metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(collector)
    return lambda: generate_latest(registry)


def _field(field: str, sums: Mapping[str, Sums]) -> Metric:
    keyed = isinstance(getattr(CallStats(), field), dict)
    samples = {
        (protocol, key) if keyed else (protocol,): count
        for protocol, of_protocol in sums.items()
        for (name, key), count in of_protocol.items()
        if name == field
    }
    make = _gauge if field in GAUGES else _counter
    return make(field, f"CallStats.{field}, all calls.", ["protocol", "reason"] if keyed else ["protocol"], samples)


def _counter(name: str, text: str, labels: list[str], samples: _Samples) -> Metric:
    family = CounterMetricFamily(f"phonewire_{name}", text, labels=labels)
    for values, count in samples.items():
        family.add_metric(values, count)
    return family


def _gauge(name: str, text: str, labels: list[str], samples: _Samples) -> Metric:
    family = GaugeMetricFamily(f"phonewire_{name}", text, labels=labels)
    for values, count in samples.items():
        family.add_metric(values, count)
    return family

"""A server's counters for Prometheus. Needs the extra ``prometheus``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from phonewire.aio.observe.measures import Measure, Measures

__all__ = ["exposition"]


def exposition(measures: Measures) -> Callable[[], bytes]:
    """Return what writes the metrics in Prometheus' text format; the names of counters end in ``_total`` there."""
    registry = CollectorRegistry()
    registry.register(_Collector(measures))
    return lambda: generate_latest(registry)


class _Collector(Collector):
    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        return map(_family, self._measures.read())


def _family(measure: Measure) -> Metric:
    kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
    family = kind(measure.name, measure.text, labels=measure.labels)
    for values, number in measure.samples.items():
        family.add_metric(values, number)
    return family

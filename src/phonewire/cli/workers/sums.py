"""Metrics of several processes, added up. Needs the extra ``prometheus``."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Self

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from phonewire.stats import PEAKS

__all__ = ["Sums"]

_Key = tuple[str, frozenset[tuple[str, str]]]  # a sample's name and labels

#: Families of which the largest of all processes says something, and the sum nothing.
_LARGEST = frozenset(f"phonewire_{name}" for name in (*PEAKS, "build_info"))


class Sums:
    """Samples in Prometheus' text format, added up where name and labels are the same; the largest of peaks."""

    def __init__(self) -> None:
        self._families: dict[str, tuple[str, str]] = {}  # what each is, and of which type
        self._sums: dict[str, dict[_Key, float]] = {}

    def copy(self) -> Self:
        """Return the same sums, to which others can be added."""
        return copy.deepcopy(self)

    def add(self, text: str, *, counters_only: bool = False) -> None:
        """Add the metrics of a process; of one that has ended, only what it has counted is still true."""
        for family in text_string_to_metric_families(text):
            if counters_only and family.type != "counter":
                continue
            self._families[family.name] = family.documentation, family.type
            sums = self._sums.setdefault(family.name, {})
            for sample in family.samples:
                key = sample.name, frozenset(sample.labels.items())
                before = sums.get(key, 0)
                sums[key] = max(before, sample.value) if family.name in _LARGEST else before + sample.value

    def text(self, restarts: int) -> str:
        """Return the sums in the same format, and how often a process was started anew."""
        registry = CollectorRegistry()
        registry.register(_Collector([*self._metrics(), _restarts(restarts)]))
        return generate_latest(registry).decode()

    def _metrics(self) -> Iterator[Metric]:
        for name, (documentation, kind) in self._families.items():
            family = Metric(name, documentation, kind)
            for (sample, labels), value in self._sums[name].items():
                family.add_sample(sample, dict(labels), value)
            yield family


class _Collector(Collector):
    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics


def _restarts(count: int) -> Metric:
    family = CounterMetricFamily("phonewire_worker_restarts", "Workers that were started anew.")
    family.add_metric([], count)
    return family

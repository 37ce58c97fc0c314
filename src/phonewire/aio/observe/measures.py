"""What a server has counted, as an operator's tools take it: names, kinds, labels and numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any, Literal, NamedTuple

from phonewire import __version__
from phonewire._backend import backend_info
from phonewire.aio.faults import fault
from phonewire.aio.observe.log import PeerLog
from phonewire.aio.observe.tally import Sums, Tally
from phonewire.aio.refusal import Refusal
from phonewire.stats import GAUGES, CallStats

__all__ = ["Measure", "Measures"]

Samples = Mapping[Any, float]  # by the values of the labels, a tuple; Mapping does not take a narrower key


class Measure(NamedTuple):
    """A number, or one for each value of its labels.

    Attributes:
        kind: a counter only grows, a gauge goes up and down.
        name: of the metric, without what a tool adds to it.
        text: what it is.
        labels: their names.
        samples: numbers by the labels' values.
    """

    kind: Literal["counter", "gauge"]
    name: str
    text: str
    labels: Sequence[str]
    samples: Samples


class Measures:
    """Reads the counters when it is asked, so that counting costs the calls nothing.

    Every field of `CallStats` is a metric of its own name, summed over calls: ``phonewire_frames_in``. Labels are words
    of ours (protocols and reasons), never anything of a peer's.

    Args:
        tally: of calls and refusals.
        waiting: connections that have not shown who they are.
        log: of lines about peers.
    """

    def __init__(self, tally: Tally, waiting: Sized, log: PeerLog) -> None:
        self._tally = tally
        self._waiting = waiting
        self._log = log

    def read(self) -> Iterator[Measure]:
        """Yield all of them."""
        yield from self._server()
        yield from self._calls()
        sums = self._tally.sums()
        for field in CallStats.__struct_fields__:
            yield _field(field, sums)

    def _server(self) -> Iterator[Measure]:
        backend = backend_info()
        build = (__version__, backend.backend, backend.isa)
        yield _gauge("build_info", "What is running.", ["version", "backend", "isa"], {build: 1})
        refused = {(refusal.value,): self._tally.refused[refusal] for refusal in Refusal}
        yield _counter("refused", "Peers that were sent away.", ["reason"], refused)
        waiting = {(): len(self._waiting)}
        yield _gauge("waiting_connections", "Connections that have not shown who they are.", [], waiting)
        yield _counter("suppressed_log_lines", "Lines about peers that were left out.", [], {(): self._log.suppressed})

    def _calls(self) -> Iterator[Measure]:
        fault("metrics.collect")
        tally = self._tally
        going_on = Counter((call.protocol,) for call in tally.calls)
        yield _gauge("calls", "Calls that go on.", ["protocol"], going_on)
        yield _counter("calls_ended", "Calls that are over.", ["protocol", "reason"], tally.ended)
        seconds = {(protocol,): seconds for protocol, seconds in tally.seconds.items()}
        yield _counter("call_seconds", "How long ended calls lasted.", ["protocol"], seconds)
        yield _counter("handler_errors", "Handlers that raised.", [], {(): tally.handler_errors})


def _field(field: str, sums: Mapping[str, Sums]) -> Measure:
    keyed = isinstance(getattr(CallStats(), field), dict)
    samples = {
        (protocol, key) if keyed else (protocol,): count
        for protocol, of_protocol in sums.items()
        for (name, key), count in of_protocol.items()
        if name == field
    }
    make = _gauge if field in GAUGES else _counter
    return make(field, f"CallStats.{field}, all calls.", ["protocol", "reason"] if keyed else ["protocol"], samples)


def _counter(name: str, text: str, labels: Sequence[str], samples: Samples) -> Measure:
    return Measure("counter", f"phonewire_{name}", text, labels, samples)


def _gauge(name: str, text: str, labels: Sequence[str], samples: Samples) -> Measure:
    return Measure("gauge", f"phonewire_{name}", text, labels, samples)

"""What a load has shown."""

from __future__ import annotations

import msgspec

from phonewire.load.caller import COMPLETED
from phonewire.load.tally import Histogram

__all__ = ["BUSY", "LoadResult", "Percentiles", "Second"]

#: From this share of a processor on, what was measured is the generator.
BUSY = 0.85


class Percentiles(msgspec.Struct, frozen=True):
    """Durations in ms; p50 is what half of them are no longer than."""

    count: int
    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    longest: float

    @classmethod
    def of(cls, histogram: Histogram) -> Percentiles:
        """Return those of a histogram."""
        p50, p90, p99, p999 = (histogram.percentile_ms(percent) for percent in (50, 90, 99, 99.9))
        return cls(histogram.count, p50, p90, p99, p999, histogram.longest_ms)


class Second(msgspec.Struct, frozen=True, kw_only=True):
    """One second of it.

    Attributes:
        at_s: since the first call.
        talking: calls that spoke at its end.
        sent, messages: frames out and messages in, in this second.
        p50_ms, p99_ms: from writing a stamped frame to its return; None where none came back.
        generator_cpu: share of a processor that the generator used.
        server_cpu: the same of the server; None where it is not watched.
        server_bytes: its resident memory.
    """

    at_s: float
    talking: int
    sent: int
    messages: int
    p50_ms: float | None
    p99_ms: float | None
    generator_cpu: float
    server_cpu: float | None
    server_bytes: int | None


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a load has shown.

    Attributes:
        protocol: that was spoken.
        target: host, port and path.
        calls, ramp_s, seconds: as they were asked for.
        stamped: whether each frame had to come back.
        ends: calls by how they ended.
        sent: frames that were written.
        held: frames that were not, because the server did not read.
        messages: that came from the server.
        returned: stamped frames that came back, each counted once.
        lost, duplicated, reordered: stamped frames that did not come back, did again, or after a later one.
        strange: stamped frames of another call, or never sent.
        unstamped: frames of audio without a stamp, such as silence of the server's own.
        late: that came more than 40 ms after what had come before was played.
        latency_ms: from writing a stamped frame to its return.
        connecting_ms: from dialling to the server's answer.
        generator_cpu: share of a processor that the generator used while all calls spoke.
        server_cpu: the same of the server; None where it was not watched.
        timeline: second by second.
    """

    protocol: str
    target: str
    calls: int
    ramp_s: float
    seconds: float
    stamped: bool
    ends: dict[str, int]
    sent: int
    held: int
    messages: int
    returned: int
    lost: int
    duplicated: int
    reordered: int
    strange: int
    unstamped: int
    late: int
    latency_ms: Percentiles
    connecting_ms: Percentiles
    generator_cpu: float
    server_cpu: float | None
    timeline: list[Second]

    @property
    def good(self) -> bool:
        """Whether every call was carried to its end, and every stamped frame came back once and in order."""
        faults = self.lost + self.duplicated + self.reordered + self.strange + self.held
        return self.ends == {COMPLETED: self.calls} and not faults

    @property
    def busy(self) -> bool:
        """Whether the generator was so busy that times are as much its own as the server's."""
        return self.generator_cpu > BUSY

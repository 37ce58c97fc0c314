"""What a message pair was measured to cost, and how two servers compare, round by round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.calls.void import why_void

__all__ = ["ENOUGH", "Cost", "compared", "counted", "pair_us"]

#: So many rounds have to count on both sides, or it is said that there were fewer.
ENOUGH = 3


@dataclass(frozen=True)
class Cost:
    """One measurement.

    Attributes:
        pair_us: the server's processor time for a frame in and out.
        returned: share of the frames that came back meanwhile.
        generator: share of a core that the generator used.
        floor_ms: the longest that the probe was late.
    """

    pair_us: float
    returned: float
    generator: float
    floor_ms: float

    @property
    def void(self) -> str:
        """Why it says nothing; empty when it does."""
        return why_void(self.generator, self.floor_ms)


def counted(costs: Sequence[Cost]) -> Sequence[Cost]:
    """Return those that are not void, where there are any."""
    return [cost for cost in costs if not cost.void] or costs


def pair_us(costs: Sequence[Cost]) -> float:
    """Return the median of those that count."""
    return median(cost.pair_us for cost in counted(costs))


def compared(more: Sequence[Cost], less: Sequence[Cost]) -> tuple[float, str]:
    """Return the median of the rounds' ratios, and what to say of them; of void ones only where there are no others.

    One side may have been measured in fewer rounds, the first.
    """
    rounds = list(zip(more, less, strict=False))
    good = [pair for pair in rounds if not any(cost.void for cost in pair)]
    ratios = [one.pair_us / other.pair_us for one, other in good or rounds]
    note = f"of {', '.join(f'{ratio:.2f}' for ratio in ratios)}"
    if not good:
        note += ", all void, and counted"
    elif len(good) < ENOUGH:
        note += (
            f", only {len(good)} of {len(rounds)} rounds count" if len(good) < len(rounds) else f", {len(good)} rounds"
        )
    return median(ratios), note

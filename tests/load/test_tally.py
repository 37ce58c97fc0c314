"""Percentiles of a histogram are those of its durations, to the width of a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonewire.load.tally import Histogram

DURATIONS = st.lists(st.integers(0, 70 * 10**9), min_size=1, max_size=50)


def counted(durations_ns):
    histogram = Histogram()
    for duration_ns in durations_ns:
        histogram.add(duration_ns)
    return histogram


@given(DURATIONS, st.sampled_from([1, 50, 90, 99, 99.9, 100]))
def test_percentiles(durations_ns, percent):
    ordered = sorted(durations_ns)
    exact_ms = ordered[max(-(-len(ordered) * percent // 100), 1).__int__() - 1] / 1e6
    found_ms = counted(durations_ns).percentile_ms(percent)
    if exact_ms < 60_990:
        assert exact_ms <= found_ms + 1e-9
        assert found_ms <= exact_ms + (0.1001 if exact_ms < 1000 else 10.001)
    else:
        assert found_ms <= max(ordered) / 1e6


@given(DURATIONS, DURATIONS)
def test_two_histograms_are_one(first, second):
    merged, both = counted(first), counted(first + second)
    merged.merge(counted(second))
    assert (merged.count, merged.longest_ms) == (both.count, both.longest_ms)
    assert merged.longest_ms == max(first + second) / 1e6
    assert [merged.percentile_ms(p) for p in (1, 50, 99)] == [both.percentile_ms(p) for p in (1, 50, 99)]


def test_of_nothing_there_is_no_percentile():
    assert Histogram().percentile_ms(50) is None
    assert Histogram().longest_ms == pytest.approx(0)

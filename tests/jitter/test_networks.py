"""The drill's five networks, without its clock: what is concealed there; the traces are the same everywhere."""

import pytest

from tests.drills.drill_jitter_buffer import MARGIN, compare
from tests.drills.jitter_traces import TRACES, checked


@pytest.mark.parametrize("network", TRACES)
def test_no_fixed_delay_is_better_by_more_than_a_point(network):
    heard, best = compare(checked(network))
    assert heard.concealed <= best + MARGIN
    assert heard.dropped <= 2
    assert heard.delay_ms <= 120

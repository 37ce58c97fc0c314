"""What ``make bench-calls`` says of a crowd of calls."""

import types

import pytest

from benchmarks.calls import crowd


def a_load(completed, generators=(0.2,), **faults):
    seconds = [types.SimpleNamespace(generator_cpu=share) for share in generators]
    numbers = {"lost": 0, "duplicated": 0, "reordered": 0, "late": 0, "sent": 500} | faults
    times = types.SimpleNamespace(p50=1.0, p99=2.0)
    return types.SimpleNamespace(
        ends={"completed": completed}, timeline=seconds, connecting_ms=times, latency_ms=times, **numbers
    )


IDLE = a_load(crowd.CALLS - crowd.ACTIVE)


def verdicts(active, void=""):
    return [line.verdict for line in crowd._lines(IDLE, active, 2**20, void)]


def test_all_are_carried_and_nothing_is_lost():
    assert verdicts(a_load(crowd.ACTIVE)) == ["reached", "", "", "reached"]
    assert verdicts(a_load(crowd.ACTIVE - 1))[0] == "MISSED"


@pytest.mark.parametrize("fault", ["lost", "duplicated", "reordered"])
def test_what_is_lost_is_lost_on_any_machine(fault):
    assert verdicts(a_load(crowd.ACTIVE, **{fault: 1}), void="floor 12.0 ms")[-1] == "MISSED"


def test_each_line_says_that_it_is_void():
    lines = crowd._lines(IDLE, a_load(crowd.ACTIVE), 2**20, "floor 12.0 ms")
    assert [line.note.endswith("void: floor 12.0 ms") for line in lines] == [True] * 4
    assert lines[0].note == "void: floor 12.0 ms"
    assert not any("void" in line.note for line in crowd._lines(IDLE, a_load(crowd.ACTIVE), 2**20, ""))


def test_the_busiest_second_counts():
    assert crowd._generator(a_load(1, (0.2, 0.9)), a_load(1, (0.5,))) == 0.9

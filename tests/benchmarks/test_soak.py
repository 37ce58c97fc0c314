"""What ``make soak`` says of what it has seen."""

from phonewire.load.result import LoadResult, Percentiles, Second
from tests.soak import growth_mib, lines

MIB = 2**20


def timeline(*sizes_mib):
    return [
        Second(at_s=10.0 * at, talking=1, sent=1, messages=1, p50_ms=1.0, p99_ms=1.0, generator_cpu=0.1, server_cpu=0.1,
               server_bytes=round(size * MIB))
        for at, size in enumerate(sizes_mib, 1)
    ]  # fmt: skip


def result(**changed):
    some = Percentiles(1, 1.0, 1.0, 1.0, 1.0, 1.0)
    values = dict.fromkeys(("held", "messages", "lost", "duplicated", "reordered", "strange", "unstamped", "late"), 0)
    values |= {"protocol": "twilio", "target": "host", "calls": 2, "ramp_s": 1.0, "seconds": 600.0, "stamped": True}
    values |= {"ends": {"completed": 2}, "sent": 9, "returned": 9, "latency_ms": some, "connecting_ms": some}
    values |= {"generator_cpu": 0.1, "server_cpu": 0.1, "timeline": timeline(40, 41, 42, 43, 44, 45, 46, 47)}
    return LoadResult(**values | changed)


def test_memory_counts_from_the_most_of_the_first_minute_to_the_most_after_it():
    assert growth_mib(timeline(40, 50, 45, 45, 45, 45, 45)) == -5
    assert growth_mib(timeline(40, 50, 45, 45, 45, 45, 51, 50.5)) == 1
    assert growth_mib(timeline(40, 50, 45, 45, 45, 45, 44)) == -6


def test_memory_that_nobody_has_seen_has_not_stayed_the_same():
    assert growth_mib([]) is None
    assert growth_mib(timeline(40, 50)) is None, "nothing after the first minute"
    assert reached(timeline=[]) == [True, True, False]


def reached(**changed):
    return [line.reached for line in lines(result(**changed))]


def test_each_goal_can_be_missed():
    assert reached() == [True, True, True]
    assert reached(ends={"completed": 1, "dropped": 1}) == [False, False, True]
    for fault in ("lost", "duplicated", "reordered", "strange", "held"):
        assert reached(**{fault: 1}) == [True, False, True]
    assert reached(timeline=timeline(40, 40, 40, 40, 40, 40, 42.5)) == [True, True, False]

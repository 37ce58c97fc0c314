"""How many calls a core carries, as ``make bench-calls`` finds it: servers with a limit, and machines that stall."""

import pytest

from benchmarks.calls import carry
from benchmarks.calls.climb import FINE, HOLD_S, MOST, TRIES, Climb, Window, climb

LATE = {"late": 3}
QUIET, STALLED, BUSY = {}, {"floor_ms": 12.0}, {"generator": 0.9}


class Server:
    """Carries so many calls; *machine* says what the machine does with them."""

    def __init__(self, limit, machine=lambda calls, seconds: QUIET):
        self._limit, self._machine = limit, machine
        self.held = []

    def __call__(self, calls, seconds):
        self.held.append((calls, seconds))
        return Window(LATE if calls > self._limit else {}, **self._machine(calls, seconds))


@pytest.mark.parametrize("limit", [25, 180, 200, 333, 1_000])
def test_the_limit_is_found_and_held(limit):
    server = Server(limit)
    found = climb(server, 200, 1.25)
    assert found.void == ""
    assert limit / FINE - 2 <= found.carried <= limit
    assert server.held[-1] == (found.carried, HOLD_S)


def test_one_second_with_faults_on_a_quiet_machine_is_the_servers():
    server = Server(limit=299)
    climb(server, 300, 1.25)
    assert [calls for calls, _ in server.held].count(300) == 1


def test_what_does_not_hold_for_longer_is_not_carried():
    soon, later = Server(400), Server(300)

    def tiring(calls, seconds):
        return (later if seconds == HOLD_S else soon)(calls, seconds)

    assert 300 / FINE - 1 <= climb(tiring, 200, 1.25).carried <= 300


def test_a_server_that_carries_nothing():
    assert climb(Server(0), 200, 1.25) == Climb(0)


def test_a_stall_of_the_machine_is_tried_again():
    server = Server(300)

    def stalled_at_first(calls, seconds):
        window = server(calls, seconds)
        return window if len(server.held) > 1 else Window(LATE, **STALLED)

    assert climb(stalled_at_first, 200, 1.25).carried > 270


def test_a_machine_that_stalls_all_the_time_gives_no_number():
    server = Server(300, lambda calls, seconds: STALLED)
    found = climb(server, 200, 1.25)
    assert found.void == "floor 12.0 ms"
    assert found.carried == 250
    assert server.held.count((found.carried, HOLD_S)) == TRIES


@pytest.mark.parametrize("machine", [BUSY, {"behind_ms": 15}])
def test_a_generator_at_its_limit_ends_it(machine):
    found = climb(Server(600, lambda calls, seconds: machine if calls > 350 else QUIET), 200, 1.25)
    assert found.void.startswith("generator")
    assert found.carried < 650


def test_nobody_climbs_for_ever():
    assert climb(Server(10**6), 200, 1.25) == Climb(MOST, "more are not made")


# Two servers


def share(ours, bare):
    return carry._share("ours", "bare", {"ours": ours, "bare": bare})


def test_the_median_of_the_rounds_counts():
    line = share([Climb(80), Climb(70), Climb(100)], [Climb(100)] * 3)
    assert (line.number, line.reached) == ("0.80x", True)
    assert share([Climb(80), Climb(70), Climb(70)], [Climb(100)] * 3).reached is False


def test_what_is_void_is_never_reached():
    void = Climb(100, "floor 12.0 ms")
    assert share([Climb(100), void, void], [Climb(100)] * 3).reached is None
    assert share([Climb(100)] * 3, [void] * 3).reached is None
    assert share([void] * 3, [Climb(100)] * 3).reached is None
    assert share([void] * 3, [void] * 3).verdict == "NONE"


def test_a_bare_server_that_could_have_carried_more_only_makes_the_share_less():
    line = share([Climb(70)] * 3, [Climb(100, "generator at 90% of its core")] * 3)
    assert (line.number, line.reached) == ("<= 0.70x", False)


def test_one_void_round_of_three_does_not_count():
    line = share([Climb(80), Climb(10, "floor 12.0 ms"), Climb(90)], [Climb(100)] * 3)
    assert (line.number, line.reached) == ("0.85x", True)


def test_a_rival_that_is_not_there_leaves_the_goal(monkeypatch, capsys):
    def climbed(name, before):
        if name == "bare":
            raise carry.NotInstalledError("no module")
        return Climb(100)

    monkeypatch.setattr(carry, "PAIRS", {"ours": "bare"})
    monkeypatch.setattr(carry, "there", lambda pairs: iter(["ours", "bare"]))
    monkeypatch.setattr(carry, "_climbed", climbed)
    monkeypatch.setattr(carry.resource, "setrlimit", lambda *_: None)
    good, found = carry.run()
    assert not good
    assert found == {
        "ours": {"carried": 100, "void": "", "rounds": [{"carried": 100, "void": "", "generator": 0.0}] * 3}
    }
    assert "not measured" in capsys.readouterr().out

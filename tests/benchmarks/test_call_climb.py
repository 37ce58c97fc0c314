"""How many calls a core carries, as ``make bench-calls`` finds it: servers with a limit, and machines that stall."""

import pytest

from benchmarks.calls import carry
from benchmarks.calls.climb import FINE, LEVELS, MOST, TRIES, Climb, Window, climb
from benchmarks.phones import Counted

LATE = {"late": 3}
QUIET, STALLED, BUSY = {}, {"floor_ms": 12.0}, {"generator": 0.9}


class Server:
    """Carries so many calls; *machine* says what the machine does with them."""

    def __init__(self, limit, machine=lambda calls: QUIET):
        self._limit, self._machine = limit, machine
        self.held = []

    def __call__(self, calls):
        self.held.append(calls)
        share = min(calls / self._limit, 1.0) if self._limit else 1.0
        return Window(LATE if calls > self._limit else {}, server=share, **self._machine(calls))


@pytest.mark.parametrize("limit", [25, 180, 200, 333, 1_000, 1_900])
@pytest.mark.parametrize("first", [200, 450])
def test_the_limit_is_found(limit, first):
    server = Server(limit)
    found = climb(server, first)
    assert found.void == ("more are not made" if limit > MOST else "")
    assert limit / FINE**2 - 2 <= found.carried <= limit


def test_steps_are_large_while_the_core_has_room():
    server = Server(1_000)
    climb(server, 200)
    assert server.held[:3] == [200, 400, 800]
    assert len(server.held) <= 7


def test_one_look_with_faults_on_a_quiet_machine_is_the_servers():
    server = Server(limit=299)
    climb(server, 300)
    assert server.held.count(300) == 1


def test_a_server_that_carries_nothing():
    server = Server(0)
    found = climb(server, 200)
    assert found.carried == 0
    assert len(server.held) <= LEVELS


def test_a_stall_of_the_machine_is_tried_again():
    server = Server(300)

    def stalled_at_first(calls):
        window = server(calls)
        return window if len(server.held) > 1 else Window(LATE, **STALLED)

    assert climb(stalled_at_first, 200).carried > 270
    assert server.held.count(200) == 2


def test_a_machine_that_stalls_wherever_something_is_wrong_gives_no_number():
    server = Server(300, lambda calls: STALLED)
    found = climb(server, 200)
    assert found.void == "floor 12.0 ms"
    assert found.carried == 292
    assert server.held.count(server.held[-1]) == TRIES


@pytest.mark.parametrize("machine", [BUSY, {"behind_ms": 15}])
def test_a_generator_at_its_limit_ends_it(machine):
    found = climb(Server(600, lambda calls: machine if calls > 350 else QUIET), 200)
    assert found.void.startswith("generator")
    assert found.carried <= 600


def test_nobody_climbs_for_ever():
    assert climb(Server(10**6), 200) == Climb(MOST, "more are not made")
    steady = climb(lambda calls: Window(server=1.0), 200)
    assert steady.void == f"after {LEVELS} levels"
    assert steady.carried == pytest.approx(200 * FINE ** (LEVELS - 1), rel=0.01)


# What is looked at


class Clocked:
    """Time that goes on while somebody sleeps, phones that are called, and a server that works half of the time."""

    def __init__(self, wrong_until_s=0.0, there_at_s=0.0):
        self.now_s, self._wrong_until_s, self._there_at_s = 0.0, wrong_until_s, there_at_s
        self.late, self.calls, self.dropped = 0, 0, 0

    def monotonic(self):
        return self.now_s

    def sleep(self, seconds):
        self.now_s += seconds
        self.late += self.now_s <= self._wrong_until_s

    def add(self, calls):
        self.calls += calls

    def drop(self, calls):
        self.calls -= calls
        self.dropped += calls

    def look(self):
        talking = self.calls if self.now_s >= self._there_at_s else 0
        return Counted(at_s=self.now_s, talking=talking, late=self.late)

    def cpu_s(self):
        return self.now_s / 2


@pytest.fixture
def clocked(monkeypatch):
    def make(**arguments):
        found = Clocked(**arguments)
        monkeypatch.setattr(carry, "time", found)
        monkeypatch.setattr(carry, "CORES", ())
        monkeypatch.setattr(carry, "worst_ms", lambda floors: 0.0)
        return found, carry.Core(found, found)

    return make


def test_what_new_calls_stir_up_is_not_looked_at(clocked):
    machine, core = clocked(wrong_until_s=0.5)
    window = core.hold(100)
    assert (window.faults, window.server) == ({}, pytest.approx(0.5))
    assert machine.now_s == pytest.approx(0.6 + carry.CALM_S + carry.LOOK_S - carry.CALM_S)


def test_what_does_not_come_to_rest_is_not_looked_at_for_long(clocked):
    machine, core = clocked(wrong_until_s=1e9, there_at_s=0.3)
    assert core.hold(100).faults == {"late": 1}
    assert machine.now_s == pytest.approx(0.4 + carry.SETTLE_S + carry.CALM_S)
    core.hold(100)  # once more: they are there
    assert machine.now_s == pytest.approx(0.4 + 2 * (carry.SETTLE_S + carry.CALM_S))


def test_calls_that_are_slow_to_arrive_are_waited_for(clocked):
    machine, core = clocked(there_at_s=2.5)
    assert not core.hold(100).faults
    assert machine.now_s == pytest.approx(2.6 + carry.LOOK_S)


def test_calls_that_never_arrive_are_not_waited_for_for_ever(clocked):
    machine, core = clocked(there_at_s=1e9)
    assert core.hold(100).faults == {"not there": 100}
    assert machine.now_s < 100 * carry.PLACE_S + carry.ARRIVE_S + 3 * carry.CALM_S


def test_fewer_calls_are_all_others(clocked):
    machine, core = clocked()
    core.hold(100)
    core.hold(90)
    assert (machine.dropped, machine.calls) == (100, 90)


# Two servers


def share(ours, bare):
    return carry._share("ours", "bare", {"ours": ours, "bare": bare})


def test_the_median_of_the_rounds_counts():
    line = share([Climb(80), Climb(70), Climb(100)], [Climb(100)] * 3)
    assert (line.number, line.reached) == ("0.80x", True)
    assert share([Climb(80), Climb(70), Climb(70)], [Climb(100)] * 3).reached is False


def test_what_is_void_is_never_reached():
    void = Climb(100, "floor 12.0 ms")
    assert share([Climb(100)] * 2, [void] * 2).reached is None
    assert share([void] * 2, [Climb(100)] * 2).reached is None
    assert share([void] * 2, [void] * 2).verdict == "NONE"


def test_a_bare_server_that_could_have_carried_more_only_makes_the_share_less():
    line = share([Climb(70)] * 3, [Climb(100, "generator at 90% of its core")] * 3)
    assert (line.number, line.reached) == ("<= 0.70x", False)


def test_what_is_void_does_not_count_beside_others():
    line = share([Climb(80), Climb(10, "floor 12.0 ms"), Climb(90)], [Climb(100)] * 3)
    assert (line.number, line.reached, line.note) == ("0.85x", True, "of 0.80, 0.90, 2 of 3 rounds count")


@pytest.fixture
def two_servers(monkeypatch):
    monkeypatch.setattr(carry, "BARE", {"ours": "bare"})
    monkeypatch.setattr(carry, "allow_descriptors", lambda count: True)


@pytest.mark.usefixtures("two_servers")
def test_a_rival_that_is_not_there_leaves_the_goal(monkeypatch, capsys):
    def climbed(name, before):
        if name == "bare":
            raise carry.NotInstalledError("no module")
        return Climb(100)

    monkeypatch.setattr(carry, "_climbed", climbed)
    good, found = carry.run()
    assert not good
    assert found == {
        "ours": {"carried": 100, "void": "", "rounds": [{"carried": 100, "void": "", "generator": 0.0}] * 4}
    }
    assert "not measured" in capsys.readouterr().out


@pytest.mark.usefixtures("two_servers")
@pytest.mark.parametrize(("time", "rounds"), [(True, 4), (False, 3)])
def test_servers_take_turns_and_once_more_where_there_is_time(monkeypatch, time, rounds):
    begun = []

    def climbed(name, before):
        begun.append((name, before and before.carried))
        return Climb(100 + len(begun))

    monkeypatch.setattr(carry, "_climbed", climbed)
    carry.run(lambda seconds: time)
    assert begun[:4] == [("ours", None), ("bare", None), ("ours", 101), ("bare", 102)]
    assert len(begun) == 2 * rounds

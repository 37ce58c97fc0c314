"""The plots of the benchmarks, from made-up measurements: bars as long as they should be, and a caption that tells."""

import itertools
import json
import re
from xml.etree import ElementTree

import pytest

from benchmarks import plot as core
from benchmarks.calls import plot as calls
from benchmarks.svg import Bar, Panel, draw

ABOUT = {
    "processor": "A <made-up> processor",
    "system": "Linux",
    "python": "CPython 3.11.7",
    "phonewire": "0.1",
    "backend": "native",
    "isa": "avx2",
    "rivals": {"websockets": "17.4"},
}
FLOOR = {"sleeps": 1000, "p50_ms": 0.1, "p99_ms": 1.0, "p999_ms": 3.0, "max_ms": 9.0}
SVG = "{http://www.w3.org/2000/svg}"


def a_round(p50, *, void=""):
    return {"p50": p50, "p99": p50 * 10, "p999": p50 * 100, "void": void, "floor": FLOOR}


def a_cost(pair_us, floor_ms=1.0):
    return {"pair_us": pair_us, "returned": 1.0, "generator": 0.2, "floor_ms": floor_ms}


RESULTS = {
    "surroundings": ABOUT,
    "pacing": {
        "calls": 200,
        "servers": {"websockets, uvloop": [a_round(0.02), a_round(0.9, void="floor 12.0 ms"), a_round(0.04)]},
    },
    "cpu": {
        "FastAPI": [a_cost(200)],
        "phonewire": [a_cost(40), a_cost(60), a_cost(50), a_cost(1, floor_ms=50)],
    },
    "carry": {"phonewire": {"carried": 1500, "void": "generator at 90% of its core", "rounds": []}},
    "memory": {"kib": {"phonewire": 34.1, "bare websockets": 12.2}},
}


def texts(drawn):
    return [element.text for element in ElementTree.fromstring(drawn).iter(f"{SVG}text")]


def bars(drawn):
    """Return the length of each bar, in the order of the picture."""
    rects = list(ElementTree.fromstring(drawn).iter(f"{SVG}rect"))[1:]  # the first is the background
    return [float(rect.get("width")) for rect in rects]


def test_every_part_is_drawn_with_its_median():
    drawn = calls.picture(RESULTS)
    told = texts(drawn)
    assert len(bars(drawn)) == 3 + 2 + 1 + 2
    assert {"0.03 ms", "0.3 ms", "3 ms"} <= set(told), "of the quiet rounds"
    assert {"50 µs", "200 µs"} <= set(told), "without the one that is void"
    assert "1,500, at least" in told, "the generator gave up first"
    assert {"34.1 KiB", "12.2 KiB"} <= set(told)


def test_the_caption_has_machine_and_command():
    told = texts(calls.picture(RESULTS))
    assert "A <made-up> processor, Linux, CPython 3.11.7" in told
    assert {"phonewire 0.1, native (avx2)", "beside websockets 17.4"} <= set(told)
    assert "python -m benchmarks.calls pacing cpu carry memory && python -m benchmarks.calls.plot" in told
    assert any("1 of 3 rounds were void" in line for line in told)


def test_what_was_not_measured_is_left_out():
    drawn = calls.picture({"surroundings": ABOUT, "memory": RESULTS["memory"]})
    assert len(bars(drawn)) == 2
    assert "python -m benchmarks.calls memory && python -m benchmarks.calls.plot" in texts(drawn)
    with pytest.raises(ValueError, match="nothing to draw"):
        calls.picture({"surroundings": ABOUT, "workers": {}})


def test_lengths_are_in_proportion():
    one, two, none = bars(draw([Panel("t", [Bar("a", 10, ""), Bar("b", 20, ""), Bar("c", 0, "")])], []))
    assert two == pytest.approx(2 * one, abs=0.2)
    assert none == 0
    decade = bars(draw([Panel("t", [Bar(str(n), 10.0**n, "") for n in range(4)], logarithmic=True)], []))
    steps = [after - before for before, after in itertools.pairwise(decade)]
    assert decade[0] == 0
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)


@pytest.mark.parametrize("most", [0.0004, 0.9, 4, 4.01, 39, 1000, 12_345])
def test_the_axis_has_round_marks_and_room_for_all(most):
    drawn = draw([Panel("t", [Bar("a", most, "")])], [])
    marks = [float(text.replace(",", "")) for text in texts(drawn) if re.fullmatch(r"[\d.,e-]+", text or "")]
    assert len(marks) == 5
    assert marks[0] == 0
    assert most <= marks[-1] * (1 + 1e-6) <= 2.6 * most


def test_nothing_is_asked_of_the_network():
    drawn = calls.picture(RESULTS).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"http|href|script|url\(|@import", drawn)


def a_row(operation, rival, ratio, size=160, goal=5.0):
    return {"operation": operation, "rival": rival, "ratio": ratio, "size": size, "goal": goal}


def core_of(*rows):
    return core.picture({"surroundings": ABOUT, "results": rows})


def test_the_core_beside_its_rivals():
    drawn = core_of(a_row("decode", "audioop", 10.0), a_row("encode", "audioop", 0.5))
    assert {"decode", "encode", "10x audioop", "0.5x audioop"} <= set(texts(drawn))
    assert len(bars(drawn)) == 2


def test_the_fastest_rival_counts():
    """And of another protocol of ours there is nothing to say."""
    drawn = core_of(a_row("mix", "numpy", 9.0), a_row("mix", "audioop", 2.0), a_row("read", "Twilio, 1 voice", 0.2))
    assert {"2x audioop"} == {text for text in texts(drawn) if re.match(r"\d.*x", text)}


def test_slow_twins_have_a_panel_of_their_own():
    drawn = core_of(a_row("mix", "audioop", 2.0), a_row("mix", "pure", 1243.9, goal=None))
    assert {"2x audioop", "1,244x"} <= set(texts(drawn))
    assert len(bars(drawn)) == 2


def test_frames_of_20_ms_are_drawn():
    assert len(bars(core_of(*(a_row(str(size), "audioop", 2.0, size) for size in (1, 160, 172, 386, 1600))))) == 3
    with pytest.raises(ValueError, match="nothing to draw"):
        core_of(a_row("decode", "audioop", 2.0, size=1600))


def test_the_commands(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["plot"])
    for command in (calls.main, core.main):
        with pytest.raises(SystemExit, match="is not there: python -m benchmarks"):
            command()
    (tmp_path / "calls.json").write_text(json.dumps(RESULTS))
    monkeypatch.setattr("sys.argv", ["plot", "--json", "calls.json", "--svg", "there/calls.svg"])
    calls.main()
    assert capsys.readouterr().out == "written to there/calls.svg\n"
    assert (tmp_path / "there" / "calls.svg").read_text(encoding="utf-8") == calls.picture(RESULTS)

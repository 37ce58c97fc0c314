"""That a drill's goals can be missed: what it says of figures that it has not measured."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.drills import conference_legs, drill_conference, drill_flood_held, drill_jitter_buffer, flood
from tests.drills.drill_audio_connector import off_ms


def test_a_jitter_buffer_is_as_fast_as_its_run_in_the_middle():
    def line(*worst_us):
        runs = [[5_000] * 1998 + [int(us * 1000)] * 2 for us in worst_us]
        return drill_jitter_buffer.judged(runs, [[20_000] * 2000] * len(runs))

    assert line(50, 60, 40, 90, 45).reached
    assert line(50, 60, 40, 90, 45).number == (
        "50.0 us, 40.0 to 90.0; of each operation's own median 50.0 us; a plain loop 20.0 us"
    )
    assert not line(50.1, 60, 1, 90, 1).reached


def test_a_flood_is_gone_when_the_last_of_each_kind_is():
    def reached(*, last_s=6.0, many=1000, started_ms=(1.0,) * 99 + (250.0,)):
        spans = [(0.0, 5.0)] * (many - 1) + [(1.0, 1.0 + last_s)]
        there_s = {"silent": spans, "dripping": [(0.0, 5.0)] * 1000, "ping-only": [(0.0, 5.0)] * 1000}
        return [line.reached for line in flood.lines(flood.Flood(3.0, there_s, list(started_ms), 1.0))]

    assert reached() == [True] * 4
    assert reached(last_s=6.1) == reached(many=999) == [False, True, True, True]
    assert reached(started_ms=[1.0] * 99 + [None]) == [True, True, True, False]
    assert reached(started_ms=[1.0] * 98 + [251.0] * 2) == reached(started_ms=[]) == [True, True, True, False]


def test_all_of_a_flood_is_there_at_once_or_not():
    def reached(*spans):
        return drill_flood_held.held(flood.Flood(3.0, {"silent": [*spans, *[(1.0, 5.0)] * 2998]}, [], 1.0)).reached

    assert reached((0.0, 1.5), (1.4, 6.0))
    assert not reached((0.0, 1.4), (1.4, 6.0))
    assert not reached((0.0, 1.5))


@pytest.mark.parametrize(
    ("heard", "speaker", "found"),
    [
        ([0, 1, 2, 3], 2, {}),
        ([0, 1, 3, 3], 2, {"lost": 1, "lost_without_rtp": 1, "again": 1}),
        ([0, 2, 1, 3], 2, {"again": 1}),
        ([0, 2, 1, 3], 0, {"repeated": 1}),
        ([0, 1, 2, 2], 0, {"lost": 1, "repeated": 1}),
        ([0, 1, 2, 3], 1, {"again": 1}),
    ],
)
def test_a_leg_of_a_conference_hears_each_frame_of_the_others_once(heard, speaker, found):
    """Leg 1 listens, which has no jitter buffer; leg 0 has one, leg 2 has none."""
    said = {leg: np.frombuffer(conference_legs.said(leg, 4), np.int16).reshape(4, -1) for leg in (0, 2)}
    said[speaker] = np.frombuffer(conference_legs.said(speaker, 4), np.int16).reshape(4, -1)[heard]
    assert +conference_legs.judge(1, sum(said.values()).tobytes(), 3, 4) == found


def test_a_frame_that_is_lost_or_comes_twice_misses_the_conference():
    def reached(**changed):
        met = dict.fromkeys(("lost", "lost_without_rtp", "again", "repeated", "concealed_ms"), 0) | changed
        return drill_conference.heard(met, 40).reached

    assert reached()
    assert reached(repeated=9, concealed_ms=180)
    assert not reached(lost=1)
    assert not reached(again=1)


def test_each_barge_in_has_an_answer():
    caller = SimpleNamespace(barge_ins=[100.0, 250.0])
    assert off_ms([100, 150], caller) == [0, 0]
    assert off_ms([90, 150, 70], caller) == [10, 0], "the last one was too late"
    for answers in ([100], [100, 150, 70, 70]):
        with pytest.raises(RuntimeError, match=f"{len(answers)} answers to 2 barge-ins"):
            off_ms(answers, caller)

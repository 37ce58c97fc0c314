"""That a drill's goals can be missed: what it says of figures that it has not measured."""

from tests.drills import drill_jitter_buffer


def test_a_jitter_buffer_is_as_fast_as_its_run_in_the_middle():
    line = drill_jitter_buffer.judged([50.0, 60.0, 40.0, 90.0, 45.0], [20.0] * 5, 30_000)
    assert line.reached
    assert line.number == "50.0 us, 40.0 to 90.0; a plain loop 20.0 us"
    assert not drill_jitter_buffer.judged([50.1, 60.0, 1.0, 90.0, 1.0], [20.0] * 5, 30_000).reached

"""Connections that break every 2 s, on the fake clock; ``make drill`` has 20 calls for 2 minutes in real time."""

import random

from tests.drills.storm import storm


def test_no_frame_comes_twice_and_each_that_is_missing_was_reported(virtual, tls, capsys):
    random.seed(20)
    seen = virtual(storm(calls=4, minutes=0.5, tls=tls))
    assert seen.breaks == 60
    assert max(seen.gap_errors_ms) <= 1
    assert seen.again_p99_s <= 1.5
    with capsys.disabled():
        print(
            f" [60 breaks of 4 calls: {seen.lost} of 6,000 frames lost, all unconfirmed; {seen.missed} missed, all in "
            f"reported gaps; connected again p99 {seen.again_p99_s:.2f} s] ",
            end="",
        )

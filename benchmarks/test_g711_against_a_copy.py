"""How close is G.711 to copying the samples? (A goal of 0.59x means: at most 1.7 times as long as the copy.)"""

from benchmarks.rows import Row, both_sides, compiled, noise
from phonewire import g711

GOALS = {"ulaw_encode(pcm)": 1 / 1.7, "alaw_encode(pcm)": 1 / 1.7, "ulaw_decode(ulaw)": 1.0, "alaw_decode(ulaw)": 1.0}


def _rows() -> list[Row]:
    pcm = noise(480_000)
    names = {"g711": g711, "pcm": pcm, "ulaw": g711.ulaw_encode(pcm), "copied": bytearray(pcm)}
    return [
        Row(
            call.partition("(")[0].replace("_", " "),
            "bytes(pcm)",
            f"g711.{call}",
            "bytes(copied)",
            names,
            480_000,
            goal,
        )
        for call, goal in GOALS.items()
    ]


ROWS = _rows()


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

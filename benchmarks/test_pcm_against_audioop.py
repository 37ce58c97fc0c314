"""Are the small operations on 20 ms faster than audioop's, where it has them?"""

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire import pcm

audioop = optional("audioop")
SKIPPED = [] if audioop else ["audioop is not installed"]

#: ours: theirs. audioop's level is the RMS and the peak, in two calls.
CALLS = {
    "pcm.mix([one, other])": "audioop.add(one, other, 2)",
    "pcm.gain(one, -6)": "audioop.mul(one, 2, 0.5)",
    "pcm.byteswap(one)": "audioop.byteswap(one, 2)",
    "pcm.level(one)": "audioop.rms(one, 2), audioop.max(one, 2)",
    "pcm.interleave([one, other])": "audioop.add(audioop.tostereo(one, 2, 1, 0), audioop.tostereo(other, 2, 0, 1), 2)",
    "pcm.deinterleave(stereo, 2)": "audioop.tomono(stereo, 2, 1, 0), audioop.tomono(stereo, 2, 0, 1)",
}


def _rows() -> list[Row]:
    one, other = noise(160), pcm.byteswap(noise(160))
    names = {"pcm": pcm, "audioop": audioop, "one": one, "other": other, "stereo": pcm.interleave([one, other])}
    return [Row(ours.partition("(")[0], "audioop", ours, theirs, names, 160) for ours, theirs in CALLS.items()]


ROWS = _rows() if audioop else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

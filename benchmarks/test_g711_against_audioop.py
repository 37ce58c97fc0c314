"""Is G.711 faster than audioop?"""

from benchmarks.rows import SIZES, Row, both_sides, compiled, noise, optional
from phonewire import backend_info, g711

audioop = optional("audioop")
SKIPPED = [] if audioop else ["audioop is not installed"]

# 60 s of audio fit no goal but their own: what a vector is worth shows where the call no longer counts.
ENCODE_GOALS = {160: 10, 480_000: {"avx2": 80, "avx512": 110, "avx512vbmi": 110}.get(backend_info().isa)}
DECODE_GOALS = {160: 1.6, 480_000: 5}


def _rows() -> list[Row]:
    rows = []
    for size in SIZES:
        pcm = noise(size)
        names = {
            "g711": g711,
            "audioop": audioop,
            "pcm": pcm,
            "ulaw": g711.ulaw_encode(pcm),
            "alaw": g711.alaw_encode(pcm),
        }
        for law in ("ulaw", "alaw"):
            encode = f"g711.{law}_encode(pcm)", f"audioop.lin2{law}(pcm, 2)"
            rows.append(Row(f"{law} encode", "audioop", *encode, names, size, ENCODE_GOALS.get(size)))
            decode = f"g711.{law}_decode({law})", f"audioop.{law}2lin({law}, 2)"
            rows.append(Row(f"{law} decode", "audioop", *decode, names, size, DECODE_GOALS.get(size)))
    return rows


ROWS = _rows() if audioop else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

"""What is the compiled core worth for linear PCM, function by function, for 20 ms?"""

from types import SimpleNamespace

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire._pure import interleaving, mixing, pcm, resample

native = [optional(f"phonewire._native.{domain}") for domain in ("interleaving", "mixing", "pcm", "resample")]
SKIPPED = [] if all(native) else ["the compiled core is not built"]

CALLS = (
    "gain(one, -6)", "gain_into(one, out, -6)", "byteswap(one)", "byteswap_into(one, out)", "level(one)",
    "mix([one, other])", "mix_into([one, other], out)", "mix_minus([one, other, one])", "interleave([one, other])",
    "interleave_into([one, other], out)", "deinterleave(one, 2)", "resample(one)",
)  # fmt: skip


def _names(interleaving, mixing, pcm, resample) -> SimpleNamespace:
    names = {name: getattr(domain, name) for domain in (interleaving, mixing, pcm) for name in domain.__all__}
    return SimpleNamespace(**names, resample=resample.Resampler(8000, 16000).resample)


def _rows() -> list[Row]:
    import phonewire._native as package

    audio = {"one": noise(160), "other": pcm.byteswap(noise(160)), "out": bytearray(640)}
    ours = _names(package.interleaving, package.mixing, package.pcm, package.resample)
    names = {**audio, "native": ours, "pure": _names(interleaving, mixing, pcm, resample)}
    return [
        Row(f"pcm.{call.partition('(')[0]}", "pure", f"native.{call}", f"pure.{call}", names, 160) for call in CALLS
    ]


ROWS = _rows() if all(native) else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

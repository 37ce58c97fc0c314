"""What is the compiled core worth, function by function, for 20 ms?"""

from benchmarks.rows import Row, both_sides, compiled, noise, optional
from phonewire._pure import b64 as pure_b64
from phonewire._pure import g711 as pure_g711
from phonewire._pure import payload as pure_payload

native = [optional(f"phonewire._native.{domain}") for domain in ("g711", "b64", "payload")]
SKIPPED = [] if all(native) else ["the compiled core is not built"]

CALLS = {
    "g711.ulaw_encode(pcm)": 160, "g711.alaw_encode(pcm)": 160, "g711.ulaw_decode(codewords)": 160,
    "g711.alaw_decode(codewords)": 160, "g711.ulaw_to_alaw(codewords)": 160, "g711.alaw_to_ulaw(codewords)": 160,
    "g711.ulaw_encode_into(pcm, out)": 160, "g711.ulaw_decode_into(codewords, out)": 160,
    "b64.encode(codewords)": 160, "b64.decode(text)": 216, "b64.encode_into(codewords, out)": 160,
    "b64.decode_into(text, out)": 216, "payload.decode_ulaw(text)": 216, "framer.frame(pcm)": 160,
}  # fmt: skip


def _names(g711, b64, payload) -> dict[str, object]:
    pcm = noise(160)
    codewords = pure_g711.ulaw_encode(pcm)
    text, out = pure_b64.encode(codewords), bytearray(1000)
    framer = payload.MessageFramer(b'{"media":{"payload":"', b'"}}')
    return {"g711": g711, "b64": b64, "payload": payload, "framer": framer,
            "pcm": pcm, "codewords": codewords, "text": text, "out": out}  # fmt: skip


def _rows() -> list[Row]:
    import phonewire._native as native_package

    ours = _names(native_package.g711, native_package.b64, native_package.payload)
    theirs = _names(pure_g711, pure_b64, pure_payload)
    names = {**ours, **{f"pure_{name}": value for name, value in theirs.items()}}
    return [Row(call.partition("(")[0], "pure", call, f"pure_{call}", names, size) for call, size in CALLS.items()]


ROWS = _rows() if all(native) else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

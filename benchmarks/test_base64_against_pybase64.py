"""Is strict base64 as fast as pybase64 with its best instruction set?"""

import random

from benchmarks.rows import SIZES, Row, both_sides, compiled, optional
from phonewire import b64

pybase64 = optional("pybase64")
SKIPPED = [] if pybase64 else ["pybase64 is not installed"]


def _rows() -> list[Row]:
    rows = []
    for size in SIZES:
        data = random.Random(1).randbytes(size)
        names = {"b64": b64, "pybase64": pybase64, "data": data, "text": b64.encode(data)}
        goal = 1.4 if size == 160 else 1.0
        rows.append(Row("b64.encode", "pybase64", "b64.encode(data)", "pybase64.b64encode(data)", names, size, goal))
        theirs = "pybase64.b64decode(text, validate=True)"
        rows.append(Row("b64.decode", "pybase64", "b64.decode(text)", theirs, names, size, goal))
    return rows


ROWS = _rows() if pybase64 else []


@both_sides(ROWS)
def test_speed(benchmark, statement, names) -> None:
    benchmark(compiled(statement, names))

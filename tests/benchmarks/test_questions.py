"""What ``make bench`` asks: every statement runs, of each the one with the least to do; how fast says nothing."""

import pytest

from benchmarks.__main__ import questions
from benchmarks.rows import compiled


@pytest.mark.parametrize("question", [*questions()], ids=lambda module: module.__name__.partition(".")[2])
def test_every_statement_runs(question):
    smallest = {(row.operation, row.rival): row for row in sorted(question.ROWS, key=lambda row: -row.size)}
    assert smallest or getattr(question, "SKIPPED", ())
    for row in smallest.values():
        compiled(row.ours, dict(row.names))()
        compiled(row.theirs, dict(row.names))()

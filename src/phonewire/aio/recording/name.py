"""The names of recordings: made here, and known again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256

__all__ = ["PART", "new_stems", "part_of"]

#: Before the suffix of a file that is not complete.
PART = ".part"

_numbers = itertools.count(1)
_NAME = re.compile(r"(\d{8}T\d{6}Z-\d{6,}-[0-9a-f]{8})(?:-\d{3,})?(\.part)?\.(?:wav|json)", re.ASCII)


def new_stems(started: datetime, call_id: str) -> Iterator[str]:
    """Yield names without suffix, each new in this process, that sort by time.

    Nothing of the peer's is in them but a hash of the id, by which the recordings of a call are found again.
    """
    digest = sha256(call_id.encode(errors="surrogatepass")).hexdigest()[:8]
    for number in _numbers:
        yield f"{started:%Y%m%dT%H%M%SZ}-{number:06d}-{digest}"


def part_of(name: str) -> tuple[str, bool] | None:
    """Return the stem that a file belongs to, and whether it is not complete; None for a name of anybody else."""
    found = _NAME.fullmatch(name)
    return None if found is None else (found[1], found[2] is not None)

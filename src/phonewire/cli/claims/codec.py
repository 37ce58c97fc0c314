"""The codec, compiled and in plain Python."""

from __future__ import annotations

import timeit
from collections.abc import Iterator
from importlib import import_module

from phonewire import g711
from phonewire.cli.claims.claim import Claim

__all__ = ["check"]


async def check(speech: bytes, *, fast: bool) -> list[Claim]:
    """Check that the compiled core is the faster one."""
    frame = speech[:160]
    native, pure = (dict(_timings(backend, frame)) for backend in ("_native", "_pure"))
    return [
        Claim(
            f"codec: {name} of a 20 ms frame, native beside pure",
            f"{native[name]:,.0f} ns, {pure[name]:,.0f} ns" if native else f"no native core, {pure[name]:,.0f} ns",
            not native or native[name] < pure[name],
        )
        for name in pure
    ]


def _timings(backend: str, frame: bytes) -> Iterator[tuple[str, float]]:
    try:
        codec = import_module(f"phonewire.{backend}.g711")
    except ImportError:
        return
    samples = g711.ulaw_decode(frame)
    for name, call in (
        ("µ-law encode", lambda: codec.ulaw_encode(samples)),
        ("µ-law decode", lambda: codec.ulaw_decode(frame)),
    ):
        yield name, min(timeit.repeat(call, number=500, repeat=20)) / 500 * 1e9

from collections.abc import Iterable

from phonewire._typing import Buffer

__all__ = ["pack", "pack_into"]

def pack(
    payload: Buffer,
    /,
    *,
    payload_type: int,
    sequence_number: int,
    timestamp: int,
    ssrc: int,
    marker: bool = False,
    csrcs: Iterable[int] = (),
    extension_profile: int | None = None,
    extension: Buffer = b"",
) -> bytes: ...
def pack_into(
    out: Buffer,
    payload: Buffer,
    /,
    *,
    payload_type: int,
    sequence_number: int,
    timestamp: int,
    ssrc: int,
    marker: bool = False,
    csrcs: Iterable[int] = (),
    extension_profile: int | None = None,
    extension: Buffer = b"",
) -> int: ...

from typing import Self, final

from phonewire._typing import Buffer

__all__ = ["MessageScanner"]

@final
class MessageScanner:
    def __new__(cls, *parts: bytes | type[int] | type[bytes]) -> Self: ...
    def scan(self, data: Buffer, /) -> tuple[bytes, *tuple[int, ...]] | None: ...

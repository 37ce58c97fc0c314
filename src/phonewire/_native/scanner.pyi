from collections.abc import Callable
from typing import Any, Self, final

from phonewire._typing import Buffer

__all__ = ["EventScanner", "MessageScanner"]

@final
class MessageScanner:
    def __new__(cls, *parts: bytes | type[int] | type[bytes]) -> Self: ...
    @property
    def slots(self) -> int: ...
    def scan(self, data: Buffer, /) -> tuple[bytes, *tuple[int, ...]] | None: ...

@final
class EventScanner:
    def __new__(
        cls, scanner: MessageScanner, make: Callable[..., Any], places: tuple[int, ...], others: tuple[Any, ...]
    ) -> Self: ...
    def read(self, data: Buffer, /) -> Any: ...

from typing import Self, final

from phonewire._typing import Buffer

__all__ = ["ToneScanner"]

@final
class ToneScanner:
    def __new__(cls) -> Self: ...
    def scan(self, samples: Buffer, /) -> bytes: ...

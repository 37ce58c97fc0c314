from typing import Self, final

from phonewire._typing import Buffer

__all__ = ["Packetizer"]

@final
class Packetizer:
    def __new__(
        cls,
        payload_type: int,
        *,
        ssrc: int,
        sequence_number: int,
        timestamp: int,
        samples_per_packet: int,
        payload_size: int,
    ) -> Self: ...
    @property
    def sequence_number(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    def packetize(self, audio: Buffer, /) -> list[bytes]: ...
    def flush(self) -> list[bytes]: ...
    def skip(self, samples: int, /) -> None: ...

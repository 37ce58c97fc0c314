"""Messages that get lost, overtake each other, and come twice."""

from __future__ import annotations

from random import Random

__all__ = ["Disorder"]


class Disorder:
    """What a network does to messages; drawn from a seed, and written down.

    Args:
        loss, reorder, duplicate: of how many in one, such as 0.05: gone; behind the one that follows it; there twice.
        seed: of everything that is drawn.

    Attributes:
        lost, reordered, duplicated: which messages, counted from 0.

    Raises:
        ValueError: a share is below 0, or they are more than 1 in all.
    """

    def __init__(self, *, loss: float = 0.0, reorder: float = 0.0, duplicate: float = 0.0, seed: int = 0) -> None:
        if min(loss, reorder, duplicate) < 0 or loss + reorder + duplicate > 1:
            raise ValueError(f"shares are 0 to 1 in all, got loss {loss}, reorder {reorder}, duplicate {duplicate}")
        self.lost: list[int] = []
        self.reordered: list[int] = []
        self.duplicated: list[int] = []
        self._fates = (loss, self.lost), (reorder, self.reordered), (duplicate, self.duplicated)
        self._random = Random(seed)  # noqa: S311 - chance, not secrecy
        self._place = 0
        self._held: list[bytes] = []

    def pass_on(self, message: bytes) -> list[bytes]:
        """Return what arrives now that *message* was sent."""
        fate = self._fate()
        if fate is self.lost:
            return []
        if fate is self.reordered and not self._held:
            self._held.append(message)
            return []
        copies = [message, message] if fate is self.duplicated else [message]
        held, self._held = self._held, []
        return copies + held

    def _fate(self) -> list[int] | None:
        place, self._place = self._place, self._place + 1
        drawn = self._random.random()
        for share, places in self._fates:
            if drawn < share:
                places.append(place)
                return places
            drawn -= share
        return None

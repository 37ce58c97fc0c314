"""What a far end tells of its playing, held against what this side believes."""

from __future__ import annotations

from collections import deque

from phonewire.aio.far_end import FarEnd

__all__ = ["Playback"]

_MOST_PIECES = 64  # no far end has more before it than it is sent in 10 s


class Playback:
    """Corrects the model of a far end that says when it begins to play, and when it has played all that it has.

    Times are those of this side's clock, less the round trip: then a beginning stands where the audio would have been
    sent if the way took no time, like everything in the model.

    Args:
        far_end: the model.

    Attributes:
        reached_ns: of what was sent, where the far end last stood still.
        begun: the far end plays, by its own word.
    """

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end = far_end
        self._pieces: deque[tuple[int, int]] = deque(maxlen=_MOST_PIECES)  # after that: where each ends, when it went
        self.reached_ns = 0
        self.begun = False

    def sent(self, now_ns: int) -> None:
        """Take note of a message of audio that the model has counted."""
        self._pieces.append((self._far_end.sent_ns, now_ns))

    def cleared(self) -> None:
        """Take note that the far end drops what it has, and the model, too."""
        self._pieces.clear()
        self.reached_ns = self._far_end.sent_ns
        self.begun = False

    def started(self, at_ns: int | None) -> None:
        """Take the far end's word that it began at *at_ns*; None where nobody can tell when that was."""
        if self._pieces and not self.begun:
            self.begun = True
            if at_ns is not None:
                self._go_on(at_ns)

    def completed(self, at_ns: int) -> None:
        """Take the far end's word that it had nothing left at *at_ns*.

        It stood at the end of a message then. Of these it is the one that the model is nearest to: what is on its way
        has not been played.
        """
        self.begun = False
        played_ns = self._far_end.played_ns(at_ns)
        ends = [self.reached_ns, *(end_ns for end_ns, _ in self._pieces)]
        self.reached_ns = min(ends, key=lambda end_ns: abs(end_ns - played_ns))
        while self._pieces and self._pieces[0][0] <= self.reached_ns:
            self._pieces.popleft()
        if self._pieces:
            self._go_on(at_ns)
        else:
            self._far_end.stood_still(at_ns)

    def _go_on(self, at_ns: int) -> None:
        """Let the model play on from where the far end stood still; not before it was sent something."""
        self._far_end.began(self.reached_ns, max(at_ns, self._pieces[0][1]))

"""What a far end tells of its playing, held against what this side believes."""

from __future__ import annotations

from statistics import median_low

from phonewire.aio.outbound.far_end import FarEnd

__all__ = ["Playback"]

_MOST_PIECES = 64  # no far end has more before it than it is sent in 10 s
_SLACK_NS = 30_000_000  # by which a way may have been shorter or longer than another one
_LAST = 7  # beginnings, of which the middle one tells what is the far end's own delay


class Playback:
    """Corrects the model of a far end that says when it begins to play, and when it has played all that it has.

    Times are those of this side's clock, less the round trip: then a beginning stands where the audio would have been
    sent if the way took no time, like everything in the model. What the far end says may cross a barge-in, and mean
    what was dropped with that; so its word counts where it can be about what was sent since.

    Args:
        far_end: the model.

    Attributes:
        reached_ns: of what was sent, where the far end last stood still.
        begun: the far end plays, by its own word.
        delay_ns: how long it takes to begin; networks make that seem longer or shorter.
    """

    def __init__(self, far_end: FarEnd) -> None:
        self._far_end = far_end
        self._pieces: list[tuple[int, int]] = []  # after that: where each ends, when it went
        self._stood_still_at_ns = 0
        self._delays_ns: list[int] = []
        self.reached_ns = 0
        self.begun = False
        self.delay_ns = 0

    def sent(self, now_ns: int, quiet_at_ns: int) -> None:
        """Take note of a message of audio that the model has counted; *quiet_at_ns* is what it had before that."""
        before_ns = self._pieces[-1][0] if self._pieces else self.reached_ns
        self._pieces.append((self._far_end.sent_ns, now_ns))
        del self._pieces[:-_MOST_PIECES]
        if self.begun and 0 <= now_ns - quiet_at_ns <= _SLACK_NS:
            self._far_end.began(before_ns, quiet_at_ns)  # or else it will say that it had run dry
        elif now_ns >= quiet_at_ns:
            self._far_end.began(before_ns, now_ns + self.delay_ns)

    def cleared(self, now_ns: int) -> None:
        """Take note that the far end drops what it has, and the model, too."""
        self._pieces.clear()
        self._stood_still_at_ns = now_ns
        self.reached_ns = self._far_end.sent_ns
        self.begun = False

    def started(self, at_ns: int | None) -> None:
        """Take the far end's word that it began at *at_ns*; None where nobody can tell when that was."""
        if self.begun or not self._pieces:
            return
        first_at_ns = self._pieces[0][1]
        if at_ns is None:
            self.begun = True
        elif at_ns >= first_at_ns - _SLACK_NS:
            self.begun = True
            self._go_on(self._likely_beginning(first_at_ns, at_ns))

    def _likely_beginning(self, first_at_ns: int, at_ns: int) -> int:
        """Return when it began: after its usual delay, unless it says that it took much longer this time."""
        if first_at_ns >= self._stood_still_at_ns:  # otherwise it waited for what was on its way
            self._delays_ns.append(max(at_ns - first_at_ns, 0))
            del self._delays_ns[:-_LAST]
            self.delay_ns = median_low(self._delays_ns)
        usual_at_ns = first_at_ns + self.delay_ns
        return at_ns if at_ns > usual_at_ns + 2 * _SLACK_NS else usual_at_ns

    def completed(self, at_ns: int) -> None:
        """Take the far end's word that it had nothing left at *at_ns*.

        It stood at the end of a message then. Of these it is the one that the model is nearest to: what is on its way
        has not been played.
        """
        played_ns = self._far_end.played_ns(at_ns)
        ends = [self.reached_ns, *(end_ns for end_ns, _ in self._pieces)]
        reached_ns = min(ends, key=lambda end_ns: abs(end_ns - played_ns))
        if reached_ns == self.reached_ns:
            return
        self.reached_ns, self._stood_still_at_ns = reached_ns, at_ns
        self.begun = False
        while self._pieces and self._pieces[0][0] <= reached_ns:
            self._pieces.pop(0)
        if self._pieces:
            self._go_on(max(at_ns, self._pieces[0][1] + self.delay_ns))
        else:
            self._far_end.stood_still(at_ns)

    def _go_on(self, begins_at_ns: int) -> None:
        """Count once more what was sent since the far end stood still: it may have run dry between two messages."""
        stood_ns = position_ns = self.reached_ns
        quiet_at_ns = begins_at_ns
        for end_ns, sent_at_ns in self._pieces:
            if sent_at_ns > quiet_at_ns + _SLACK_NS:
                stood_ns, quiet_at_ns = position_ns, sent_at_ns + self.delay_ns
            quiet_at_ns += end_ns - position_ns
            position_ns = end_ns
        self._far_end.began(stood_ns, quiet_at_ns - (position_ns - stood_ns))

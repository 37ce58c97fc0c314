"""Tell by its level alone when somebody speaks: enough for a quiet line; a noisy one wants a better detector here."""

from collections import deque

from phonewire import pcm

FRAME_MS = 20


class TurnDetector:
    """Cuts frames of 20 ms into turns.

    Args:
        speech_dbfs: what is louder is speech.
        begin_ms: of speech without a break make the beginning of a turn.
        end_ms: without speech make its end.

    Attributes:
        speaking: a turn goes on.
        began: it has begun with the last frame.
    """

    def __init__(self, *, speech_dbfs: float = -45.0, begin_ms: int = 60, end_ms: int = 400) -> None:
        self.speaking = self.began = False
        self._speech_dbfs, self._begin, self._end = speech_dbfs, begin_ms // FRAME_MS, end_ms // FRAME_MS
        self._loud = self._quiet = 0  # frames in a row
        self._before: deque[bytes] = deque(maxlen=self._begin + 10)  # a turn has the 200 ms before it, too
        self._turn = bytearray()

    def feed(self, samples: bytes) -> bytes | None:
        """Take a frame; return the turn if this ended one."""
        is_loud = pcm.level(samples).rms_dbfs > self._speech_dbfs
        self._loud, self._quiet = (self._loud + 1, 0) if is_loud else (0, self._quiet + 1)
        self.began = not self.speaking and self._loud == self._begin
        if self.began:
            self.speaking = True
            self._turn += b"".join(self._before)
        if not self.speaking:
            self._before.append(samples)
            return None
        self._turn += samples
        if self._quiet < self._end:
            return None
        turn, self._turn, self.speaking = bytes(self._turn), bytearray(), False
        self._before.clear()
        return turn

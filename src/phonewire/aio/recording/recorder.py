"""Recording a call to WAV files while it runs, without the call ever waiting for the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from phonewire.aio.events import Discontinuity, RecordingFailed
from phonewire.aio.recording.disk import on_disk
from phonewire.aio.recording.file import RecordingFile
from phonewire.aio.recording.intake import Intake
from phonewire.aio.recording.plan import RecordingPlan
from phonewire.aio.timeline import Gap
from phonewire.protocols.connection import Media

__all__ = ["Recording"]

_log = logging.getLogger("phonewire.recorder")


class Recording:
    """Audio on its way to disk; made by `Call.record`.

    The files can be read at any time, also when the process is killed: their headers are refreshed every 250 ms. Until
    a file is complete it has ``.part`` before ``.wav`` in its name.

    Args:
        plan: what is recorded, and where to.
        lossless: audio may come faster than real time, and its sender can be made to wait.
        report: told of `Discontinuity` and `RecordingFailed`.

    Attributes:
        path: where the first file is when it is complete; None until it has been made.
    """

    def __init__(self, plan: RecordingPlan, *, lossless: bool, report: Callable[[object], None]) -> None:
        self._plan = plan
        self._report = report
        self._file = RecordingFile(plan)
        self._intake = Intake(plan.wire, len(plan.tracks), lossless=lossless)
        self._end_reason = ""
        self.path: Path | None = None
        self._opening: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run())

    @property
    def duration_ms(self) -> int:
        """How much has been written so far."""
        return self._plan.ms(self._file.length)

    @property
    def lost_ms(self) -> int:
        """Audio that could not be written, because the disk was too slow."""
        return self._plan.ms(self._intake.lost + self._file.late)

    async def opened(self) -> Path:
        """Wait until the first file is there, and return its final path.

        Raises:
            FileExistsError: there is such a file already; it was not touched.
            OSError: the file could not be made.
        """
        return await asyncio.shield(self._opening)

    async def closed(self) -> None:
        """Wait until the call has ended, or the limit is reached, and the files are complete.

        Raises:
            OSError: the files could not be written; the call was not disturbed.
        """
        await asyncio.shield(self._task)

    async def stop(self) -> None:
        """End the recording now; the files are complete when this returns."""
        self.end("stopped by the program")
        await asyncio.wait([self._task])

    # What is recorded, from whatever source

    def heard(self, media: Media) -> None:
        """Take what the far end said."""
        self._intake.heard(media)

    def sent(self, payload: bytes, played_ns: int) -> None:
        """Take what this side said.

        Args:
            payload: bytes, coded as on the wire; none when the far end drops what it has not played.
            played_ns: when the far end plays it, or stopped, on the clock of the event loop.
        """
        self._intake.sent(payload, played_ns)

    @property
    def full(self) -> bool:
        """Whether `room` would wait."""
        return self._intake.full

    async def room(self) -> None:
        """Wait until the disk has caught up, where the sender can be made to wait; at once otherwise."""
        await self._intake.room()

    def end(self, reason: str) -> None:
        """Say that nothing more comes, and why; what came is still written."""
        self._end_reason = self._end_reason or reason
        self._intake.end()

    # To disk

    async def _run(self) -> None:
        try:
            self.path = await on_disk(self._file.open)
            self._opening.set_result(self.path)
            await self._write()
            await on_disk(self._finish)
        except asyncio.CancelledError:
            self._opening.cancel()
            self.end("cancelled")
            await self._write()
            await on_disk(self._finish)
            raise
        except Exception as error:
            await self._fail(error)
            raise
        finally:
            self._file.close()  # of what has failed a second time, such as for want of threads, nothing else would

    async def _write(self) -> None:
        while (pieces := await self._intake.batch()) is not None:
            for gap in await on_disk(partial(self._file.write, pieces)):
                self._tell(gap)
            if self._file.is_full:
                self.end("limit")
                return

    def _finish(self) -> None:
        self._file.finish(self._end_reason, lost=self._intake.lost)

    async def _fail(self, error: Exception) -> None:
        """Say once what went wrong, and save what there is."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        if not self._opening.done():
            self._opening.set_exception(error)
            self._opening.exception()  # nobody has to ask for it
        self.end(f"failed: {reason}")
        call_id, ours = self._plan.call_id, not isinstance(error, OSError)
        about = {"event": "recording_failed", "call_id": call_id, "reason": reason}
        _log.error("call %s: its recording failed: %s", call_id, reason, exc_info=ours, extra=about)
        self._report(RecordingFailed(str(self._plan.path), reason))
        await on_disk(partial(self._file.salvage, self._end_reason, lost=self._intake.lost))

    def _tell(self, gap: Gap) -> None:
        if gap.is_jump:
            self._report(Discontinuity.of(gap, self._plan.wire.sample_rate_hz))

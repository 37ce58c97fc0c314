"""The JSON file beside a recording: which call it was, how it ended, and what is missing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from phonewire.aio.faults import fault
from phonewire.aio.recording.folder import Folder
from phonewire.aio.recording.name import PART
from phonewire.aio.recording.plan import RecordingPlan
from phonewire.aio.timeline import Gap

__all__ = ["Sidecar"]

_LISTED_GAPS = 1000  # a hostile far end could make any number


class Sidecar:
    """A JSON object in a file of its own, which is whole at any time.

    Args:
        plan: what the recording is to be.
        started: when it began.
    """

    def __init__(self, plan: RecordingPlan, started: datetime) -> None:
        self._plan = plan
        self._there = False
        self._files: list[dict[str, Any]] = []
        self._gaps: list[dict[str, Any]] = []
        self._facts: dict[str, Any] = {
            "call_id": plan.call_id,
            "protocol": plan.protocol,
            "started": _utc(started),
            "ended": None,
            "end_reason": None,
            "encoding": plan.encoding,
            "sample_rate_hz": plan.wire.sample_rate_hz,
            "channels": plan.channels,
            "files": self._files,
            "gaps": self._gaps,
            "unlisted_gaps": 0,
            "lost_ms": 0,
        }

    def add_file(self, name: str, length: int) -> None:
        """Note a complete file of *length* sample groups."""
        self._files.append({"name": name, "duration_ms": self._plan.ms(length)})

    def add_gap(self, gap: Gap) -> None:
        """Note media time that no audio came for."""
        if len(self._gaps) == _LISTED_GAPS:
            self._facts["unlisted_gaps"] += 1
            return
        at_ms, missing_ms, filled_ms = map(self._plan.ms, (gap.position, gap.missing, gap.filled))
        self._gaps.append({"track": gap.track, "at_ms": at_ms, "missing_ms": missing_ms, "filled_ms": filled_ms})

    def end(self, reason: str, lost: int) -> None:
        """Note how the recording ended, and how many sample groups came that could not be written."""
        self._facts |= {"ended": _utc(datetime.now(UTC)), "end_reason": reason, "lost_ms": self._plan.ms(lost)}

    def write(self, folder: Folder, stem: str) -> None:
        """Write what is known into *stem*.json.

        Raises:
            FileExistsError: the first time, when there is such a file; it is not touched.
            OSError: the disk refuses.
        """
        fault("disk.sidecar")
        temporary_name = f"{stem}{PART}.json"
        # ASCII: an id that is no good Unicode is escaped like the rest.
        text = json.dumps(self._facts, indent=2).encode() + b"\n"
        file = folder.create(temporary_name)
        try:
            with file:
                while text:
                    text = text[file.write(text) :]
            put = folder.replace if self._there else folder.publish
            put(temporary_name, f"{stem}.json")
        except BaseException:
            folder.remove(temporary_name)
            raise
        self._there = True


def _utc(instant: datetime) -> str:
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

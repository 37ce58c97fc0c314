"""What das-Peak's REST service knows: audio settings and sessions. No input or output.

The statuses are the words of the Socket.IO channel, because those of the REST channel are not public; nor is what
answers have beside what was asked for, and the id.

Source: das-Peak Streaming, cloud v1.2, REST "Example Workflow"; v1.1, Socket.IO "API Definition".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

__all__ = ["ENDED_EARLY", "PREPARING", "READY", "SPOOF", "SUCCESS", "WRONG_SCORE", "Sessions"]

PREPARING = "preparing"
READY = "info-consumer-ready"
SUCCESS = "result-success"
SPOOF = "result-fail-spoof"
WRONG_SCORE = "result-fail-score"
ENDED_EARLY = "error-audio"

_OF_SETTINGS = {"audio_protocol", "audio_format", "audio_codec", "sample_format", "sample_rate", "channels"}
_OF_SESSION = {"audio_settings_id", "authenticity_threshold", "audio_total_duration", "call_id", "model_hash"}

_Answer = tuple[int, dict[str, Any]]
_Create = Callable[[dict[str, Any]], _Answer]


class Sessions:
    """The sessions of a service.

    Args:
        looks: at a session that is being prepared, before the one that finds it ready; None when it never is.

    Attributes:
        settings: by id.
        sessions: by id, what was asked for, and the status.
    """

    def __init__(self, looks: int | None = 1) -> None:
        self.settings: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self._looks = looks
        self._seen: dict[str, int] = {}

    def answer(self, method: str, path: str, body: bytes) -> _Answer:
        """Return HTTP status and fields of the answer to a request, *body* its bytes, whose sender is known."""
        match method, path.strip("/").split("/"):
            case "POST", ["v1", "audio_settings"]:
                return self._create(body, _OF_SETTINGS, self._create_settings)
            case "POST", ["v1", "register_session" | "verify_session"]:
                return self._create(body, _OF_SESSION, self._create_session)
            case "GET", ["v1", "register_session" | "verify_session", id_] if id_ in self.sessions:
                return 200, self._look(id_)
        return 404, {"error": "NotFound"}

    def expecting(self, call_id: str, audio_protocol: str) -> dict[str, Any] | None:
        """Return the session that waits for the audio of a call over a channel, None when there is none."""
        for session in self.sessions.values():
            expected = self.settings[session["audio_settings_id"]]["audio_protocol"]
            if (session["call_id"], session["status"], expected) == (call_id, READY, audio_protocol):
                return session
        return None

    def _create(self, body: bytes, needed: set[str], create: _Create) -> _Answer:
        try:
            fields = dict(json.loads(body))
        except (ValueError, TypeError):
            return 400, {"error": "BadRequest"}
        if needed - fields.keys():
            return 422, {"error": "Unprocessable"}
        return create(fields | {"id": str(uuid.uuid4())})

    def _create_settings(self, made: dict[str, Any]) -> _Answer:
        self.settings[made["id"]] = made
        return 201, made

    def _create_session(self, made: dict[str, Any]) -> _Answer:
        if made["audio_settings_id"] not in self.settings:
            return 422, {"error": "Unprocessable"}
        session = self.sessions[made["id"]] = made | {"status": PREPARING}
        return 201, dict(session)

    def _look(self, id_: str) -> dict[str, Any]:
        session = self.sessions[id_]
        seen = self._seen[id_] = self._seen.get(id_, 0) + 1
        if session["status"] == PREPARING and self._looks is not None and seen > self._looks:
            session["status"] = READY
        return dict(session)

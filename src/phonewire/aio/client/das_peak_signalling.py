"""das-Peak's signalling: a session is made before the audio, and has the verdict after it."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Collection, Mapping
from typing import Any

from phonewire._bounds import check_above_0
from phonewire.aio.client.within import within
from phonewire.aio.redial import is_final
from phonewire.auth import Secret
from phonewire.das_peak_request import (
    AudioProtocol,
    AudioSettings,
    DasPeakSession,
    SessionKind,
    SessionRequest,
    encode,
    read_fields,
    read_id,
    read_status,
    status_words,
)
from phonewire.errors import HandshakeError, PhonewireError, RemoteProtocolError
from phonewire.url import is_loopback, split_url

__all__ = ["DasPeakSignalling"]

_KEY = re.compile(r"[\x21-\x7e]+")  # what a header field can carry, and no end of its line
_PATH = re.compile(r"/[!-~]*\{id\}[!-~]*")


class DasPeakSignalling:
    """Makes sessions at das-Peak's REST service, and reads them.

    The public pages end with the making of a session. What they leave open are arguments, to be taken from what you
    were given at on-boarding: the words of the status (*ready*, *success*, *failure*), where a session is read
    (*session_path*), and which of its fields have id and status (*id_field*, *status_field*).

    Making something is asked once, because a second request could make a second one. Reading is asked again while the
    service answers with what passes (429, 500, 502, 503, 504; no sooner than ``Retry-After`` says) or not at all.

    Args:
        url: ``https://…``, where the paths begin; ``http://`` on this machine only.
        apikey: for the header of that name.
        ready: words with which the audio may begin.
        success: words with which the voice is registered, or verified.
        failure: words with which it is not, or never will be.
        status_field: of a session.
        id_field: of a session.
        session_path: with ``{id}``, and ``{kind}`` (``register`` or ``verify``) where it differs.
        tls: a client-side context; None for the system's certificates.
        timeout_s: of one request.
        interval_s: between two looks at a session.
        answer_bytes: of one answer, which may have a voice's credential, or its audio.

    Raises:
        ImportError: the extra ``das-peak`` is not installed.
        ValueError: one of them is none of these; the message repeats neither URL nor key.
    """

    def __init__(
        self,
        url: str = "https://api.eu.veri-das.com/dpsrest",
        *,
        apikey: str | Secret,
        ready: Collection[str],
        success: Collection[str],
        failure: Collection[str],
        status_field: str = "status",
        id_field: str = "id",
        session_path: str = "/v1/{kind}_session/{id}",
        tls: ssl.SSLContext | None = None,
        timeout_s: float = 10.0,
        interval_s: float = 0.5,
        answer_bytes: int = 1 << 20,
    ) -> None:
        from phonewire.aio.client.http_request import request  # needs an extra: who has it not is told now

        check_above_0(timeout_s=timeout_s, interval_s=interval_s, answer_bytes=answer_bytes)
        self._request = request
        self._url = split_url(url, ("https", "http"))
        if self._url.query:
            raise ValueError("the URL is where paths begin: it has no query")
        if self._url.scheme == "http" and not is_loopback(self._url.hostname or ""):
            raise ValueError("apikey would be sent in the clear: use https://")
        self._apikey = apikey if isinstance(apikey, Secret) else Secret(apikey)
        if not _KEY.fullmatch(self._apikey.reveal()):
            raise ValueError("a key is one or more printable ASCII characters without spaces")
        if not _PATH.fullmatch(session_path):
            raise ValueError(f"session_path begins with / and has {{id}}, in printable ASCII, got {session_path!r}")
        self._ready, self._success, self._failure = status_words(ready, success, failure)
        self._status_field, self._id_field = status_field, id_field
        self._session_path = session_path
        self._tls = tls
        self._timeout_s, self._interval_s = timeout_s, interval_s
        self._answer_bytes = answer_bytes

    async def create_audio_settings(self, audio_protocol: AudioProtocol = "twilio") -> str:
        """Say how audio will come, µ-law at 8 kHz in one channel; return the settings' id.

        Every method that asks the service raises what this one does.

        Args:
            audio_protocol: ``"twilio"`` for this side's audio, ``"audiohook"`` for that of Genesys.

        Raises:
            AuthenticationError: the service answered 401 or 403.
            HandshakeError: it answered another status than 2xx; a redirect is not followed.
            LimitExceededError: the answer is too long.
            RemoteProtocolError: it is no HTTP, no JSON object, or without an id; or it ends in the middle.
            OSError, TimeoutError: nothing answers.
        """
        body = encode(AudioSettings(audio_protocol=audio_protocol))
        return read_id(await self._ask("POST", "/v1/audio_settings", body))

    async def create_session(
        self,
        kind: SessionKind,
        audio_settings_id: str,
        asked: SessionRequest,
        further: Mapping[str, Any] | None = None,
    ) -> DasPeakSession:
        """Make a session, and return it.

        Args:
            kind: ``"register"`` a voice, or ``"verify"`` it.
            audio_settings_id: of `create_audio_settings`; good for any number of sessions.
            asked: the documented fields, which are those of a registration.
            further: other ones; how ``"verify"`` gives the voice's credential is not public.

        Raises:
            ValueError: there is no such kind, or a field is given twice.
        """
        if kind not in ("register", "verify"):
            raise ValueError(f"the kind of a session is register or verify, got {kind!r}")
        body = encode(asked, {"audio_settings_id": audio_settings_id}, further or {})
        fields = await self._ask("POST", f"/v1/{kind}_session", body)
        return self._session(read_id(fields, self._id_field), kind, fields)

    async def read_session(self, session: DasPeakSession) -> DasPeakSession:
        """Return the session as it is now."""
        path = self._session_path.replace("{kind}", session.kind).replace("{id}", session.id)
        return self._session(session.id, session.kind, await self._ask("GET", path))

    async def wait_ready(self, session: DasPeakSession, *, timeout_s: float = 30.0) -> DasPeakSession:
        """Wait until the audio may begin, and return the session as it is then.

        Raises:
            RemoteProtocolError: the session was over before.
            TimeoutError: it was not ready in time.
        """
        session = await self._look_until(session, "ready", self._ready, timeout_s)
        if session.verdict is not None:
            raise RemoteProtocolError(f"the session was over before it was ready, with status {session.status!r}")
        return session

    async def wait_verdict(self, session: DasPeakSession, *, timeout_s: float = 60.0) -> DasPeakSession:
        """Wait until the session has a verdict, and return it with that.

        Raises:
            TimeoutError: there was none in time.
        """
        return await self._look_until(session, "over", frozenset(), timeout_s)

    async def _look_until(
        self, session: DasPeakSession, what: str, words: frozenset[str], timeout_s: float
    ) -> DasPeakSession:
        """Look at a session again and again, until its status is one of the words or it has a verdict."""
        failure: Exception | None = None
        try:
            async with asyncio.timeout(timeout_s) as limit:
                while session.verdict is None and session.status not in words:
                    session, failure = await self._look(session)
                    if session.verdict is None and session.status not in words:
                        await asyncio.sleep(max(self._interval_s, _asked_s(failure)))
        except TimeoutError:
            if not limit.expired():
                raise
            last = f"its status was {session.status!r}" if session.status else "it told no status"
            if failure is not None:
                last += f", the last look failed: {failure}"
            raise TimeoutError(f"the session was not {what} within {timeout_s:g} s: {last}") from None
        return session

    async def _look(self, session: DasPeakSession) -> tuple[DasPeakSession, Exception | None]:
        """Return the session as it is now; when it cannot be told now, as it was, and why."""
        try:
            return await self.read_session(session), None
        except (PhonewireError, OSError) as failure:
            if is_final(failure):
                raise
            return session, failure

    async def _ask(self, method: str, path: str, body: bytes = b"") -> dict[str, Any]:
        headers = {"apikey": self._apikey.reveal(), "Accept": "application/json"}
        if body:
            headers["Content-Type"] = "application/json"
        url = self._url._replace(path=self._url.path.rstrip("/") + path)
        async with within(self._timeout_s, "no answer"):
            answer = await self._request(method, url, headers, body, tls=self._tls, answer_bytes=self._answer_bytes)
        return read_fields(answer)

    def _session(self, id_: str, kind: SessionKind, fields: Mapping[str, Any]) -> DasPeakSession:
        status = read_status(fields, self._status_field)
        verdict = True if status in self._success else False if status in self._failure else None
        return DasPeakSession(id_, kind, status, verdict, fields)


def _asked_s(failure: Exception | None) -> float:
    """Return how long a server asked to wait."""
    return (failure.retry_after_s or 0.0) if isinstance(failure, HandshakeError) else 0.0

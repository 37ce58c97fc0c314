"""Signed HTTP forms on the port that takes the calls: Twilio's voice webhook and status callbacks.

The WebSocket library reads GET requests only. A connection that begins with ``POST`` is read by h11 instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from websockets.http11 import Request as HttpRequest
from websockets.http11 import Response

from phonewire.aio.faults import fault
from phonewire.aio.refusal import Refusal
from phonewire.auth import Authenticator, Request
from phonewire.auth.request import Pairs
from phonewire.errors import AuthenticationError

if TYPE_CHECKING:
    from phonewire.aio.server.connection import Connection
    from phonewire.aio.server.gate import Gate, Visitor

__all__ = ["Post", "Webhook", "content_type"]

Fields = list[tuple[str, str]]

_MOST_FIELDS = 200  # Twilio sends about 30


class Webhook:
    """A path that answers HTTP forms.

    Args:
        path: of the URL.
        respond: takes the form's fields and returns the body of the answer, sent as ``text/xml``; None for an empty
            answer (204).
        auth: checks each request, form included; None, written out, takes everybody.

    Raises:
        ValueError: *path* does not begin with a slash.
    """

    def __init__(
        self, path: str, respond: Callable[[Mapping[str, str]], str | None], *, auth: Authenticator | None
    ) -> None:
        if not path.startswith("/"):
            raise ValueError(f"a path begins with a slash, got {path!r}")
        self.path = path
        self.auth = auth
        self._respond = respond

    def answer(self, request: Request, fields: Fields, visitor: Visitor, gate: Gate) -> tuple[HTTPStatus, str]:
        """Return the status and the body for a request whose fields have been read; *gate* is told what went wrong."""
        try:
            fault("webhook.answer")
            if not self._is_genuine(request):
                gate.refused(visitor, Refusal.UNAUTHENTICATED, self.path)
                return HTTPStatus.UNAUTHORIZED, "Unauthorized.\n"
            body = self._respond(dict(fields))
        except Exception:
            gate.raised(visitor, self.path)
            return HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error.\n"
        return (HTTPStatus.NO_CONTENT, "") if body is None else (HTTPStatus.OK, body)

    def _is_genuine(self, request: Request) -> bool:
        if self.auth is not None:
            try:
                self.auth.verify(request, time.time())
            except AuthenticationError:
                return False
        return True

    def answer_form(
        self, method: str, target: str, headers: Pairs, form: str, visitor: Visitor, gate: Gate
    ) -> tuple[HTTPStatus, str]:
        """Return what answers a request whose fields are still one text: the body of a POST, or the query of a GET.

        What the signature covers of them differs: with a GET they are part of the URL.
        """
        fields = _fields(form)
        if fields is None:
            return HTTPStatus.BAD_REQUEST, "Too many fields.\n"
        request = Request(method, target, headers, fields if method == "POST" else ())
        return self.answer(request, fields, visitor, gate)

    def answer_get(self, connection: Connection, http: HttpRequest, gate: Gate) -> Response:
        """Return the answer to a GET."""
        target = http.path
        status, body = self.answer_form(
            "GET", target, http.headers.raw_items(), target.partition("?")[2], connection, gate
        )
        response = connection.respond(status, body)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = content_type(status)
        return response


class Post:
    """One POST request: read to its end, then answered.

    Args:
        webhooks: by path.
        form_bytes: of a form, at most.
        visitor: who posts.
        gate: says who is sent away.
    """

    def __init__(self, webhooks: Mapping[str, Webhook], form_bytes: int, visitor: Visitor, gate: Gate) -> None:
        import h11  # an extra: only servers with webhooks need it

        self._h11 = h11
        self._connection = h11.Connection(h11.SERVER)
        self._webhooks = webhooks
        self._form_bytes = form_bytes
        self._visitor, self._gate = visitor, gate
        self._request: Any = None
        self._body = bytearray()

    def receive(self, data: bytes) -> bytes:
        """Take bytes; return the answer when the request is complete or bad, and nothing before."""
        h11 = self._h11
        self._connection.receive_data(data)
        try:
            while True:
                event = self._connection.next_event()
                if event is h11.NEED_DATA:
                    return b""
                if isinstance(event, h11.Request):
                    self._request = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > self._form_bytes:
                        return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too long.\n")
                else:
                    return self._answer(*self._respond())
        except h11.RemoteProtocolError as exc:
            return self._answer(HTTPStatus(exc.error_status_hint), "Bad request.\n")

    def _respond(self) -> tuple[HTTPStatus, str]:
        target = self._request.target.decode("ascii")
        webhook = self._webhooks.get(target.partition("?")[0])
        if webhook is None:
            return HTTPStatus.NOT_FOUND, "Not found.\n"
        if self._request.method != b"POST":
            return HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed.\n"
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._request.headers]
        forbidden = self._gate.forbidden(self._visitor, Request("POST", target, headers), webhook.path)
        if forbidden is not None:
            self._gate.refused(self._visitor, forbidden, webhook.path)
            return forbidden.status, f"{forbidden.status.phrase}.\n"
        form = self._body.decode("utf-8", "replace")
        return webhook.answer_form("POST", target, headers, form, self._visitor, self._gate)

    def _answer(self, status: HTTPStatus, text: str) -> bytes:
        body = text.encode()
        headers = [("Connection", "close"), ("Content-Length", str(len(body)))]
        if body:
            headers.append(("Content-Type", content_type(status)))
        response = self._h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
        parts = [response, *([self._h11.Data(data=body)] if body else []), self._h11.EndOfMessage()]
        return b"".join(self._connection.send(part) or b"" for part in parts)


def content_type(status: HTTPStatus) -> str:
    """Return what the body of an answer is."""
    return "text/xml; charset=utf-8" if status is HTTPStatus.OK else "text/plain; charset=utf-8"


def _fields(text: str) -> Fields | None:
    """Read a form or a query; None when it has too many fields."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return None

"""Who may see the monitor: who is on this machine, has its token, and is no page of somebody else's."""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address

from websockets.datastructures import Headers

from phonewire.auth import Request, Token
from phonewire.errors import AuthenticationError

__all__ = ["Access", "check_loopback"]


def check_loopback(host: str) -> str:
    """Return the address that *host* stands for.

    Raises:
        ValueError: it is not of this machine alone.
    """
    if host == "localhost":
        return "127.0.0.1"  # not what a resolver makes of it
    try:
        if ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise ValueError(f"the monitor listens on loopback only, such as 127.0.0.1 or ::1, got {host!r}")


class Access:
    """What is asked of each request.

    A browser's pages can reach every port of its machine, also under a name of theirs that they let point here (DNS
    rebinding). So the host has to be named as this machine's, and a page that asks has to be the monitor's own.

    Args:
        token: that is asked for.
        host: the address that is listened on.
    """

    def __init__(self, token: str, host: str) -> None:
        self._token = Token(token)
        self._names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}

    def refusal(self, target: str, headers: Headers, port: int) -> HTTPStatus | None:
        """Return 403 for who names another host, or is a page of another origin; 401 without the token; else None.

        Args:
            target: path and query of the request.
            headers: of it.
            port: where it came.
        """
        hosts, origins = headers.get_all("Host"), headers.get_all("Origin")
        if len(hosts) != 1 or not self._is_this_machine(hosts[0].lower(), port):
            return HTTPStatus.FORBIDDEN
        if origins and origins != [f"http://{hosts[0]}"]:
            return HTTPStatus.FORBIDDEN
        try:
            self._token.verify(Request("GET", target, headers.raw_items()), 0.0)
        except AuthenticationError:
            return HTTPStatus.UNAUTHORIZED
        return None

    def _is_this_machine(self, host: str, port: int) -> bool:
        return host.removesuffix(f":{port}") in self._names and (host not in self._names or port == 80)

"""Where a connection comes from, also behind a proxy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = ["Proxies", "customer"]


class Proxies:
    """The proxies that are believed when they say for whom they connect.

    Args:
        networks: addresses or networks, such as ``"10.0.0.0/8"``.

    Raises:
        ValueError: one of them is neither.
    """

    def __init__(self, networks: Iterable[str]) -> None:
        # One string would be taken apart into its characters.
        several = [networks] if isinstance(networks, str) else networks
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(network) for network in several]

    def trusts(self, address: str) -> bool:
        """Say whether *address* is one of the proxies."""
        parsed = _parse(address) if self._networks else None
        return parsed is not None and any(parsed in network for network in self._networks)

    def client(self, address: str, forwarded: Sequence[str]) -> str:
        """Return who is behind a connection.

        Each proxy appends whom it saw, so the list is read from the right: the first address that is no proxy of ours
        is the client, and what stands left of it is what the client claims. Junk ends the search at whoever sent it.

        Args:
            address: of the connection itself.
            forwarded: values of its ``X-Forwarded-For`` fields, in order.
        """
        hops = [hop.strip() for value in forwarded for hop in value.split(",")]
        while hops and self.trusts(address):
            parsed = _parse(hops.pop())
            if parsed is None:
                break
            address = str(parsed)
        return address


def customer(address: str) -> str:
    """Return by what *address* is counted: itself, or its /64 with IPv6, all of which one customer has."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address if parsed is None else str(parsed)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address, with or without a port; None when it is none."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(parsed, IPv6Address) and parsed.ipv4_mapped) or parsed

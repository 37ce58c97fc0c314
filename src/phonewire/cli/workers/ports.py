"""Ports that several processes will listen on, kept from everybody else."""

from __future__ import annotations

import socket

__all__ = ["reserve"]


def reserve(host: str, port: int) -> socket.socket:
    """Return a socket that holds a port without listening: connections go to those who share it and listen.

    Args:
        host: address to listen on.
        port: 0 for any that is free.

    Raises:
        OSError: the port is taken.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    holder = socket.socket(family, kind, protocol)
    try:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
    except BaseException:
        holder.close()
        raise
    return holder

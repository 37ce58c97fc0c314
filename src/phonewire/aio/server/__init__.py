"""Servers: who may become a call, and calls until all of them have ended."""

"""Bridges: what is heard on one call is said on another."""

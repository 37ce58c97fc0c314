"""Calls inside somebody else's web server."""

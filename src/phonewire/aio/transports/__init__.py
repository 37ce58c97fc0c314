"""Connections that carry a call's messages, behind one small interface."""

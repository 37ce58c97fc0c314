"""Clients: dialling, dialling again, and what is said first."""

"""The asyncio layer: the only place of phonewire that does I/O and reads a clock."""

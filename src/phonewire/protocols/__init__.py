"""Protocol engines, one module a platform: bytes in, events out; events in, bytes out; no I/O."""

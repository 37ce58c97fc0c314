"""A load generator: many calls of one protocol, whose audio is ready before it is due and known when it comes back.

What one call costs here has to be less than what it costs the server, or the measurement is of this side. So a call is
one ``asyncio.Protocol`` without a library, its frames are put together of pieces that were made before, and what comes
back is looked at only as far as its stamp. `run_load` runs a `Load` and returns a `LoadResult`.
"""

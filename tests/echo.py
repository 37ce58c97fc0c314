"""Speech that is said again until all of it has come back."""

__all__ = ["say_until_heard"]

FRAME_BYTES = 320  # 20 ms of 8 kHz


async def say_until_heard(call, samples):
    """Say these, and wait until each of their frames has come back, in order.

    On a busy machine silence may come between, and what comes too late may be left out: it is said again.
    """
    missing = [samples[start : start + FRAME_BYTES] for start in range(0, len(samples), FRAME_BYTES)]
    heard = 0
    await call.write(samples)
    async for frame in call.frames():
        heard += 1
        if frame.pcm == missing[0]:
            missing.pop(0)
        if not missing:
            return
        if heard % 50 == 0:
            await call.write(samples)
    raise AssertionError(f"the call ended with {len(missing)} frames not heard, after {heard} others")

"""Audio on its way out: queued, cut into frames, and sent on the far end's schedule."""

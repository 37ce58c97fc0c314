"""Audio and events on their way in, to everybody who reads or records."""

"""Many paced calls in real time, beside the floor probe: ``make bench-calls``."""

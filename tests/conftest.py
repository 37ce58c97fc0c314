"""What every test shares: a deterministic hypothesis profile."""

from hypothesis import HealthCheck, settings

# Derandomised: a failure on one machine is the same failure on the next. No deadline: the suite never depends on speed.
settings.register_profile(
    "phonewire", derandomize=True, deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("phonewire")

pytest_plugins = ["pytester"]  # for tests/plugin; pytest takes it from the topmost conftest only

"""Which lines and branches a module's own tests run: ``python -m tests.covered``, or ``make coverage``.

A line that some other test happens to run is not tested by it. So each test file is a context of its own, and a module
is judged by those files alone that are there for it.
"""

from __future__ import annotations

__all__ = ["OWN_TESTS"]

#: By module or package, the test files that are there for it. Each file of it must be covered by them, every branch.
OWN_TESTS = {
    "protocols/twilio": ["tests/protocols/test_twilio_*", "tests/protocols/test_uniform.py"],
    "protocols/audiohook": ["tests/protocols/test_audiohook_*", "tests/protocols/test_uniform.py"],
    "protocols/audiosocket": ["tests/protocols/test_audiosocket_*", "tests/protocols/test_uniform.py"],
    "protocols/voipbin": ["tests/protocols/test_voipbin_*", "tests/protocols/test_uniform.py"],
    "protocols/*": ["tests/protocols/test_*"],  # what they share
    "rtp": ["tests/rtp/test_*", "tests/core/test_rtp_*"],
    "b64": ["tests/core/test_b64.py", "tests/core/test_payload.py", "tests/core/test_scanner.py"],
    "g711": ["tests/core/test_g711.py"],
    "_pure": ["tests/core/test_*"],
    "auth": ["tests/auth/test_*"],
}

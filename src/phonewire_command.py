"""The entry point of the ``phonewire`` command, outside of the package: importing that can fail, and says so plainly.

``PHONEWIRE_BACKEND`` and ``PHONEWIRE_ISA`` may demand a core that is not there.
"""

from __future__ import annotations

import sys

_STOPPED = 130  # as shells tell SIGINT


def main() -> None:
    """Run the command; a core that is not there is one line, and Ctrl-C while it is loaded none, not a traceback."""
    try:
        from phonewire.cli import main as command
    except ImportError as error:
        sys.exit(f"phonewire: {error}")
    except KeyboardInterrupt:
        sys.exit(_STOPPED)
    command()

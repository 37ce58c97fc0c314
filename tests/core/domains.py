"""The parts of the core that are there twice: each binding has a twin in plain Python of the same name."""

from pathlib import Path

import phonewire

# The table of kernels, and what only Linux has.
ONLY_COMPILED = {"kernels", "timerfd"}
DOMAINS = sorted({path.stem for path in Path(phonewire.__file__).parent.glob("_native/*.pyi")} - ONLY_COMPILED)

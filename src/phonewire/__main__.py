"""``python -m phonewire`` is the ``phonewire`` command."""

from phonewire.cli import main

main(prog_name="phonewire")

"""``phonewire serve --workers N``: processes that share a port, and one that looks after them."""

from phonewire.cli.workers.options import WorkerOptions, worker_options
from phonewire.cli.workers.ports import reserve
from phonewire.cli.workers.supervisor import Supervisor, supervise

__all__ = ["Supervisor", "WorkerOptions", "reserve", "supervise", "worker_options"]

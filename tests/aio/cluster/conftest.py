"""A Redis on loopback, where the machine has one."""

import contextlib
import os
import shutil
import socket
import subprocess

import pytest

REDIS = shutil.which("redis-server")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(port):
    """Run a Redis that writes nothing to the disk, and wait until it takes connections."""
    if REDIS is None:
        pytest.skip("needs redis-server, of the Debian package redis-server")
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"LC_ALL": "C"}) as process:
        try:
            for line in process.stdout:
                if "Ready to accept connections" in line:
                    break
            else:
                raise AssertionError(f"redis-server ended with {process.wait()}")
            yield
        finally:
            process.kill()


@pytest.fixture(scope="session")
def redis_url():
    """The URL of a Redis for all tests, which use prefixes of their own."""
    port = free_port()
    with running(port):
        yield f"redis://127.0.0.1:{port}"


@pytest.fixture
def start_redis():
    """Run a Redis on a port: ``with start_redis(port)``."""
    return running

"""Runs the example site with a worker until Ctrl-C, and with Redis unless one is running."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Never

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "example_project" / "manage.py")]
REDIS_PORT = 6379
REDIS_DATA = ROOT / ".dev" / "redis"
START_DEADLINE = 10.0
STOP_DEADLINE = 30.0

Process = subprocess.Popen[bytes]


def main(port: str) -> int:
    """Start all parts, wait for Ctrl-C or for one to end, and stop the others.

    Returns:
        The exit code: 0 after Ctrl-C, otherwise that of the part that ended.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ["JOB_BACKEND"] = "redis"
    # Parts stop in reverse order, so the worker can give its jobs back to Redis.
    with ExitStack() as parts:
        try:
            return _run(port, parts)
        except KeyboardInterrupt:
            return 0
        except subprocess.CalledProcessError as error:
            return error.returncode


def _run(port: str, parts: ExitStack) -> int:
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = f"redis://127.0.0.1:{REDIS_PORT}/0"
        if not _listens(REDIS_PORT):
            _start_redis(parts)
    subprocess.run([*MANAGE, "migrate", "--verbosity", "0"], check=True)
    subprocess.run([*MANAGE, "demo"], check=True)
    site = _start(parts, [*MANAGE, "runserver", f"127.0.0.1:{port}"])
    worker = _start(parts, [*MANAGE, "runworker", "--reload", "-v", "2"])
    while site.poll() is None and worker.poll() is None:
        time.sleep(0.2)
    name, ended = ("site", site) if site.poll() is not None else ("worker", worker)
    print(
        f"The {name} has ended with exit code {ended.returncode}, so everything else is stopped."
        " Queued jobs are kept; make dev starts everything again.",
        flush=True,
    )
    return ended.returncode


def _start_redis(parts: ExitStack) -> None:
    """Start a redis-server that keeps its data, so that jobs are there next time."""
    REDIS_DATA.mkdir(parents=True, exist_ok=True)
    options = f"--bind 127.0.0.1 --port {REDIS_PORT} --appendonly yes --loglevel warning"
    server = _start(parts, ["redis-server", *options.split(), "--dir", str(REDIS_DATA)])
    deadline = time.monotonic() + START_DEADLINE
    while not _listens(REDIS_PORT):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("redis-server did not start; the lines above say why.")
        time.sleep(0.05)
    print(f"Started redis-server on port {REDIS_PORT}; its data is in {REDIS_DATA}.")


def _start(parts: ExitStack, command: Sequence[str]) -> Process:
    """Start a part in its own session, so that Ctrl-C reaches only this process."""
    ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*ends_with_us, *command], stdin=subprocess.DEVNULL, start_new_session=True
    )
    parts.callback(_stop, process)
    return process


def _stop(process: Process) -> None:
    """Stop a part with its child processes, which reloaders have."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: Process, number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

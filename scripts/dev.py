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
STOP_DEADLINE = 40.0

Process = subprocess.Popen[bytes]


def main(port: str) -> int:
    """Start Redis, fill the site, and let `jobs dev` run it until Ctrl-C.

    Returns:
        The exit code: 0 after Ctrl-C, otherwise that of the command that ended.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ["JOB_BACKEND"] = "redis"
    # Processes stop in reverse order, so the worker can give its jobs back to Redis.
    with ExitStack() as processes:
        try:
            _ensure_redis(processes)
            subprocess.run([*MANAGE, "demo"], check=True)
            return _start(processes, [*MANAGE, "jobs", "dev", f"127.0.0.1:{port}"]).wait()
        except KeyboardInterrupt:
            return 0
        except subprocess.CalledProcessError as error:
            return error.returncode


def _ensure_redis(processes: ExitStack) -> None:
    """Start a redis-server if none is configured or running. It keeps its data for next time."""
    if os.environ.get("REDIS_URL"):
        return
    os.environ["REDIS_URL"] = f"redis://127.0.0.1:{REDIS_PORT}/0"
    if _listens(REDIS_PORT):
        return
    REDIS_DATA.mkdir(parents=True, exist_ok=True)
    options = f"--bind 127.0.0.1 --port {REDIS_PORT} --appendonly yes --loglevel warning"
    server = _start(processes, ["redis-server", *options.split(), "--dir", str(REDIS_DATA)])
    deadline = time.monotonic() + START_DEADLINE
    while not _listens(REDIS_PORT):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit("redis-server did not start; the lines above say why.")
        time.sleep(0.05)
    print(f"Started redis-server on port {REDIS_PORT}; its data is in {REDIS_DATA}.")


def _start(processes: ExitStack, command: Sequence[str]) -> Process:
    """Start a process in its own session, so that Ctrl-C reaches only this one."""
    ends_with_us = ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []
    process = subprocess.Popen(
        [*ends_with_us, *command], stdin=subprocess.DEVNULL, start_new_session=True
    )
    processes.callback(_stop, process)
    return process


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(STOP_DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _interrupt(number: int, frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

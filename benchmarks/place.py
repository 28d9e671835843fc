"""The environment variables by which the runner configures producers and workers."""

from __future__ import annotations

import os

HOST = "127.0.0.1"
PORT = int(os.environ.get("BENCH_PORT", "6379"))
URL = f"redis://{HOST}:{PORT}/0"
"""Where the Redis of this benchmark is."""

COUNT = int(os.environ.get("BENCH_COUNT", "0"))
"""After so many jobs the worker writes its report; 0: never."""

FIRST = int(os.environ.get("BENCH_FIRST", "0"))
"""The number of the first job that is filled in."""

REPORT = os.environ.get("BENCH_REPORT", "")
"""The file for the report; beside it `.ready` appears with the first job."""

TRACE = os.environ.get("BENCH_TRACE", "")
"""The file to which jobs add lines; workers of one measure share it."""

"""The environment variables by which the runner configures producers and workers."""

from __future__ import annotations

import os

HOST = "127.0.0.1"
PORT = int(os.environ.get("BENCH_PORT", "6379"))
URL = f"redis://{HOST}:{PORT}/0"
"""The URL of Redis."""

COUNT = int(os.environ.get("BENCH_COUNT", "0"))
"""The number of jobs after which the worker writes its report; 0 for never."""

FIRST = int(os.environ.get("BENCH_FIRST", "0"))
"""The number of the first job."""

REPORT = os.environ.get("BENCH_REPORT", "")
"""The file for the report; a file with the suffix `.ready` appears with the first job."""

TRACE = os.environ.get("BENCH_TRACE", "")
"""The file to which jobs add lines; workers of one measure share it."""

"""Commands of an idle worker, and memory of a worker."""

from __future__ import annotations

import re
import time
from pathlib import Path

from benchmarks.stage import Figures, MeasureError, Stage, Worker

IDLE_SECONDS = 20.0
FEW, MANY = 20_000, 500_000
"""The numbers of jobs after which memory is compared."""


def idle(stage: Stage, seconds: float) -> Figures:
    """Count the commands that an idle worker sends to Redis in a minute."""
    stage.clear()
    client = stage.redis
    with stage.worker("idle") as worker:
        stage.produce("starts", "note", 1, worker.files.environment)
        time.sleep(2)  # skip the commands of the start and of the first jobs
        before = client.info("stats")["total_reads_processed"]
        time.sleep(IDLE_SECONDS)
        heard = client.info("stats")["total_reads_processed"] - before - 1
    return {"commands_a_minute": heard * 60 / IDLE_SECONDS}


def memory(stage: Stage, seconds: float) -> Figures:
    """Measure the memory of an idle worker of the example site, and of a busy one."""
    few, many = (_after_jobs(stage, count) for count in (FEW, MANY))
    site = _example_site(stage)
    return {"site_mb": site, "few_mb": few, "many_mb": many, "growth_to_500000": many / few}


def _after_jobs(stage: Stage, count: int) -> float:
    """Return the memory of a worker after a number of jobs, in megabytes."""
    stage.clear()
    stage.produce("fill", "noop", count)
    with stage.worker("memory", count) as worker:
        worker.report(seconds=300)
        return _megabytes(worker)


def _example_site(stage: Stage) -> float:
    """Return the memory of an idle worker of the example site, in megabytes."""
    stage.clear()
    site = {
        "DJANGO_SETTINGS_MODULE": "example.settings",
        "PYTHONPATH": f"{stage.checkout}:{stage.checkout / 'example_project'}",
        "SECRET_KEY": "benchmarks",
        "SITE_URL": "http://127.0.0.1",
    }
    with stage.worker("site", extra=site) as worker:
        if not worker.wait(lambda: b"Stop: Ctrl-C" in worker.log.read_bytes(), 30):
            raise MeasureError(f"The worker of the example site did not start, see {worker.log}")
        time.sleep(3)
        return _megabytes(worker)


def _megabytes(worker: Worker) -> float:
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    match = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(match[1]) / 1000 if match else 0.0

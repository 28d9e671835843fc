# /// script
# requires-python = ">=3.11"
#
# [tool.bench]
# title = "ThreadPoolExecutor"
# configuration = "Five threads, as many as the thread pool backend has by default."
# loses = "It is no job system: no retries, schedules, results by id, and errors are silent."
# measures = ["submit", "submit_start"]
# ///
"""The thread pool of the standard library: what threads and Python allow at best."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks import jobs

TASKS = {function.__name__: function for function in jobs.FUNCTIONS}
pool = ThreadPoolExecutor(5)


def enqueue(task: str, number: int) -> None:
    """Enqueue one job."""
    pool.submit(TASKS[task], number)

"""No two jobs have the same id, wherever they are enqueued."""

from __future__ import annotations

import re
import subprocess
import sys

from django_jobs.jobs.ids import new_job_id, new_job_ids
from tests.support.driver import in_threads

FORKS = """
import os
from django_jobs.jobs.ids import new_job_id, new_job_ids
new_job_id()
for _ in range(4):
    os.fork()
ids = [*(new_job_id() for _ in range(50)), *new_job_ids(5)]
os.write(1, (" ".join(ids) + " ").encode())
"""


def test_an_id_is_24_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{24}", new_job_id())
    assert new_job_ids(0) == []


def test_threads_get_ids_of_their_own() -> None:
    ids: list[str] = []

    def draw(_: int) -> None:
        for number in (1, 2, 1, 100) * 100:
            ids.extend(new_job_ids(number))

    in_threads(8, draw)
    assert len(set(ids)) == len(ids) == 8 * 104 * 100


def test_forks_of_a_process_get_ids_of_their_own() -> None:
    command = [sys.executable, "-c", FORKS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    ids = done.stdout.split()
    assert len(set(ids)) == len(ids) == 2**4 * 55

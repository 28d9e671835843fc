"""What a job changes in the process of its worker keeps no other job from running there."""

from __future__ import annotations

import pytest

from tests.robustness.fuzz import hostile_process as tasks
from tests.support.results import succeeded
from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    backend,
    configure,
    notes,
    site,
)
from tests.support.workers import Site


@pytest.mark.usefixtures("backend")
def test_a_worker_works_on_whatever_a_job_changes_in_its_process(
    site: Site,  # noqa: F811
) -> None:
    pid = site.start("-c", "2").process.pid
    for name in tasks.CHANGES:
        assert succeeded(tasks.change.enqueue(name)) == pid
        assert succeeded(tasks.own_process.enqueue()) == pid, name
        assert succeeded(tasks.own_process_in_loop.enqueue()) == pid, name

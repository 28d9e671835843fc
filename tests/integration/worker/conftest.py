"""Workers with a real Redis: as processes, and in this process."""

from __future__ import annotations

import pytest

from tests.support.worker_fixtures import (  # noqa: F401 (fixtures)
    backend,
    configure,
    deploy,
    no_thread_dies_unheard,
    notes,
    run_all,
    site,
    start_worker,
)


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that are not told of a job never come to look for it by themselves."""
    monkeypatch.setattr("django_jobs.waits.LONGEST", 3600.0)

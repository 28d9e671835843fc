"""Every job is stored with a signature of its task's name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from django_jobs.compat import AnyResult
from django_jobs.tasks.signatures import is_signed
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure

WAYS: dict[str, Callable[[], Sequence[AnyResult]]] = {
    "enqueue": lambda: [tasks.echo.enqueue()],
    "enqueue later": lambda: [tasks.echo.using(run_after=timedelta(hours=1)).enqueue()],
    "bulk_enqueue": lambda: tasks.echo.bulk_enqueue([[1], [2]]),
}


@pytest.mark.parametrize("kind", ["redis", "dummy"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_stored_job_is_signed(
    configure: Configure, kind: str, way: Callable[[], Sequence[AnyResult]]
) -> None:
    backend = configure(kind)
    records = backend.broker.inspection.read([result.id for result in way()])
    assert records
    assert all(is_signed(record.job.task, record.job.signature) for record in records)


def test_the_job_of_a_tick_is_signed(configure: Configure) -> None:
    job = configure("redis").make_job(tasks.echo)
    assert is_signed(job.task, job.signature)

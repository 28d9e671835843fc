"""A site's tests and emails as its type checker sees them; see `site.py`.

They take and return what Django declares, of which mypy knows nothing without django-stubs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, assert_type

import pytest
from django.core.mail import EmailMessage

from django_jobs import periodic
from django_jobs.jobs.result import JobResult
from django_jobs.mail import send_later
from django_jobs.testing import (
    assert_dead,
    assert_discarded,
    assert_enqueued,
    assert_not_enqueued,
    assert_succeeded,
    enqueued_jobs,
    override_backend,
    perform,
    run_enqueued,
)
from tests.repository.types.site import add, count, fetch, patient


def performed() -> None:
    assert_type(perform(add, 1, b=2), int)
    assert_type(perform(fetch, "…"), bytes)
    assert_type(perform(count, 2), int)

    perform(add, "1")  # type: ignore[call-overload]
    perform(add)  # type: ignore[call-overload]
    perform(fetch, "…", again=True)  # type: ignore[call-arg]
    perform(performed)  # type: ignore[call-overload]


@override_backend("inline")
def with_a_backend() -> None:
    add.enqueue(1)


@pytest.mark.jobs_backend("dummy", max_payload=100)
@pytest.mark.usefixtures("dummy_jobs")
def with_the_plugin(inline_jobs: None) -> None:
    add.enqueue(1)


def asserted() -> None:
    with override_backend("dummy", max_payload=100):
        assert_type(assert_enqueued(add, args=[1], kwargs={"b": 2}).id, str)
        assert_not_enqueued(add, priority=5, run_after=timedelta(hours=1))
        assert_type(len(run_enqueued(until=timedelta(days=1), retries=True)), int)
        assert_type([job.id for job in enqueued_jobs(add)], list[str])
        assert_succeeded(add, args=[1])
        assert_dead(fetch)
        assert_discarded(count, queue_name="default")

    assert_enqueued("shop.tasks.add")  # type: ignore[arg-type]
    assert_enqueued(add, args=1)  # type: ignore[arg-type]
    assert_enqueued(add, when=timedelta(hours=1))  # type: ignore[call-arg]
    assert_dead(add, kwargs=[1])  # type: ignore[arg-type]
    run_enqueued(until="tomorrow")  # type: ignore[arg-type]
    run_enqueued(limit="10")  # type: ignore[arg-type]
    enqueued_jobs(add, queue_name="low")  # type: ignore[call-arg]
    override_backend(1)  # type: ignore[arg-type]


def mailed() -> None:
    result = send_later(EmailMessage("Subject"), queue_name="mailers")
    assert_type(result, JobResult[Any] | None)

    send_later("Subject")  # type: ignore[arg-type]
    send_later(EmailMessage("Subject"), at=5)  # type: ignore[call-arg]


def scheduled() -> None:
    periodic("@daily")(patient)  # type: ignore[type-var]


def looked_at(result: JobResult[int]) -> None:
    result.get()  # type: ignore[attr-defined]

"""The result of a job that was just enqueued is built on first use."""

from __future__ import annotations

import copy

import pytest

from django_jobs.backends import JobBackend
from django_jobs.compat import TaskResultStatus
from tests.apps.backend_site import tasks
from tests.support.results import succeeded

ANY = pytest.mark.parametrize("kind", ["thread_pool", "redis", "dummy"])


@ANY
def test_it_shows_the_job_as_it_was_enqueued(backend: JobBackend) -> None:
    argument = [1, {"two": 3}]
    result = tasks.echo.enqueue(argument)
    argument.append(4)
    assert result.args == [[1, {"two": 3}]]
    assert (result.status, result.worker_ids) == (TaskResultStatus.READY, [])


def test_each_look_shows_the_same_things(backend: JobBackend) -> None:
    result = tasks.echo.enqueue(1)
    assert result.args is result.args
    assert result.enqueued_at is result.enqueued_at
    assert copy.copy(result) == result
    assert not hasattr(result, "color")


@pytest.mark.parametrize("kind", ["thread_pool", "redis"])
def test_a_refreshed_result_stays_when_the_rest_is_built(backend: JobBackend) -> None:
    result = tasks.echo.enqueue(1)
    assert succeeded(result) == [[1], {}]
    assert result.args == [1]
    assert result.status is TaskResultStatus.SUCCESSFUL

"""A result has a largest size: a larger one fails its own job and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from django_jobs.backends.base import JobBackend
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.errors import PayloadTooLarge
from django_jobs.testing import perform
from tests.apps.backend_site import tasks
from tests.support.backend_fixtures import Configure, Start
from tests.support.results import current_backend, ended, succeeded

LIMIT = 1000


@pytest.fixture
def backend(start: Start) -> JobBackend:
    return start(max_result=LIMIT)


@pytest.mark.parametrize("task", [tasks.repeat, tasks.repeat_later])
def test_a_result_that_is_too_large_fails_its_job_once(backend: JobBackend, task: Any) -> None:
    assert succeeded(task.enqueue("x", LIMIT - 2)) == "x" * (LIMIT - 2)
    result = ended(task.enqueue("x", LIMIT - 1))

    (error,) = result.errors
    assert result.attempts == 1
    assert error.exception_class_path == "django_jobs.errors.Fail"
    assert "it takes 1,001 bytes as JSON, more than the 1,000 that the option max_result of" in (
        error.traceback
    )


def test_the_size_is_that_of_the_stored_text(backend: JobBackend) -> None:
    assert ended(tasks.repeat.enqueue("ü", LIMIT // 2)).errors
    assert not ended(tasks.repeat.enqueue("ü", LIMIT // 2 - 1)).errors


@pytest.mark.parametrize("what", [*tasks.BOUNDLESS])
def test_a_result_without_an_end_fails_its_job(backend: JobBackend, what: str) -> None:
    """Following it would take all memory, and its worker along."""
    (error,) = ended(tasks.return_boundless.enqueue(what)).errors

    assert error.exception_class_path == "django_jobs.errors.Fail"
    assert "its result can't be stored: it takes more bytes as JSON than the 1,000" in (
        error.traceback
    )
    assert succeeded(tasks.repeat.enqueue("x", 1)) == "x"


@pytest.mark.parametrize("what", [*tasks.BOUNDLESS])
def test_an_argument_without_an_end_is_refused(backend: JobBackend, what: str) -> None:
    with pytest.raises(PayloadTooLarge, match=r"take more bytes as JSON than the .* max_payload"):
        tasks.note.enqueue(tasks.BOUNDLESS[what]())


def test_an_iterator_is_refused_at_once(backend: JobBackend) -> None:
    (error,) = ended(tasks.count_forever.enqueue()).errors
    assert "(generator) cannot travel in a job: pass a list of it" in error.traceback


def test_it_holds_inline_and_in_tests(configure: Configure) -> None:
    configure("inline", max_result=LIMIT)
    assert tasks.repeat.enqueue("x", LIMIT).errors
    with pytest.raises(Exception, match="max_result"):
        perform(tasks.repeat, "x", LIMIT)


def test_what_is_kept_of_an_error_has_a_largest_size(backend: JobBackend) -> None:
    ended(result := tasks.fail_at_length.enqueue())

    (failure,) = current_backend().broker.inspection.find(result.id).failures  # type: ignore[union-attr]
    assert len(failure.exception) == 500
    assert len(failure.message) == 10_000
    assert len(failure.traceback) == 50_000


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, 512 * 1024),
        ({"max_payload": 4096}, 4096),
        ({"max_payload": 4096, "max_result": 99}, 99),
    ],
)
def test_the_limit_is_that_of_payloads_unless_it_is_given(
    given: dict[str, int], limit: int
) -> None:
    assert RedisOptions.from_dict("default", given).max_result == limit

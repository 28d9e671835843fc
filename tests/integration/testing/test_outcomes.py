"""Assertions about jobs that have ended, and their messages."""

from __future__ import annotations

import django
import pytest
from django.db import transaction

from django_jobs.testing import (
    assert_dead,
    assert_discarded,
    assert_succeeded,
    override_backend,
    run_enqueued,
)
from tests.integration.testing import tasks

PACKAGE = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"


@pytest.mark.usefixtures("waiting")
def test_each_end_has_an_assertion() -> None:
    tasks.note.enqueue("hello", loud=True)
    tasks.refuse.enqueue()
    tasks.fail.enqueue("for good")
    run_enqueued(retries=True, raise_errors=False)

    assert assert_succeeded(tasks.note, args=["hello"]).return_value == "HELLO"
    assert assert_dead(tasks.fail, kwargs={}).errors[-1].exception_class is RuntimeError
    assert assert_discarded(tasks.refuse, queue_name="default").attempts == 1


@pytest.mark.usefixtures("waiting")
def test_of_several_the_last_one_is_returned() -> None:
    for text in ("first", "second"):
        tasks.note.enqueue(text)
        run_enqueued()
    assert assert_succeeded(tasks.note).return_value == "second"


@pytest.mark.usefixtures("waiting")
def test_a_failure_lists_all_jobs_with_their_states_and_last_errors() -> None:
    tasks.note.enqueue("hello")
    tasks.fail.enqueue("out of ink")
    run_enqueued(raise_errors=False)
    tasks.note.using(queue_name="low").enqueue("queued")

    with pytest.raises(AssertionError) as raised:
        assert_dead(tasks.fail, args=["out of ink"])

    path = "tests.integration.testing.tasks"
    lines = str(raised.value).splitlines()
    assert lines[0] == (
        f"No job of {path}.fail with args ('out of ink',) is dead. These jobs are there:"
    )
    assert sorted(lines[1:]) == [
        f"  queued: {path}.note('queued')",
        f"  retrying: {path}.fail('out of ink'), builtins.RuntimeError: out of ink",
        f"  succeeded: {path}.note('hello')",
    ]


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    ("check", "words"),
    [
        (assert_succeeded, "has succeeded"),
        (assert_dead, "is dead"),
        (assert_discarded, "was discarded"),
    ],
)
def test_a_failure_without_jobs_says_so(check: object, words: str) -> None:
    assert callable(check)
    with pytest.raises(AssertionError, match=rf"No job of \S+note {words}. There are no jobs."):
        check(tasks.note)


@pytest.mark.django_db
@pytest.mark.usefixtures("waiting")
def test_a_failure_names_jobs_that_wait_for_a_commit() -> None:
    with transaction.atomic():
        tasks.note.enqueue("hello")
        with pytest.raises(AssertionError, match=r"Jobs wait for a commit \(1\)"):
            assert_succeeded(tasks.note)


def test_jobs_that_ran_where_they_were_enqueued_can_be_checked() -> None:
    with override_backend("inline"):
        tasks.note.enqueue("hello")
        tasks.fail.enqueue()
        assert assert_succeeded(tasks.note).return_value == "hello"
        assert_dead(tasks.fail)


def test_backends_of_other_packages_are_refused() -> None:
    with (
        override_backend(f"{PACKAGE}.backends.dummy.DummyBackend"),
        pytest.raises(AssertionError, match=r"TASKS\['default'\] is not a backend of django_jobs"),
    ):
        assert_succeeded(tasks.note)

"""The list of batches, the page of a batch, and what can be done to it."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.batches import PORTION
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import BatchState, NewBatch
from django_jobs.jobs.membership import Membership
from django_jobs.jobs.records import Job, Lock, State
from django_jobs.tasks.redaction.names import MASK
from tests.integration.dashboard.helpers import JOB, JOBS, do, shown, words
from tests.support.builders import dead, make_failure, make_job, make_jobs, succeeded
from tests.support.driver import Driver

BATCHES = reverse("django_jobs_dashboard:batches")
BATCH = reverse("django_jobs_dashboard:batch")


def open_batch(backend: JobBackend, batch_id: str = "b1", number: int = 0, **new: Any) -> list[Job]:
    """Open a batch with members; return these."""
    backend.broker.batches.open(NewBatch(id=batch_id, **new))
    jobs = make_jobs(number, batch=batch_id)
    if jobs:
        backend.broker.batches.add(jobs, Membership(batch_id))
    return jobs


def filled(backend: JobBackend, batch_id: str = "b1", number: int = 3, **new: Any) -> list[Job]:
    """Open a batch with members, and close it."""
    jobs = open_batch(backend, batch_id, number, **new)
    backend.broker.batches.close(batch_id)
    return jobs


def with_callbacks(backend: JobBackend, number: int = 1, **new: Any) -> None:
    """A batch with a callback for each event, whose ids are the events."""
    jobs = {event: make_job(id=f"at-{event}", queue="mailers") for event in BatchEvent}
    filled(backend, number=number, callbacks=jobs, **new)


def row(html: str, batch_id: str) -> str:
    """The row of a batch, as text."""
    return words(html.partition(f'id="batch-{batch_id}"')[2].partition("</tr>")[0])


# --- the list -----------------------------------------------------------------------------------


def test_without_batches_the_page_says_how_to_open_one(
    onlooker: Client, backend: JobBackend
) -> None:
    html = words(shown(onlooker, BATCHES))

    assert "No batches yet" in html
    assert "with Batch(on_end=my_task" in html


def test_each_batch_is_listed_with_its_counts_the_newest_first(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    filled(backend, "b1", 4, name="import")
    bad, good = worker.take(2)
    worker.settle(dead(bad), succeeded(good))
    open_batch(backend, "b2")

    html = shown(onlooker, BATCHES)

    assert "2 batches · 2 not ended" in words(html)
    assert row(html, "b1").partition("> ")[2].startswith("import b1 running 2 of 4 50% 1 1 0")
    assert "b2 open 0 of 0" in row(html, "b2")
    assert html.index('id="batch-b2"') < html.index('id="batch-b1"')
    assert "1–2 of 2" in words(html)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"state": "open"}, {"b1"}),
        ({"state": "running"}, {"b2"}),
        ({"state": "succeeded"}, {"b3"}),
        ({"state": "failed"}, {"b4"}),
        ({"text": "IMPORT"}, {"b1", "b2"}),
        ({"text": "b3"}, {"b3"}),
        ({"text": "import", "state": "running"}, {"b2"}),
        ({"state": "nonsense"}, {"b1", "b2", "b3", "b4"}),
    ],
)
def test_batches_are_found_by_state_and_name(
    onlooker: Client, backend: JobBackend, query: dict[str, str], expected: set[str]
) -> None:
    open_batch(backend, "b1", name="import of posts")
    filled(backend, "b2", 1, name="Import of members")
    filled(backend, "b3", 0)
    filled(backend, "b4", 1)
    backend.broker.batches.cancel("b4")
    for job in backend.broker.inspection.jobs(State.QUEUED):
        if job.job.batch == "b4":
            backend.broker.inspection.cancel(job.job.id)

    html = shown(onlooker, BATCHES, **query)

    assert {name for name in ("b1", "b2", "b3", "b4") if f'id="batch-{name}"' in html} == expected
    assert "Searched all 4." in words(html) or "state" not in query or len(expected) == 4


def test_a_search_without_matches_says_so(onlooker: Client, backend: JobBackend) -> None:
    filled(backend)

    assert "No batches match" in shown(onlooker, BATCHES, text="nobody")


def test_pages_continue_where_the_last_one_ended(
    onlooker: Client, backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.dashboard.batch_search.SIZE", 2)
    for number in range(5):
        open_batch(backend, f"b{number}")

    seen: list[str] = []
    address: Any = BATCHES
    while address:
        answer = onlooker.get(address)
        seen += [one.batch.id for one in answer.context["rows"]]
        address = answer.context["next"]
        open_batch(backend, f"newer{len(seen)}")

    assert sorted(seen) == [f"b{number}" for number in range(5)]
    assert "No more batches" in shown(onlooker, BATCHES, after="0-b0")


@pytest.mark.parametrize("after", ["", "7", "-1", "x", "1-", "-b1", "1" * 16 + "-b1"])
def test_what_is_no_place_is_the_beginning(
    onlooker: Client, backend: JobBackend, after: str
) -> None:
    open_batch(backend, "b1")

    assert 'id="batch-b1"' in shown(onlooker, BATCHES, after=after)


def test_a_search_looks_at_some_batches_and_goes_on_when_asked(
    onlooker: Client, backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.dashboard.batch_search.REACH", 50)
    open_batch(backend, "last", name="wanted")
    for number in range(60):
        open_batch(backend, f"b{number:02d}", name="another")
    first = onlooker.get(BATCHES)
    second = onlooker.get(first.context["next"])
    found = {one.batch.id for page in (first, second) for one in page.context["rows"]}
    assert len(found) == 61
    assert "51–61 of 61" in words(second.content.decode())

    cut = onlooker.get(BATCHES, {"text": "wanted"})
    rest = onlooker.get(cut.context["next"])

    assert len(cut.context["rows"]) + len(rest.context["rows"]) == 1
    assert "Searched 50 of 61." in words(cut.content.decode())
    end = words(rest.content.decode())
    assert "Searched all 61." in end if rest.context["rows"] else "No more batches" in end


def test_the_overview_counts_batches_that_have_not_ended(
    onlooker: Client, backend: JobBackend
) -> None:
    filled(backend, "b1", 2)
    filled(backend, "b2", 0)
    html = shown(onlooker, reverse("django_jobs_dashboard:overview"))

    assert f'id="tile-batches"><dt>Batches, not ended</dt><dd><a href="{BATCHES}">1<' in html


# --- one batch ----------------------------------------------------------------------------------


def test_a_batch_is_shown_with_its_progress_and_counts(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    filled(backend, number=4, name="import")
    bad, good = worker.take(2)
    worker.settle(dead(bad), succeeded(good))

    html = shown(onlooker, BATCH, id="b1")

    assert '<progress max="100" value="50"' in html
    assert "2 of 4" in words(html)
    for name, state in (("open", ""), ("succeeded", "succeeded"), ("dead", "dead")):
        query = f"?batch=b1&amp;state={state}" if state else "?batch=b1"
        assert f'href="{JOBS}{query}"' in html.partition(f'id="tile-{name}"')[2]
    assert ">0</dd>" in html.partition('id="tile-discarded"')[2]


def test_the_progress_is_full_only_when_all_have_ended(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    filled(backend, number=300)
    worker.settle(*map(succeeded, worker.take(299)))

    assert '<progress max="100" value="99"' in shown(onlooker, BATCH, id="b1")


def test_a_batch_that_is_unknown_or_no_longer_kept_is_not_found(
    onlooker: Client, backend: JobBackend
) -> None:
    for batch_id in ("unknown", "", "\ud800"):
        answer = onlooker.get(BATCH, {"id": batch_id.encode("utf-8", "replace")})
        assert answer.status_code == 404
        assert "This batch does not exist, or is no longer kept." in answer.content.decode()


def test_dead_members_are_shown_with_their_errors(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    filled(backend, number=12)
    failure = make_failure(exception="shop.NoTitle", message="The row has no title.")
    worker.settle(*(dead(claim, failure=failure) for claim in worker.take(12)))

    html = shown(onlooker, BATCH, id="b1")

    assert html.count("The row has no title.") == 10
    assert "only the first ones" in html
    assert "No dead" not in html


def test_members_are_searched_among_all_jobs(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    first, second = filled(backend, number=2)
    backend.broker.push([make_job(id="other")])
    worker.settle(dead(worker.take_one()))

    html = shown(onlooker, JOBS, batch="b1")
    assert f'id="job-{first.id}"' in html
    assert f'id="job-{second.id}"' in html
    assert 'id="job-other"' not in html
    assert f'id="job-{second.id}"' not in shown(onlooker, JOBS, batch="b1", state="dead")


def test_callbacks_are_shown_with_their_states(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    with_callbacks(backend)
    html = shown(onlooker, BATCH, id="b1")
    assert words(html.partition('id="callback-success"')[2]).startswith(
        "> When all jobs have succeeded"
    )
    assert f'href="{JOB}?id=at-success"' in html

    worker.settle(succeeded(worker.take_one()))
    [claim] = [one for one in worker.take(3, "mailers") if one.job.id == "at-success"]
    worker.settle(succeeded(claim))

    html = shown(onlooker, BATCH, id="b1")
    states = {
        event: words(html.partition(f'id="callback-{event}"')[2].partition("</tr>")[0])
        for event in BatchEvent
    }
    assert "succeeded" in states[BatchEvent.SUCCESS]
    assert "It will not start" in states[BatchEvent.DEATH]


def test_a_callback_that_is_no_longer_kept_was_started(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    with_callbacks(backend, number=0)
    worker.settle(*map(succeeded, worker.take(3, "mailers")))
    for event in BatchEvent:
        backend.broker.inspection.delete(f"at-{event}")

    assert shown(onlooker, BATCH, id="b1").count("It was started, and is no longer kept.") == 2


def test_metadata_are_shown_without_secrets(onlooker: Client, backend: JobBackend) -> None:
    open_batch(backend, metadata='{"file":"a.csv","password":"sesame"}')

    html = shown(onlooker, BATCH, id="b1")

    assert "a.csv" in html
    assert MASK in html
    assert "sesame" not in html


def test_metadata_that_cannot_be_read_are_shown_as_they_are(
    onlooker: Client, backend: JobBackend
) -> None:
    open_batch(backend, metadata="{broken")

    assert "{broken" in shown(onlooker, BATCH, id="b1")


def test_a_batch_that_was_cancelled_says_so(onlooker: Client, backend: JobBackend) -> None:
    filled(backend)
    backend.broker.batches.cancel("b1")

    assert 'id="cancelled"' in shown(onlooker, BATCH, id="b1")
    assert "running cancelled" in row(shown(onlooker, BATCHES), "b1")


# --- its jobs -----------------------------------------------------------------------------------


def test_the_page_of_a_member_links_to_its_batch(onlooker: Client, backend: JobBackend) -> None:
    [job] = filled(backend, number=1)
    backend.broker.push([make_job(id="other")])

    assert f'href="{BATCH}?id=b1"' in shown(onlooker, JOB, id=job.id)
    assert 'id="batch"' not in shown(onlooker, JOB, id="other")


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ("success", "Waits for the success of a batch: b1"),
        ("end", "Waits for the end of a batch: b1"),
        ("death", "Waits for the first dead job of a batch: b1"),
    ],
)
def test_a_waiting_job_says_what_for(
    onlooker: Client, backend: JobBackend, event: str, text: str
) -> None:
    with_callbacks(backend)

    page, listed = shown(onlooker, JOB, id=f"at-{event}"), shown(onlooker, JOBS, state="waiting")

    for html in (page, listed):
        assert text in words(html)
        assert f'href="{BATCH}?id=b1"' in html
    assert "Run now" not in page


def test_a_callback_that_was_started_waits_no_more(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    with_callbacks(backend, number=0)

    assert 'id="waits-for"' not in shown(onlooker, JOB, id="at-end")


# --- actions: on Redis where a worker of the thread pool would run what is queued ----------------


def test_a_batch_is_cancelled(
    operator: Client, backend: JobBackend, worker: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    filled(backend)
    with caplog.at_level(logging.INFO, "django_jobs.dashboard"):
        html = do(operator, "cancel_batch", batch="b1")

    assert "The batch is cancelled." in html
    assert "Cancel the batch" not in html
    assert worker.take(3) == ()
    [line] = [one for one in caplog.records if one.name == "django_jobs.dashboard"]
    assert vars(line)["dashboard_action"] == "cancel batch"
    assert vars(line)["dashboard_target"] == "b1"
    found = backend.broker.batches.find("b1")
    assert found
    assert found.state is BatchState.FAILED


def test_a_batch_that_has_ended_is_not_cancelled(operator: Client, backend: JobBackend) -> None:
    filled(backend, number=0)

    assert "Cancel the batch" not in shown(operator, BATCH, id="b1")
    assert "has ended, or was cancelled before" in do(operator, "cancel_batch", batch="b1")


def test_dead_members_are_retried(operator: Client, redis_backend: JobBackend) -> None:
    worker = Driver(redis_backend.broker)
    filled(redis_backend)
    worker.settle(*map(dead, worker.take(3)))
    assert "Retry dead jobs" in shown(operator, BATCH, id="b1")

    html = do(operator, "retry_batch", batch="b1")

    assert "3 jobs were enqueued." in html
    assert "Retry dead jobs" not in html
    assert len(worker.take(3)) == 3


def test_a_retry_of_many_goes_on_when_asked_again(
    operator: Client, redis_backend: JobBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django_jobs.dashboard.job_groups.RETRY_SECONDS", 0)
    worker = Driver(redis_backend.broker)
    filled(redis_backend, number=PORTION + 1)
    worker.settle(*map(dead, worker.take(PORTION + 1)))

    html = words(do(operator, "retry_batch", batch="b1"))
    assert "100 jobs were enqueued. There are more dead jobs: retry again" in html
    assert "1 job was enqueued." in do(operator, "retry_batch", batch="b1")


def test_dead_members_of_a_cancelled_batch_are_not_retried(
    operator: Client, redis_backend: JobBackend
) -> None:
    worker = Driver(redis_backend.broker)
    filled(redis_backend)
    worker.settle(dead(worker.take_one()))
    redis_backend.broker.batches.cancel("b1")

    assert "Retry dead jobs" not in shown(operator, BATCH, id="b1")
    assert "has ended, or was cancelled before" in do(operator, "retry_batch", batch="b1")


def test_without_dead_members_nothing_is_retried(operator: Client, backend: JobBackend) -> None:
    filled(backend)

    assert "This batch has no dead jobs." in do(operator, "retry_batch", batch="b1")


def test_a_unique_member_whose_lock_is_taken_stays_dead(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    open_batch(backend)
    member = make_job(id="old", lock=Lock("d1"), batch="b1")
    backend.broker.batches.add([member], Membership("b1"))
    worker.settle(dead(worker.take_one()))
    backend.broker.push([make_job(id="holder", lock=Lock("d1"))])

    html = do(operator, "retry_batch", batch="b1")

    assert "1 job was not retried: another job holds its lock" in html


@pytest.mark.parametrize("name", ["cancel_batch", "retry_batch"])
def test_an_unknown_batch_is_refused(name: str, operator: Client, backend: JobBackend) -> None:
    for batch_id in ("", "unknown"):
        assert "This batch does not exist, or is no longer kept." in do(
            operator, name, batch=batch_id
        )


def test_who_may_only_look_sees_no_buttons(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    filled(backend)
    worker.settle(dead(worker.take_one()))

    html = shown(onlooker, BATCH, id="b1")

    assert "Retry dead jobs" not in html
    assert "Cancel the batch" not in html

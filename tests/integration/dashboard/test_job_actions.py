"""Jobs are retried, cancelled and deleted: one, those that are ticked, or all that match."""

from __future__ import annotations

import html
import logging
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection.base import JobAction
from django_jobs.brokers.inspection.filters import Filter
from django_jobs.dashboard.bulk import BulkRun
from django_jobs.jobs.records import State
from tests.integration.dashboard.helpers import Person, words
from tests.support.builders import dead, make_job, make_jobs, retrying
from tests.support.clock import Clock
from tests.support.driver import Driver, found, one_in_each_state

JOBS = reverse("django_jobs_dashboard:jobs")
APPLY = reverse("django_jobs_dashboard:apply_action")
BULK = reverse("django_jobs_dashboard:bulk")
STEP = reverse("django_jobs_dashboard:bulk_step")


def said(client: Client, response: Any) -> str:
    """What the page says to which an action leads."""
    assert response.status_code == 303
    text = client.get(response.headers["Location"]).content.decode()
    note = re.search(r'<p class="note (?:good|warning)" role="status">(.*?)</p>', text, re.DOTALL)
    return words(note[1]) if note else ""


def token_in(text: str) -> str:
    run = re.search(r'name="run" value="([^"]+)"', text)
    assert run, words(text)
    return run[1]


def confirmed(client: Client, **query: Any) -> tuple[str, str]:
    """Ask for a bulk run; return what is asked back and the token that says yes."""
    text = client.get(f"{BULK}?{urlencode(query)}").content.decode()
    for _ in range(100):
        on = re.search(r'href="([^"]+)" data-go-on', text)
        if not on:
            break
        text = client.get(html.unescape(on[1])).content.decode()
    return words(text), token_in(text)


def carried_out(client: Client, run: str) -> str:
    """Say yes, go on to the end, and return what is said there."""
    for _ in range(100):
        response = client.post(STEP, {"run": run})
        if not response.headers["Location"].startswith(BULK):
            return said(client, response)
        run = token_in(client.get(response.headers["Location"]).content.decode())
    raise AssertionError("it never ends")


def pass_the_time(backend: JobBackend, instant: int) -> None:
    """Wait until the broker's clock is past an instant, which takes a millisecond."""
    while backend.broker.inspection.scan(Filter(), None, 1).at <= instant:
        continue


@pytest.mark.parametrize("action", JobAction)
@pytest.mark.parametrize("state", State)
def test_a_job_is_changed_if_its_state_permits_it(
    operator: Client, backend: JobBackend, worker: Driver, state: State, action: JobAction
) -> None:
    clock = Clock()
    clock.advance(10**12)
    job_id = one_in_each_state(backend.broker, worker, clock)[state]

    answer = operator.post(APPLY, {"do": action, "job": job_id})
    text = said(operator, answer)

    record = backend.broker.inspection.find(job_id)
    if state not in action.states:
        assert record is not None
        assert record.state is state
        assert "cannot be" in text
    elif action is JobAction.DELETE:
        assert record is None
        assert text == "1 job was deleted."
        assert answer.headers["Location"] == JOBS
    elif state is State.RUNNING:
        assert record is not None
        assert record.state is state
        assert worker.heartbeat().cancelled == (job_id,)
    else:
        assert record is not None
        assert record.state is (State.QUEUED if action is JobAction.RETRY else State.DISCARDED)


def test_selected_jobs_are_changed_and_the_list_stays_filtered(
    operator: Client, backend: JobBackend, worker: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    backend.broker.push(make_jobs(4))
    claims = worker.take(3)
    worker.settle(*map(dead, claims[:2]))
    ids = [claim.job.id for claim in claims]

    with caplog.at_level(logging.INFO, logger="django_jobs.dashboard"):
        answer = operator.post(f"{APPLY}?state=dead&task=ship", {"do": "retry", "id": ids})

    assert said(operator, answer) == (
        "2 jobs were enqueued. 1 job was skipped because of its state."
    )
    assert answer.headers["Location"] == f"{JOBS}?state=dead&task=ship"
    assert backend.broker.inspection.counts()[State.QUEUED] == 3
    (line,) = [one for one in caplog.records if one.name == "django_jobs.dashboard"]
    assert (line.dashboard_action, line.dashboard_count) == ("retry", 2)  # type: ignore[attr-defined]
    assert ids[0] in line.getMessage()


def test_without_a_selection_nothing_happens(operator: Client, backend: JobBackend) -> None:
    assert said(operator, operator.post(APPLY, {"do": "delete"})) == "No jobs were selected."


@pytest.mark.parametrize("form", [{}, {"do": "run"}, {"do": ""}, {"do": "RETRY", "id": "x"}])
def test_an_unknown_action_is_refused(
    operator: Client, backend: JobBackend, form: dict[str, str]
) -> None:
    assert operator.post(APPLY, form).status_code == 404
    assert operator.get(f"{BULK}?{urlencode(form)}").status_code == 404


@pytest.mark.parametrize(
    ("do", "asks", "says"),
    [
        ("retry", "Enqueue 7 jobs now", "7 jobs were enqueued."),
        ("delete", "Delete 7 jobs", "7 jobs were deleted."),
    ],
)
def test_all_that_match_are_counted_asked_for_and_changed(
    operator: Client, backend: JobBackend, worker: Driver, do: str, asks: str, says: str
) -> None:
    backend.broker.push([*make_jobs(7, task="shop.bad"), *make_jobs(5, task="shop.good")])
    worker.settle(*map(dead, worker.take(12)))

    text, run = confirmed(operator, do=do, state="dead", task="bad")
    assert asks in text
    assert backend.broker.inspection.counts()[State.DEAD] == 12

    assert carried_out(operator, run) == says
    assert backend.broker.inspection.counts()[State.DEAD] == 5


def test_waiting_jobs_that_match_are_cancelled(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([*make_jobs(3, queue="low"), *make_jobs(2, queue="default")])
    worker.settle(retrying(worker.take_one("low"), 60_000))

    text, run = confirmed(operator, do="cancel", queue="low")

    assert "Cancel 3 jobs" in text
    assert carried_out(operator, run) == "3 jobs were cancelled."
    assert backend.broker.inspection.counts()[State.QUEUED] == 2


def test_jobs_that_come_or_change_after_the_count_stay_unchanged(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(jobs := make_jobs(5))
    worker.settle(*map(dead, worker.take(5)))
    _, run = confirmed(operator, do="delete", state="dead")
    asked = BulkRun.from_token(run, "view_dashboard-manage_jobs-control_workers")
    assert asked
    pass_the_time(backend, asked.as_of or 0)
    backend.broker.inspection.retry(jobs[0].id)
    worker.settle(dead(worker.take_one()))

    assert carried_out(operator, run) == "4 jobs were deleted."
    assert found(backend.broker.inspection, jobs[0].id).state is State.DEAD


def test_a_running_job_is_cancelled_on_its_page(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(make_jobs(1))
    job_id = worker.take_one().job.id

    page = operator.get(reverse("django_jobs_dashboard:job"), {"id": job_id}).content.decode()
    assert 'value="cancel"' in page
    answer = operator.post(APPLY, {"do": "cancel", "job": job_id})

    told = said(operator, answer)
    assert told == "1 job was cancelled. Running jobs end within 5 seconds."
    assert worker.heartbeat().cancelled == (job_id,)


def test_without_matches_no_confirmation_is_asked(operator: Client, backend: JobBackend) -> None:
    backend.broker.push(make_jobs(1))

    text = operator.get(f"{BULK}?do=cancel&state=dead").content.decode()

    assert "None of these jobs can be cancelled" in words(text)
    assert 'method="post"' not in text


@pytest.mark.usefixtures("small_steps")
def test_a_long_run_continues_from_request_to_request(
    operator: Client, backend: JobBackend
) -> None:
    backend.broker.push(make_jobs(10))

    first = operator.get(f"{BULK}?do=delete&task=ship").content.decode()
    assert "4 found so far (checked 4 of 10 jobs)." in words(first)
    text, run = confirmed(operator, do="delete", task="ship")
    assert "Delete 10 jobs" in text

    answer = operator.post(STEP, {"run": run})
    page = operator.get(answer.headers["Location"]).content.decode()
    assert "4 of 10 jobs done." in words(page)
    # The same step again, as after a click on Back, changes what comes next, and nothing twice.
    operator.post(STEP, {"run": run})
    assert backend.broker.inspection.counts()[State.QUEUED] == 2

    carried_out(operator, token_in(page))
    assert backend.broker.inspection.counts()[State.QUEUED] == 0


@pytest.mark.parametrize("run", ["", "x", "WyJhIiwge31d:1abc:forged"])
def test_a_forged_state_is_refused(operator: Client, backend: JobBackend, run: str) -> None:
    assert "another user" in said(operator, operator.post(STEP, {"run": run}))
    assert operator.get(f"{BULK}?run={run or 'x'}").status_code == 404


def test_a_run_cannot_be_continued_by_another_user(
    operator: Client, person: Person, backend: JobBackend
) -> None:
    backend.broker.push(make_jobs(3))
    _, run = confirmed(operator, do="delete", state="queued")
    other = Client()
    other.force_login(person("superuser"))

    assert "another user" in said(other, other.post(STEP, {"run": run}))
    assert backend.broker.inspection.counts()[State.QUEUED] == 3


@pytest.mark.parametrize("rights", [(), ("view_dashboard",), ("control_workers",)])
def test_without_permission_no_job_is_changed(
    operator: Client, person: Person, backend: JobBackend, rights: tuple[str, ...]
) -> None:
    job = make_job()
    backend.broker.push([job])
    _, run = confirmed(operator, do="delete", state="queued")
    client = Client()
    client.force_login(person(*rights))

    assert client.post(APPLY, {"do": "delete", "id": job.id}).status_code == 403
    assert client.get(f"{BULK}?do=delete").status_code == 403
    assert client.post(STEP, {"run": run}).status_code == 403
    assert found(backend.broker.inspection, job.id)


def test_an_action_needs_a_csrf_token(
    operator: Client, person: Person, backend: JobBackend
) -> None:
    job = make_job()
    backend.broker.push([job])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("superuser"))

    assert strict.post(APPLY, {"do": "delete", "id": job.id}).status_code == 403
    assert strict.post(STEP, {"run": "x"}).status_code == 403
    for path in (APPLY, STEP):
        assert operator.get(path).status_code == 405
    assert found(backend.broker.inspection, job.id)

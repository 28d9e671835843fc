"""The list of jobs, and the page of a job."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.messages import JobProgress
from django_jobs.clock import now_ms
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import Job, State
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.tasks.redaction.names import MASK
from tests.apps.dashboard_site import tasks
from tests.integration.dashboard.helpers import JOB, JOBS, shown, words
from tests.support.builders import (
    dead,
    limit_reached,
    make_failure,
    make_job,
    make_jobs,
    postponed,
    retrying,
    succeeded,
)
from tests.support.driver import Driver

HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(2)>{{ 7|add:7 }}\x00\x1b\u202e"
"""What a browser would run, a template would read, and a terminal would obey."""


def listed(client: Client, **query: Any) -> list[str]:
    """The ids of the jobs on a page."""
    return ids_in(shown(client, JOBS, **query))


def ids_in(text: str) -> list[str]:
    return re.findall(r'<tr id="job-([^"]*)"', text)


def call(task: Any, *args: Any, **kwargs: Any) -> Job:
    return make_job(
        task=task.module_path, arguments=dump_arguments(args, kwargs), enqueued_at=now_ms()
    )


# --- the list ----------------------------------------------------------------------------------


def test_an_empty_list_says_how_jobs_get_there(onlooker: Client, backend: JobBackend) -> None:
    assert "my_task.enqueue" in shown(onlooker, JOBS)
    assert "No dead jobs" in shown(onlooker, JOBS, state="dead")
    assert "No jobs match" in shown(onlooker, JOBS, task="x")


def test_jobs_are_listed_by_state(onlooker: Client, backend: JobBackend, worker: Driver) -> None:
    backend.broker.push(make_jobs(3))
    bad, good = worker.take(2)
    worker.settle(dead(bad), succeeded(good))

    assert len(listed(onlooker)) == 3
    assert listed(onlooker, state="dead") == [bad.job.id]
    assert listed(onlooker, state="succeeded") == [good.job.id]
    assert listed(onlooker, state="nonsense") == listed(onlooker)


def test_tabs_tell_how_many_jobs_are_in_each_state(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(make_jobs(5))
    worker.settle(dead(worker.take_one()))

    text = words(shown(onlooker, JOBS))

    assert "All 5 Running 0 Queued 4 Retrying 0 Scheduled 0 Waiting 0 Dead 1" in text


def test_pages_link_to_the_next_and_the_first(onlooker: Client, backend: JobBackend) -> None:
    backend.broker.push(make_jobs(120))
    seen: list[str] = []
    address = JOBS
    for _ in range(3):
        text = onlooker.get(address).content.decode()
        seen += ids_in(text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        address = html.unescape(found[1]) if found else ""

    assert len(set(seen)) == 120
    assert not address
    assert "101–120 of 120" in words(text)
    assert "First page" in text


def test_filters_are_combined_and_are_in_the_url(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    wanted = call(tasks.invite, "ada")._replace(queue="mailers")
    backend.broker.push(
        [
            wanted,
            call(tasks.invite, "bob")._replace(queue="mailers"),
            call(tasks.invite, "ada"),
            call(tasks.charge, "", {}, note="ada")._replace(queue="mailers"),
        ]
    )
    worker.settle(*map(dead, worker.take(4, "mailers", "default")))
    query = {"task": "tasks.invite", "queue": "mailers", "text": "ADA", "error": "ValueError"}

    text = shown(onlooker, JOBS, state="dead", **query)

    assert ids_in(text) == [wanted.id]
    assert 'value="tasks.invite"' in text
    assert 'value="ADA"' in text
    assert listed(onlooker, **query, state="queued") == []
    assert listed(onlooker, **query, id=wanted.id) == [wanted.id]
    assert listed(onlooker, **query, id="another") == []


def test_jobs_are_found_by_time(onlooker: Client, backend: JobBackend) -> None:
    early = make_job(enqueued_at=1_785_585_600_000)  # 2026-08-01 12:00:00 UTC
    late = make_job(enqueued_at=1_785_585_600_000 + 119_999)
    backend.broker.push([early, late])

    assert listed(onlooker, until="2026-08-01T12:00") == [early.id]
    assert listed(onlooker, since="2026-08-01T12:01") == [late.id]
    assert listed(onlooker, since="2026-08-01T12:01", until="2026-08-01T12:01") == [late.id]


NONSENSE = ["", "x", "-1", "9" * 400, "2026-13-40T99:99", "0001-01-01T00:00", HOSTILE, "é" * 300]


@pytest.mark.parametrize(
    "name", ["state", "queue", "task", "error", "text", "id", "since", "until", "after", "backend"]
)
def test_an_invalid_url_still_shows_a_page(
    onlooker: Client, backend: JobBackend, name: str
) -> None:
    backend.broker.push(make_jobs(2))

    for value in NONSENSE:
        text = shown(onlooker, JOBS, **{name: value})
        assert "<script>alert" not in text
        assert "<img" not in text


def test_a_search_says_how_far_it_got_and_continues(
    onlooker: Client, redis_backend: JobBackend
) -> None:
    rare = make_job(task="shop.rare", queue="low")
    for _ in range(6):
        redis_backend.broker.push(make_jobs(1_000))
    redis_backend.broker.push([rare])

    first = shown(onlooker, JOBS, task="rare")
    assert "Searched 4,000 of 6,001 jobs." in words(first)
    found = re.search(r'rel="next" href="([^"]+)"', first)
    assert found
    last = onlooker.get(html.unescape(found[1])).content.decode()

    assert ids_in(last) == [rare.id]
    assert "Searched all 6,001 jobs." in words(last)


def test_visitors_who_may_only_view_see_no_buttons(
    onlooker: Client, operator: Client, backend: JobBackend
) -> None:
    job = make_job()
    backend.broker.push([job])

    for path, query in ((JOBS, {}), (JOB, {"id": job.id})):
        assert 'method="post"' not in shown(onlooker, path, **query)
        assert 'method="post"' in shown(operator, path, **query)


# --- secrets -----------------------------------------------------------------------------------


def test_secrets_are_shown_nowhere_and_cannot_be_searched_for(
    onlooker: Client, backend: JobBackend
) -> None:
    job = call(tasks.charge, "DE02-1203", {"card": "4111-1111"}, password="hunter2", note="hello")
    backend.broker.push([job])

    for text in (shown(onlooker, JOBS), shown(onlooker, JOB, id=job.id)):
        assert MASK in text
        assert "hello" in text
        for secret in ("DE02-1203", "4111-1111", "hunter2"):
            assert secret not in text
    for secret in ("DE02-1203", "4111-1111", "hunter"):
        assert listed(onlooker, text=secret) == []
    assert listed(onlooker, text="HELLO") == [job.id]


def test_metadata_is_shown_redacted(onlooker: Client, backend: JobBackend) -> None:
    metadata = '{"trace":"kG3x <b>","_api_token":"hunter2","iban":"to DE02-1203"}'
    job = call(tasks.charge, "DE02-1203", note="hello")._replace(metadata=metadata)
    plain = call(tasks.charge, "DE02-1203", note="hello")
    broken = plain._replace(id="broken", metadata="[")
    backend.broker.push([job, plain, broken])

    text = shown(onlooker, JOB, id=job.id)

    assert "kG3x &lt;b&gt;" in text
    assert f"to {MASK}" in text
    assert "hunter2" not in text
    assert "h-metadata" not in shown(onlooker, JOB, id=plain.id)
    assert "h-metadata" in shown(onlooker, JOB, id=broken.id)


def test_what_is_hidden_as_an_argument_shows_in_no_error_result_or_progress(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    iban = "DE02-1203-2020"
    jobs = [call(tasks.charge, iban, {"card": "4111-1111"}, note="hello") for _ in range(3)]
    backend.broker.push(jobs)
    failed, paid, running = worker.take(3)
    said = JobProgress(
        job_id=running.job.id,
        token=running.token,
        tag=running.tag,
        progress=Progress(1, 2, f"paying {iban}"),
    )
    worker.heartbeat(progress=[said])
    text = f"no account {iban}\nnor card 4111-1111"
    failure = make_failure(message=text, traceback=f"{TRACEBACK}ValueError: {text}\n")
    worker.settle(dead(failed, failure=failure), succeeded(paid, result=f'["to {iban}"]'))

    pages = {job.id: shown(onlooker, JOB, id=job.id) for job in jobs}

    assert f"no account {MASK}" in pages[failed.job.id]
    assert "raise ValueError(text)" in html.unescape(pages[failed.job.id])
    assert f"to {MASK}" in pages[paid.job.id]
    assert f"paying {MASK}" in pages[running.job.id]
    assert f"no account {MASK}" in shown(onlooker, JOBS)
    for text in (*pages.values(), shown(onlooker, JOBS)):
        assert "DE02-1203" not in text
        assert "4111-1111" not in text  # an id may hold fewer digits


TRACEBACK = """\
Traceback (most recent call last):
  File "/srv/shop/tasks.py", line 7, in charge
    raise ValueError(text)
"""


def test_a_site_can_declare_what_is_secret(onlooker: Client, use_backend: Any) -> None:
    options = {"redact": ["note"]}
    other = {"BACKEND": "django_jobs.backends.ThreadPoolBackend", "OPTIONS": options}
    use_backend("thread_pool", {"other": other})
    from django_jobs.compat import task_backends

    job = call(tasks.charge, "", {}, password="hunter2", note="hello")
    task_backends["other"].broker.push([job])  # type: ignore[attr-defined]

    text = shown(onlooker, JOB, id=job.id, backend="other")

    assert "hunter2" in text
    assert "hello" not in text


def test_long_arguments_are_not_read_for_a_list(onlooker: Client, backend: JobBackend) -> None:
    job = call(tasks.invite, "x" * 50_000)
    backend.broker.push([job])

    assert len(shown(onlooker, JOBS)) < 30_000
    assert "x" * 50_000 in shown(onlooker, JOB, id=job.id)


# --- one job -----------------------------------------------------------------------------------


def test_a_job_shows_its_timeline(onlooker: Client, backend: JobBackend, worker: Driver) -> None:
    backend.broker.push([call(tasks.invite, "ada@example.com")])
    failure = make_failure(
        exception="smtplib.SMTPServerDisconnected",
        message="connection closed",
        traceback="Traceback …\n  in deliver\nSMTPServerDisconnected: closed\n",
        worker="web-1:77",
        at=now_ms(),
        latency=2_500,
        duration=1_250,
    )
    worker.settle(retrying(worker.take_one(), 3_600_000, failure=failure))
    (record,) = backend.broker.inspection.jobs(State.RETRYING)

    text = words(shown(onlooker, JOB, id=record.job.id))

    for part in (
        "invite retrying",
        "address ada@example.com",
        "Attempt 1 failed",
        "Latency 2.5 s",
        "Duration 1.2 s",
        "Worker web-1:77",
        "smtplib.SMTPServerDisconnected connection closed",
        "in deliver",
        "Attempt 1 started",
        "Next attempt",
    ):
        assert part in text


def test_a_success_shows_its_result_and_its_attempt(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([call(tasks.invite, "ada@example.com")])
    claim = worker.take_one()
    worker.settle(succeeded(claim, result='{"sent":1,"token":"t-1"}', duration=4_000))

    text = words(shown(onlooker, JOB, id=claim.job.id))

    assert '"sent": 1' in text
    assert "t-1" not in text
    assert "Attempt 1 succeeded" in text
    assert "Duration 4.0 s" in text


def test_each_failure_is_shown_the_latest_first(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([call(tasks.invite, "ada")])
    for message in ("first trouble", "second trouble", "third trouble"):
        claim = worker.take_one()
        failure = make_failure(message=message, attempt=claim.attempt)
        worker.settle(retrying(claim, failure=failure))

    text = words(shown(onlooker, JOB, id=claim.job.id))

    assert text.index("third trouble") < text.index("second trouble") < text.index("first trouble")


def test_an_unknown_job_is_not_found(onlooker: Client, backend: JobBackend) -> None:
    for query in ({"id": "gone"}, {"id": HOSTILE}, {}):
        response = onlooker.get(f"{JOB}?{urlencode(query)}")
        assert response.status_code == 404
        assert b"This job does not exist" in response.content
        assert b"<script>alert" not in response.content


def test_a_job_of_a_task_that_is_gone_says_so(onlooker: Client, backend: JobBackend) -> None:
    job = make_job(task="shop.gone.pay", arguments='[["4111-1111"],{"note":"x"}]')
    backend.broker.push([job])

    text = shown(onlooker, JOB, id=job.id)

    assert "find the task" in text
    assert "4111-1111" not in text  # an id may hold fewer digits
    assert listed(onlooker, text="4111-1111") == []


# --- what others wrote -------------------------------------------------------------------------


def test_hostile_text_is_shown_as_text_everywhere(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    escaped = dump_arguments((HOSTILE,), {"<b>key</b>": [HOSTILE]})
    jobs = [
        make_job(
            id=f"{HOSTILE[:40]}{n}",
            task=f"tests.{HOSTILE}",
            queue=HOSTILE,
            arguments=escaped,
        )
        for n in range(3)
    ]
    backend.broker.push(jobs)
    failure = make_failure(
        exception=f"x.{HOSTILE}", message=HOSTILE, traceback=HOSTILE, worker=HOSTILE
    )
    worker = Driver(backend.broker, "<b>w</b>")
    claims = worker.take(2, HOSTILE)
    worker.settle(dead(claims[0], failure=failure), succeeded(claims[1], result=escaped))

    pages = [shown(operator, JOBS), shown(operator, JOBS, task=HOSTILE, queue=HOSTILE)]
    pages += [shown(operator, JOB, id=job.id) for job in jobs]
    pages.append(shown(operator, reverse("django_jobs_dashboard:bulk"), do="delete", task=HOSTILE))

    for text in pages:
        assert "&lt;script&gt;" in text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert "<b>" not in text
        assert "{{ 7|add:7 }}" in text or "{{" not in text


def test_a_lone_surrogate_in_an_error_breaks_no_page(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push(make_jobs(1))
    claim = worker.take_one()
    worker.settle(
        dead(claim, failure=make_failure(message="no file caf\udce9", traceback="\ud800"))
    )

    assert r"no file caf\udce9" in shown(onlooker, JOBS)
    assert r"no file caf\udce9" in shown(onlooker, JOB, id=claim.job.id)


@pytest.mark.parametrize("text", ["", "not JSON", "[1]", "[" * 3_000, '[["\\ud800"],{}]', '"x"'])
def test_arguments_that_cannot_be_read_are_shown_as_they_are(
    onlooker: Client, backend: JobBackend, worker: Driver, text: str
) -> None:
    job = make_job(task=tasks.invite.module_path, arguments=text)
    backend.broker.push([job])
    worker.settle(succeeded(worker.take_one(), result=text))

    assert listed(onlooker) == [job.id]
    assert html.escape(text)[:20] in shown(onlooker, JOB, id=job.id)


def test_a_postponed_job_says_what_it_waits_for(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([job := make_job()])
    message = "There is no task 'shop.tasks.ship' here"
    worker.settle(postponed(worker.take_one(), failure=make_failure(message=message)))

    assert "Waits for a worker that knows it:" in shown(onlooker, JOBS)
    page = shown(onlooker, JOB, id=job.id)
    assert 'id="postponed"' in page
    assert html.escape(message) in page


def test_a_job_that_reached_a_limit_shows_the_reason_while_it_waits(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([job := make_job()])
    failure = make_failure(message="429 <too many>")
    worker.settle(limit_reached(worker.take_one(), failure=failure))

    page = shown(onlooker, JOB, id=job.id)
    assert 'id="limit-reached"' in page
    assert "429 &lt;too many&gt;" in page
    assert 'id="postponed"' not in page


def test_a_running_job_says_that_it_is_to_be_cancelled(
    onlooker: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([job := make_job()])
    worker.take_one()
    assert 'id="cancel-requested"' not in shown(onlooker, JOB, id=job.id)

    backend.broker.inspection.cancel(job.id)

    page = shown(onlooker, JOB, id=job.id)
    assert 'id="cancel-requested"' in page
    assert "This job was cancelled." in page

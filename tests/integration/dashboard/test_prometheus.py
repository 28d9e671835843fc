"""Prometheus reads the metrics with a token; others get none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from django_jobs.brokers.inspection.limits import SHOWN_LIMITS
from django_jobs.jobs.awaited import BatchEvent
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.metrics.histogram import BOUNDS, Histogram
from tests.integration.dashboard.helpers import UseBackend
from tests.integration.dashboard.samples import HOSTILE, sample, tell
from tests.support.builders import limited, make_job, make_jobs
from tests.support.driver import Driver
from tests.support.paths import ROOT

ADDRESS = reverse("django_jobs_dashboard:prometheus")
TOKEN = "a token of the tests"

Read = Callable[[], dict[str, Metric]]


@pytest.fixture
def token(settings: Settings) -> str:
    settings.JOB_DASHBOARD = {"TOKEN": TOKEN}
    return TOKEN


def ask(client: Client, token: str | None = TOKEN, **query: str) -> Any:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.get(ADDRESS, query, headers=headers, secure=True)


@pytest.fixture
def read(client: Client, token: str) -> Read:
    def families() -> dict[str, Metric]:
        response = ask(client)
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        parsed = text_string_to_metric_families(response.content.decode())
        return {family.name: family for family in parsed}

    return families


def values(family: Metric, label: str) -> dict[str, float]:
    return {one.labels[label]: one.value for one in family.samples}


def test_an_empty_store_exposes_every_metric(backend: JobBackend, read: Read) -> None:
    families = read()
    assert set(values(families["django_jobs_jobs"], "state").values()) == {0.0}
    assert families["django_jobs_workers"].samples[0].value == 0
    assert families["django_jobs_task_duration_seconds"].samples == []


def test_states_queues_workers_and_attempts_are_exposed(
    backend: JobBackend, worker: Driver, read: Read
) -> None:
    backend.broker.push(make_jobs(3, queue="low"))
    backend.broker.inspection.pause("low")
    worker.heartbeat(concurrency=7, quiet=True, succeeded=5, failed=2, stuck=("x",))

    families = read()
    assert values(families["django_jobs_jobs"], "state")["queued"] == 3
    assert values(families["django_jobs_queue_size"], "queue") == {"low": 3}
    assert values(families["django_jobs_queue_paused"], "queue") == {"low": 1}
    assert values(families["django_jobs_queue_latency_seconds"], "queue")["low"] >= 0
    assert values(families["django_jobs_attempts"], "outcome") == {"succeeded": 5, "failed": 2}
    for name, value in (("workers", 1), ("workers_quiet", 1), ("worker_threads", 7)):
        assert families[f"django_jobs_{name}"].samples[0].value == value
    assert families["django_jobs_jobs_stuck"].samples[0].value == 1


def test_what_waits_for_limits_is_exposed(backend: JobBackend, worker: Driver, read: Read) -> None:
    mail, api = JobLimit("mail", 1), JobLimit("api", 1, 60_000)
    backend.broker.push([limited(name, mail) for name in "abc"])
    backend.broker.push([limited(name, api) for name in "de"])
    worker.take(5)
    backend.broker.inspection.limits.pause(mail.id)

    families = read()
    assert values(families["django_jobs_queue_waiting"], "queue") == {"default": 3}
    assert values(families["django_jobs_limit_waiting"], "limit") == {"mail": 2, "api": 1}
    assert values(families["django_jobs_limit_waiting"], "kind") == {"limit": 2, "rate": 1}
    assert values(families["django_jobs_limit_paused"], "limit") == {"mail": 1, "api": 0}


def test_limits_with_few_waiting_jobs_are_added_up(
    backend: JobBackend, worker: Driver, read: Read
) -> None:
    for number in range(SHOWN_LIMITS + 5):
        limit = JobLimit(f"limit {number:03}", 1)
        backend.broker.push([limited(f"{number} {n}", limit) for n in range(2 + (number < 100))])
    while worker.take(300):
        pass

    waiting = values(read()["django_jobs_limit_waiting"], "limit")
    assert len(waiting) == SHOWN_LIMITS + 1
    assert (waiting[""], waiting["limit 099"]) == (5, 2)


def test_batches_and_waiting_jobs_are_exposed(backend: JobBackend, read: Read) -> None:
    backend.broker.batches.open(NewBatch(id="b1", callbacks={BatchEvent.END: make_job()}))
    backend.broker.batches.open(NewBatch(id="b2"))
    backend.broker.batches.close("b2")

    backend.broker.batches.open(NewBatch(id="w1", is_workflow=True))
    backend.broker.batches.open(NewBatch(id="w2", is_workflow=True))

    families = read()
    assert families["django_jobs_batches_unfinished"].samples[0].value == 1
    assert families["django_jobs_workflows_unfinished"].samples[0].value == 2
    assert values(families["django_jobs_jobs"], "state")["waiting"] == 1


def test_tasks_are_exposed_as_counters_and_histograms(worker: Driver, read: Read) -> None:
    tell(worker, sample("shop.ship", 3, 1, took=150))
    tell(worker, sample("shop.ship", 2, 0, took=10))

    families = read()
    attempts = families["django_jobs_task_attempts"]
    assert {(one.labels["outcome"], one.value) for one in attempts.samples} == {
        ("succeeded", 5),
        ("failed", 1),
    }
    duration = families["django_jobs_task_duration_seconds"]
    assert duration.type == "histogram"
    buckets = {
        one.labels["le"]: one.value for one in duration.samples if one.name.endswith("_bucket")
    }
    assert buckets["0.003"] == 0
    assert buckets["0.01"] == buckets["0.1"] == 2
    assert buckets["0.3"] == buckets["10000"] == buckets["+Inf"] == 6
    assert len(buckets) == 16
    rest = {one.name: one.value for one in duration.samples if "le" not in one.labels}
    assert rest == {
        "django_jobs_task_duration_seconds_sum": 0.62,
        "django_jobs_task_duration_seconds_count": 6,
    }


def test_durations_beyond_the_last_bound_are_counted(worker: Driver, read: Read) -> None:
    beyond = Histogram((*[0] * len(BOUNDS), 2), 10**9)
    worker.heartbeat(samples=[replace(sample(), duration=beyond)])

    samples = read()["django_jobs_task_duration_seconds"].samples
    buckets = {one.labels["le"]: one.value for one in samples if "le" in one.labels}
    assert (buckets["10000"], buckets["+Inf"]) == (0, 2)


@pytest.mark.parametrize("name", [HOSTILE, 'a"} 1\nevil{b="', "back\\slash\\", "ü", "\ud800"])
def test_any_name_makes_a_valid_label(name: str, worker: Driver, read: Read) -> None:
    tell(worker, sample(name, 1, 1))

    families = read()
    told = {one.labels["task"] for one in families["django_jobs_task_attempts"].samples}
    safe = name.encode(errors="replace").decode()
    assert told == {safe.replace("\n", " ")}
    assert all(family.startswith("django_jobs_") for family in families)


# --- the door ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend", "token")
@pytest.mark.parametrize("given", [None, "", "another", TOKEN + "x", TOKEN[:-1], "\xff", "ü"])
def test_without_the_token_nothing_is_exposed(given: str | None, client: Client, db: None) -> None:
    response = ask(client, given)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert b"django_jobs_" not in response.content
    assert TOKEN.encode() not in response.content


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("given", [None, "", "None", TOKEN])
def test_without_a_token_in_the_settings_it_is_closed(
    given: str | None, client: Client, db: None
) -> None:
    assert ask(client, given).status_code == 401


@pytest.mark.usefixtures("backend")
def test_visitors_of_the_dashboard_may_see_the_metrics(onlooker: Client) -> None:
    assert ask(onlooker, None).status_code == 200


@pytest.mark.usefixtures("backend", "token")
def test_only_get_and_head_are_allowed(client: Client, db: None) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert client.head(ADDRESS, headers=headers, secure=True).status_code == 200
    for method in (client.post, client.put, client.delete):
        assert method(ADDRESS, headers=headers, secure=True).status_code == 405


@pytest.mark.usefixtures("token")
def test_each_backend_has_its_metrics_and_an_unknown_one_has_none(
    client: Client, use_backend: UseBackend, db: None
) -> None:
    backend = {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}
    default = use_backend("thread_pool", {"other": backend})
    default.broker.push(make_jobs(2))

    assert b'state="queued"} 2' in ask(client).content
    assert b'state="queued"} 0' in ask(client, backend="other").content
    assert ask(client, backend="nobody").status_code == 404


@pytest.mark.usefixtures("token")
def test_an_unavailable_broker_is_reported_without_secrets(
    client: Client, settings: Settings, db: None
) -> None:
    options = {"url": "redis://:secret@127.0.0.1:1/0"}
    settings.TASKS = {
        "default": {"BACKEND": "django_jobs.backends.RedisBackend", "OPTIONS": options}
    }
    response = ask(client)
    assert response.status_code == 503
    assert b"does not answer" in response.content
    assert b"secret" not in response.content


# --- the documentation ---------------------------------------------------------------------------


def test_the_documentation_lists_every_metric_with_its_type(worker: Driver, read: Read) -> None:
    worker.broker.push(make_jobs(1))
    worker.broker.push([limited("limited")])
    worker.take(2)
    tell(worker, sample())
    page = (ROOT / "docs/howto/monitoring.md").read_text()
    listed = re.findall(r"^\| `(django_jobs_\w+)` \| (\w+) \| ([^|]*)\|", page, re.MULTILINE)

    told = {}
    for family in read().values():
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for one in family.samples for label in one.labels} - {"le"}
        told[name] = (family.type, labels)
    assert {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in listed} == (
        told
    )

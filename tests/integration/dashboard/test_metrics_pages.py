"""The pages with charts show what workers counted."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.metrics.history import Span
from tests.integration.dashboard.samples import HOSTILE, sample, tell
from tests.support.driver import Driver

OVERVIEW = reverse("django_jobs_dashboard:overview")
METRICS = reverse("django_jobs_dashboard:metrics")
TASK = reverse("django_jobs_dashboard:task")


def text(client: Client, address: str, **query: str) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def rows(html: str) -> list[str]:
    """The tasks of the list, in their order."""
    return re.findall(r'<th scope="row"><a href="\S*task=([^&"]*)', html)


def test_a_site_without_attempts_says_what_to_do(operator: Client, backend: JobBackend) -> None:
    assert "No jobs ran in this period." in text(operator, OVERVIEW)
    assert "No failures in this period." in text(operator, OVERVIEW)
    assert "Enqueue a job, or choose a longer time range." in text(operator, METRICS)
    assert "did not run in the last hour" in text(operator, TASK, task="shop.ship", span="1h")


def test_the_overview_shows_activity_and_the_most_frequent_failures(
    operator: Client, worker: Driver
) -> None:
    tell(worker, sample("shop.bill", 1234, 2), sample("shop.ship", 0, 7, error="shop.Lost"))
    html = text(operator, OVERVIEW, span="1h")

    assert 'aria-labelledby="throughput-title throughput-text"' in html
    assert "Succeeded: 1,234, Failed: 9" in html
    assert html.index("shop.Lost") < html.index("shop.NoParcel")


@pytest.mark.parametrize("span", list(Span))
def test_each_time_range_has_a_url(span: Span, operator: Client, worker: Driver) -> None:
    tell(worker, sample())
    for address in (OVERVIEW, METRICS, TASK):
        html = text(operator, address, span=span.value, task="shop.tasks.ship")
        (chosen,) = re.findall(r'<a href="[^"]*span=(\w+)[^"]*" aria-current="true"', html)
        assert chosen == span.value


@pytest.mark.parametrize(
    "query",
    [
        {"span": "99y", "sort": "nothing"},
        {"span": "", "sort": ""},
        {"span": HOSTILE, "sort": HOSTILE, "backend": HOSTILE},
        {"span": "\x00", "task": "\x00"},
    ],
)
def test_invalid_parameters_still_give_a_page(
    query: dict[str, str], operator: Client, worker: Driver
) -> None:
    tell(worker, sample())
    for address in (OVERVIEW, METRICS, TASK):
        html = text(operator, address, **{"task": "x", **query})
        assert 'span=24h" aria-current' in html or 'aria-current="true"' in html


def test_a_page_without_a_task_is_not_found(operator: Client, backend: JobBackend) -> None:
    assert operator.get(TASK).status_code == 404
    assert operator.get(TASK, {"task": ""}).status_code == 404


def test_tasks_are_sorted_as_the_url_says(operator: Client, worker: Driver) -> None:
    tell(
        worker,
        sample("a", 9, 0, took=10),
        sample("b", 1, 3, took=1000),
        sample("c", 20, 1, took=3),
    )
    orders = {"": "cab", "runs": "cab", "task": "abc", "failed": "bca", "latency": "bac"}
    orders |= {"duration": "bac", "worked": "bac"}
    for sort, expected in orders.items():
        assert "".join(rows(text(operator, METRICS, sort=sort))) == expected
    html = text(operator, METRICS, sort="task")
    assert html.count('aria-sort="ascending"') == 1
    assert html.count('aria-sort="none"') == 5


def test_a_task_shows_its_attempts_its_times_and_its_errors(
    operator: Client, worker: Driver
) -> None:
    tell(worker, sample("shop.ship", 5, 5, took=1500), sample("shop.bill", 0, 9, error="shop.Lost"))
    html = text(operator, TASK, task="shop.ship")

    for name in ("attempts", "duration", "latency"):
        assert f'aria-labelledby="{name}-title {name}-text"' in html
    assert "50%" in html
    assert "shop.NoParcel" in html
    assert "shop.Lost" not in html


def test_names_of_tasks_and_errors_are_escaped(operator: Client, worker: Driver) -> None:
    tell(worker, sample(HOSTILE, 1, 1, error=HOSTILE))
    for address in (OVERVIEW, METRICS, TASK):
        html = text(operator, address, task=HOSTILE)
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html
        assert "style=" not in html


def test_pages_are_sent_once_while_nothing_changes(operator: Client, worker: Driver) -> None:
    tell(worker, sample())
    first = operator.get(METRICS)
    again = operator.get(METRICS, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304

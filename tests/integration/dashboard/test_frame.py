"""The frame of all pages: headers, menu, backends and parameters."""

from __future__ import annotations

from urllib.parse import urlencode

import django
import pytest
from django.test import Client
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from tests.integration.dashboard.addresses import ACTIONS, ADDRESSES, PAGES
from tests.integration.dashboard.helpers import UseBackend
from tests.support.builders import make_jobs
from tests.support.ports import HOST, free_port

THREADS = {"BACKEND": "django_jobs.backends.ThreadPoolBackend"}

NONSENSE = (
    *("backend", "state", "queue", "task", "error", "text", "id", "since", "until", "after"),
    *(
        "page",
        "span",
        "sort",
        "name",
        "before",
        "cursor",
        "limit",
        "typed",
        "worker",
        "token",
        "ids",
    ),
)
FORM = "application/x-www-form-urlencoded"
VALUES = ("", "-1", "1e999", "9" * 400, "\x00", "\ud800", "💥" * 500, "../../passwd", "%00", "[]")


@pytest.mark.parametrize("value", VALUES)
def test_invalid_parameters_are_never_a_server_error(
    value: str, operator: Client, backend: JobBackend
) -> None:
    given = {name: value.encode("utf-8", "replace") for name in NONSENSE}
    backend.broker.push(make_jobs(1))
    for address in ADDRESSES:
        if address.name != "health":  # nobody works here, as it says
            assert operator.get(address.path.partition("?")[0], given).status_code < 500
    for address in ACTIONS:
        assert operator.post(address.path, urlencode(given), FORM).status_code < 500


def test_another_backend_can_be_chosen_and_stays_chosen(
    operator: Client, use_backend: UseBackend
) -> None:
    use_backend("redis", aliases={"reports": {**THREADS, "QUEUES": ["monthly"]}})
    queues = next(one for one in PAGES if one.name == "queues").path
    html = operator.get(queues, {"backend": "reports"}).content.decode()
    assert 'id="queue-monthly"' in html
    assert "<option selected>reports</option>" in html
    assert f'href="{queues}?backend=reports"' in html
    assert 'action="/jobs/queues/pause/?backend=reports"' in html

    assert 'id="queue-default"' in operator.get(queues, {"backend": "other"}).content.decode()


def test_one_of_several_backends_that_does_not_answer_is_named_and_the_others_are_shown(
    operator: Client, use_backend: UseBackend
) -> None:
    away = f"redis://{HOST}:{free_port()}/0"
    redis = "django_jobs.backends.RedisBackend"
    use_backend("redis", aliases={"reports": {"BACKEND": redis, "OPTIONS": {"url": away}}})
    for page in PAGES:
        assert operator.get(page.path).status_code in {200, 404}, page.name  # no job is there
        answer = operator.get(f"{page.path}{'&' if '?' in page.path else '?'}backend=reports")
        assert answer.status_code == 503, page.name
        html = answer.content.decode()
        assert f"Redis at {away} does not answer" in html
        assert "<option selected>reports</option>" in html
        assert "<option>default</option>" in html


def test_pages_say_that_jobs_are_in_the_memory_of_this_process(
    operator: Client, use_backend: UseBackend
) -> None:
    use_backend("thread_pool")
    for address in PAGES:
        html = operator.get(address.path).content.decode()
        assert "only the jobs in the memory of this process" in html, address.name


def test_without_a_backend_of_ours_there_is_nothing_to_show(
    operator: Client, settings: Settings
) -> None:
    module = "django.tasks" if django.VERSION >= (6, 0) else "django_tasks"
    settings.TASKS = {"default": {"BACKEND": f"{module}.backends.dummy.DummyBackend"}}
    for address in ADDRESSES:
        if address.name == "health":
            continue
        send = operator.post if address.method == "POST" else operator.get
        assert send(address.path).status_code == 404, address.name


def test_files_from_another_origin_are_allowed_by_the_policy(
    operator: Client, backend: JobBackend, settings: Settings
) -> None:
    settings.STATIC_URL = "https://static.example.com/v1/"
    policy = operator.get(PAGES[0].path).headers["Content-Security-Policy"]
    assert "script-src 'self' https://static.example.com;" in policy
    assert "connect-src 'self';" in policy


def test_without_htmx_pages_work_but_do_not_refresh(
    operator: Client, backend: JobBackend, settings: Settings
) -> None:
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django_htmx"]
    html = operator.get(PAGES[0].path).content.decode()
    assert "htmx" not in html
    assert "data-live-interval" not in html

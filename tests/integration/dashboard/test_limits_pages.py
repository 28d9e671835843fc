"""The pages of limits and their keys, and their actions."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from django.urls import reverse

from django_jobs.backends.base import JobBackend
from django_jobs.dashboard.templatetags.jobs_dashboard import as_id
from django_jobs.jobs.limits import JobLimit
from tests.integration.dashboard.helpers import JOB, JOBS, do, shown, words
from tests.support.builders import limit_reached, limited, make_job, succeeded
from tests.support.driver import Driver, ids

LIMITS = reverse("django_jobs_dashboard:limits")
ONE = reverse("django_jobs_dashboard:limit")
KEY = reverse("django_jobs_dashboard:limit_key")
HOUR = 3_600_000
MAIL = JobLimit("mail server", 1)
API = JobLimit("api", 1, HOUR)


def reports(customer: str) -> JobLimit:
    return JobLimit("shop.tasks.rebuild_report by customer_id", 1, value=customer)


REPORTS = reports("7").id


def row(html: str, name: str) -> str:
    """A row of a table, as it is read."""
    return words("<" + html.partition(f'id="{name}"')[2].partition("</tr>")[0])


def limit_row(html: str, limit_id: str) -> str:
    return row(html, f"limit-{as_id(limit_id)}")


def key_row(html: str, value: str) -> str:
    return row(html, f"key-{as_id(value)}")


@pytest.fixture
def busy(backend: JobBackend, worker: Driver) -> Driver:
    """A worker that has jobs of two keys and a rate, for which others wait."""
    push = backend.broker.push
    push([limited(f"{customer}{n}", reports(customer)) for customer in "78" for n in range(3)])
    push([limited(f"api {n}", API) for n in range(2)])
    push([limited("mail 0", MAIL)])
    assert ids(worker.take(20)) == ["70", "80", "api 0", "mail 0"]
    return worker


def test_limits_are_listed_with_what_waits_for_them(
    operator: Client, backend: JobBackend, busy: Driver
) -> None:
    html = shown(operator, LIMITS)
    assert "5 jobs waiting for a slot" in words(html)
    reports_row = limit_row(html, REPORTS)
    assert reports_row.startswith("shop. tasks. rebuild_report by customer_id 1 at once active 4 2")
    assert "1 start in 1 h" in limit_row(html, API.id)
    # Those for which most jobs wait come first.
    assert html.index(f'id="limit-{as_id(REPORTS)}"') < html.index(f'id="limit-{as_id(API.id)}"')
    assert html.index(f'id="limit-{as_id(API.id)}"') < html.index(f'id="limit-{as_id(MAIL.id)}"')


def test_limits_are_searched_and_come_in_pages(operator: Client, backend: JobBackend) -> None:
    limits = [JobLimit(f"tenant {number:03}", 1) for number in range(60)]
    backend.broker.push([limited(limit.name, limit) for limit in limits])
    Driver(backend.broker, "w1").take(60)

    first = shown(operator, LIMITS)
    assert (first.count('<tr id="limit-'), "Next page" in first) == (50, True)
    last = shown(operator, LIMITS, offset=50)
    assert (last.count('<tr id="limit-'), "Next page" in last) == (10, False)
    found = shown(operator, LIMITS, text="tenant 01")
    assert found.count('<tr id="limit-') == 10
    assert "No limits match" in shown(operator, LIMITS, text="nobody")
    assert "No limits match" in shown(operator, LIMITS, offset=5_000)


def test_without_limits_the_page_says_how_to_declare_one(
    operator: Client, backend: JobBackend
) -> None:
    backend.broker.push([make_job()])
    html = shown(operator, LIMITS)
    assert "No limits yet" in html
    assert 'Limit(2, by="customer_id")' in html


def test_the_keys_of_a_limit_are_listed(
    operator: Client, backend: JobBackend, busy: Driver
) -> None:
    html = shown(operator, ONE, limit=REPORTS)
    assert key_row(html, "7").startswith("7 1 of 1 2 – active")
    backend.broker.push([limited("9", reports("9"))])
    busy.take(1)
    assert key_row(shown(operator, ONE, limit=REPORTS), "9").startswith("9 1 of 1 0 – active")
    assert "1 of 1 1" in key_row(shown(operator, ONE, limit=API.id), "")
    assert "<time" in shown(operator, ONE, limit=API.id).partition('id="key-')[2]


def test_keys_are_searched_and_come_in_pages(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    values = [f"{number:03}" for number in range(60)]
    backend.broker.push([limited(f"{one} {n}", reports(one)) for one in values for n in range(2)])
    worker.take(60)
    worker.take(1)
    first = shown(operator, ONE, limit=REPORTS)
    assert (first.count('<tr id="key-'), "Next page" in first) == (50, True)
    last = shown(operator, ONE, limit=REPORTS, offset=50)
    assert (last.count('<tr id="key-'), "First page" in last) == (10, True)
    found = shown(operator, ONE, limit=REPORTS, text="01")
    assert found.count('<tr id="key-') == 11
    assert "No keys match" in shown(operator, ONE, limit=REPORTS, text="x")
    many = shown(operator, ONE, limit=REPORTS, text="0")
    assert "These are 50 of the keys that match." in many


def test_a_limit_whose_keys_are_free_says_so(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([limited("a", MAIL)])
    worker.settle(succeeded(worker.take_one()))
    assert "No key is in use" in shown(operator, ONE, limit=MAIL.id)


def test_a_key_links_to_its_jobs(operator: Client, backend: JobBackend, busy: Driver) -> None:
    html = shown(operator, KEY, limit=REPORTS, key="7")
    assert "70" in row(html, "running-70")
    assert f"{JOB}?id=71" in html
    assert row(html, "waiting-71").startswith("shop. tasks. ship 71 default")
    assert "No job waits for a slot." in shown(operator, KEY, limit=MAIL.id)
    assert "No job holds a slot." in shown(operator, KEY, limit=REPORTS, key="nobody")
    assert 'id="h-running"' not in shown(operator, KEY, limit=API.id)
    backend.broker.push([limited(f"more {n:02}", reports("7")) for n in range(10)])
    busy.take(1)
    assert "and 2 more" in shown(operator, KEY, limit=REPORTS, key="7")


@pytest.mark.parametrize("address", [ONE, KEY])
@pytest.mark.parametrize("limit", ["", "nobody", "cnobody", "c\x00", "x" * 9_000])
def test_an_unknown_limit_is_not_found(
    operator: Client, backend: JobBackend, address: str, limit: str
) -> None:
    response = operator.get(address, {"limit": limit})
    assert response.status_code == 404
    assert "This limit does not exist." in response.content.decode()


def test_a_limit_is_paused_and_resumed(
    operator: Client, backend: JobBackend, worker: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    backend.broker.push([limited("a", MAIL)])
    worker.settle(succeeded(worker.take_one()))
    backend.broker.push([limited("b", MAIL)])
    with caplog.at_level(logging.INFO, "django_jobs.dashboard"):
        html = do(operator, "pause_limit", limit=MAIL.id, from_list="1")
    assert "mail server is paused. Jobs that need it wait until you resume it." in words(html)
    assert "paused" in limit_row(html, MAIL.id)
    assert worker.take(1) == ()
    [line] = [one for one in caplog.records if one.name == "django_jobs.dashboard"]
    assert vars(line)["dashboard_action"] == "pause limit"
    assert vars(line)["dashboard_target"] == "mail server"

    assert "mail server is active again." in do(operator, "resume_limit", limit=MAIL.id)
    assert ids(worker.take(1)) == ["b"]


def test_a_key_is_paused_and_resumed(operator: Client, backend: JobBackend, busy: Driver) -> None:
    html = do(operator, "pause_limit", limit=REPORTS, key="7")
    assert "rebuild_report by customer_id, 7 is paused." in words(html)
    assert "paused" in key_row(html, "7")
    assert "paused" not in key_row(html, "8")
    assert "7 is active again." in words(do(operator, "resume_limit", limit=REPORTS, key="7"))


def test_a_key_that_a_service_has_closed_is_resumed(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    backend.broker.push([limited("a", MAIL)])
    worker.settle(limit_reached(worker.take_one(), delay=HOUR))
    assert worker.take(1) == ()
    assert "Resume the key" in shown(operator, ONE, limit=MAIL.id)
    do(operator, "resume_limit", limit=MAIL.id, key="")
    assert ids(worker.take(1)) == ["a"]


def test_the_number_of_slots_is_changed_and_reset(
    operator: Client, backend: JobBackend, busy: Driver
) -> None:
    html = do(operator, "set_limit_number", limit=REPORTS, number=" 2 ")
    assert "rebuild_report by customer_id has 2 slots from now on." in words(html)
    assert "2 at once (declared: 1)" in words(html)
    assert ids(busy.take(9)) == ["71", "81"]
    html = do(operator, "reset_limit_number", limit=REPORTS)
    assert "has the number of slots that the code declares." in words(html)
    assert "declared: 1" not in html


@pytest.mark.parametrize("number", ["", "0", "-3", "1000001", "9" * 400, "2.5", "many", "²"])
def test_a_number_out_of_range_changes_nothing(
    operator: Client, backend: JobBackend, busy: Driver, number: str
) -> None:
    html = do(operator, "set_limit_number", limit=REPORTS, number=number)
    assert "Nothing was changed: give a whole number from 1 to 1,000,000." in html
    assert {limit.own for limit in backend.broker.inspection.limits.all()} == {None}


@pytest.mark.parametrize(
    "name", ["pause_limit", "resume_limit", "set_limit_number", "reset_limit_number"]
)
@pytest.mark.parametrize("limit", ["", "nobody", "c\x00"])
def test_a_change_of_an_unknown_limit_is_refused(
    name: str, limit: str, operator: Client, backend: JobBackend
) -> None:
    for data in ({}, {"key": "7"}):
        html = do(operator, name, limit=limit, number="3", **data)
        assert "This limit does not exist." in html


def test_secrets_in_keys_are_hidden(operator: Client, backend: JobBackend, worker: Driver) -> None:
    secret = reports("https://me:hidden@example.com")
    backend.broker.push([limited(name, secret) for name in "ab"])
    worker.take(2)
    pages = [
        shown(operator, ONE, limit=REPORTS),
        shown(operator, KEY, limit=REPORTS, key=secret.value),
        shown(operator, JOB, id="b"),
        shown(operator, JOBS),
    ]
    for html in pages:
        assert "hidden@" not in html
    assert "Pause the key" not in pages[0]


def test_hostile_names_and_keys_are_shown_as_text(
    operator: Client, backend: JobBackend, worker: Driver
) -> None:
    hostile = JobLimit("<script>alert(1)</script>\"'&", 1, value="<b>%s{{x}}\ud800")
    backend.broker.push([limited(name, hostile) for name in "ab"])
    worker.take(2)
    for html in (
        shown(operator, LIMITS),
        shown(operator, ONE, limit=hostile.id),
        shown(operator, JOB, id="b"),
    ):
        assert "<script>alert" not in html
        assert "<b>" not in html


def test_a_job_says_for_which_limit_it_waits(
    operator: Client, backend: JobBackend, busy: Driver
) -> None:
    page = shown(operator, JOB, id="71")
    assert "shop.tasks.rebuild_report by customer_id, 7" in words(page)
    assert f"{KEY}?limit=" in page
    listed = shown(operator, JOBS)
    assert "shop.tasks.rebuild_report by customer_id, 7" in row(listed, "job-71")


def test_somebody_who_may_only_look_gets_no_buttons(
    onlooker: Client, backend: JobBackend, busy: Driver
) -> None:
    for html in (
        shown(onlooker, LIMITS),
        shown(onlooker, ONE, limit=REPORTS),
        shown(onlooker, KEY, limit=REPORTS, key="7"),
    ):
        assert '<form method="post"' not in html

"""Who may see and do what, for every address."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from django_jobs import periodic
from django_jobs.backends.base import JobBackend
from django_jobs.clock import now_ms
from django_jobs.dashboard.throttle import Throttle
from django_jobs.dashboard.urls import urlpatterns
from django_jobs.jobs.batches import NewBatch
from django_jobs.jobs.limits import JobLimit
from django_jobs.periodic_tasks.registry import isolated_registry
from tests.apps.command_site import tasks
from tests.integration.dashboard.addresses import ACTIONS, ADDRESSES, CONTROL, MANAGE, VIEW, Address
from tests.integration.dashboard.helpers import Person
from tests.support.builders import limited, make_job, succeeded
from tests.support.clock import START
from tests.support.driver import Driver

PASSWORDS = {"USERNAME": "ops", "PASSWORD": "Grüße:und $Geld"}
TOKEN = "a-long-token"

PEOPLE = {
    "nobody": (),
    "may view": (VIEW,),
    "may manage": (MANAGE,),
    "may control": (CONTROL,),
    "superuser": ("superuser",),
}


@pytest.fixture(autouse=True)
def site(redis_backend: JobBackend) -> Iterator[None]:
    """A site in which each address has something to act on."""
    with isolated_registry():
        periodic("@daily", name="report")(tasks.greet)
        worker = Driver(redis_backend.broker, "w1")
        limit = JobLimit("mail server", 1, declared_at=now_ms())  # older ones are forgotten
        redis_backend.broker.push([limited("limited", limit)])
        worker.settle(succeeded(worker.take_one()))
        redis_backend.broker.push([make_job(id="one", run_at=2 * START)])
        redis_backend.broker.batches.open(NewBatch(id="b1"))
        redis_backend.broker.batches.open(NewBatch(id="f1", is_workflow=True))
        yield


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def call(
    client: Client, address: Address, method: str, headers: Mapping[str, str], *, secure: bool
) -> Any:
    if method == "GET":
        return client.get(address.path, headers=headers, secure=secure)
    return client.post(address.path, address.data, headers=headers, secure=secure)


def answers(client: Client, *, secure: bool = True, **headers: str) -> dict[str, tuple[int, int]]:
    """What each address answers to GET and to POST."""
    given: dict[str, tuple[int, int]] = {}
    for address in ADDRESSES:
        got = [call(client, address, method, headers, secure=secure) for method in ("GET", "POST")]
        for response in got:
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
            assert response.headers["Cache-Control"] == "private, no-store"
        given[address.name] = (got[0].status_code, got[1].status_code)
    return given


def to_those_inside(*rights: str) -> dict[str, tuple[int, int]]:
    """What each address should answer to somebody with these rights."""
    expected: dict[str, tuple[int, int]] = {}
    for address in ADDRESSES:
        is_open = address.right in {*rights, "figures", ""}
        if address.method == "POST":
            expected[address.name] = (405, 303 if is_open else 403)
        else:
            sees = 503 if address.name == "health" else 200
            expected[address.name] = (sees if is_open else 403, 405)
    return expected


def to_those_outside(page: tuple[int, int], figures: int) -> dict[str, tuple[int, int]]:
    """What each address should answer to somebody who may see nothing.

    Args:
        page: what pages and actions answer to GET and to POST.
        figures: what figures answer.
    """
    kinds = {"": (503, 405), "figures": (figures, 405)}
    return {address.name: kinds.get(address.right, page) for address in ADDRESSES}


@pytest.fixture(autouse=True)
def unhealthy(redis_backend: JobBackend) -> None:
    """The only worker is quiet, so that health has something to say."""
    Driver(redis_backend.broker, "w1").heartbeat(quiet=True)


def test_the_table_has_every_address() -> None:
    assert sorted(one.name or "" for one in urlpatterns) == sorted(one.name for one in ADDRESSES)


@pytest.mark.parametrize(
    ("who", "rights"),
    [
        ("may view", (VIEW,)),
        ("may manage", (VIEW, MANAGE)),
        ("may control", (VIEW, CONTROL)),
        ("superuser", (VIEW, MANAGE, CONTROL)),
    ],
)
def test_a_permission_opens_what_it_is_for(
    who: str, rights: tuple[str, ...], person: Person, client: Client
) -> None:
    client.force_login(person(*PEOPLE[who]))
    assert answers(client) == to_those_inside(*rights)


def test_a_user_without_permission_stays_outside(person: Person, client: Client) -> None:
    client.force_login(person())
    assert answers(client) == to_those_outside((403, 403), figures=401)


def test_an_inactive_user_is_refused(person: Person, client: Client) -> None:
    user: User = person("superuser")
    client.force_login(user)
    user.is_active = False
    user.save()
    assert answers(client) == to_those_outside((302, 403), figures=401)


def test_an_anonymous_visitor_is_redirected_to_the_login_page(client: Client, db: None) -> None:
    assert answers(client) == to_those_outside((302, 403), figures=401)
    path = reverse("django_jobs_dashboard:queues")
    sign_in = f"/sign-in/?{urlencode({'next': f'{path}?a=1'})}"
    assert client.get(f"{path}?a=1").headers["Location"] == sign_in


def test_an_anonymous_live_update_is_not_redirected(client: Client, db: None) -> None:
    path = reverse("django_jobs_dashboard:queues")
    assert client.get(path, headers={"HX-Request": "true"}).status_code == 403


def test_a_password_opens_everything(settings: Settings, client: Client, db: None) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    right = basic(PASSWORDS["USERNAME"], PASSWORDS["PASSWORD"])
    assert answers(client, authorization=right) == to_those_inside(VIEW, MANAGE, CONTROL)


@pytest.mark.parametrize(
    "header",
    [
        basic("ops", "wrong"),
        basic("other", PASSWORDS["PASSWORD"]),
        basic("", ""),
        basic("ops", ""),
        "Basic",
        "Basic %%%",
        "Basic /////w==",
        "Basic b3Bz",
        "Bearer ops",
        "",
    ],
)
def test_a_wrong_password_opens_nothing(
    header: str, settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    path = reverse("django_jobs_dashboard:overview")
    response = client.get(path, headers={"authorization": header}, secure=True)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "Geld" not in response.content.decode()


def test_anonymous_visitors_are_asked_for_the_password(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    assert answers(client) == to_those_outside((401, 401), figures=401)


def test_a_password_over_plain_http_is_refused(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    right = basic(PASSWORDS["USERNAME"], PASSWORDS["PASSWORD"])
    refused = to_those_outside((403, 403), figures=403)
    assert answers(client, secure=False, authorization=right) == refused
    # Nobody is asked for it there, either.
    assert answers(client, secure=False) == to_those_outside((302, 403), figures=401)


@pytest.mark.parametrize("change", [{"ALLOW_HTTP": True}, {"DEBUG": True}])
def test_a_password_over_plain_http_can_be_allowed(
    change: dict[str, bool], settings: Settings, client: Client, db: None
) -> None:
    settings.DEBUG = change.pop("DEBUG", False)
    settings.JOB_DASHBOARD = {**PASSWORDS, **change}
    right = basic(PASSWORDS["USERNAME"], PASSWORDS["PASSWORD"])
    inside = to_those_inside(VIEW, MANAGE, CONTROL)
    assert answers(client, secure=False, authorization=right) == inside


def test_without_both_variables_no_password_opens(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = {"USERNAME": "", "PASSWORD": ""}
    path = reverse("django_jobs_dashboard:overview")
    response = client.get(path, headers={"authorization": basic("", "")}, secure=True)
    assert response.status_code == 302


def test_a_token_over_plain_http_is_refused(settings: Settings, client: Client, db: None) -> None:
    path, bearer = reverse("django_jobs_dashboard:stats"), {"authorization": f"Bearer {TOKEN}"}
    health = reverse("django_jobs_dashboard:health")
    settings.JOB_DASHBOARD = {"TOKEN": TOKEN}

    refused = client.get(path, headers=bearer)
    assert refused.status_code == 403
    assert b"Use HTTPS, or set JOB_DASHBOARD_ALLOW_HTTP=true" in refused.content
    assert client.get(health, headers=bearer).json() == {"healthy": False}
    assert client.get(path, headers=bearer, secure=True).status_code == 200
    settings.JOB_DASHBOARD = {"TOKEN": TOKEN, "ALLOW_HTTP": True}
    assert client.get(path, headers=bearer).status_code == 200


OVERVIEW, STATS = reverse("django_jobs_dashboard:overview"), reverse("django_jobs_dashboard:stats")
RIGHT, WRONG = basic(PASSWORDS["USERNAME"], PASSWORDS["PASSWORD"]), basic("ops", "wrong")


def attempt(client: Client, header: str, address: str = "192.0.2.1", path: str = OVERVIEW) -> int:
    headers = {"authorization": header}
    return client.get(path, headers=headers, secure=True, REMOTE_ADDR=address).status_code


def test_after_ten_wrong_passwords_all_are_ignored(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = {**PASSWORDS, "TOKEN": TOKEN}

    assert [attempt(client, WRONG) for _ in range(12)] == [401] * 9 + [429] * 3
    assert attempt(client, RIGHT) == 429
    assert attempt(client, f"Bearer {TOKEN}", path=STATS) == 429
    # Others are let in, and asked, as before.
    assert attempt(client, RIGHT, "192.0.2.2") == 200
    assert client.get(OVERVIEW, secure=True, REMOTE_ADDR="192.0.2.1").status_code == 401
    response = client.get(
        OVERVIEW, headers={"authorization": RIGHT}, secure=True, REMOTE_ADDR="192.0.2.1"
    )
    assert 0 < int(response.headers["Retry-After"]) <= 301


def test_wrong_tokens_count_too(settings: Settings, client: Client, db: None) -> None:
    settings.JOB_DASHBOARD = {"TOKEN": TOKEN}

    assert [attempt(client, "Bearer x", path=STATS) for _ in range(11)] == [401] * 9 + [429] * 2


def test_guesses_from_many_addresses_block_all_but_those_who_logged_in(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    assert attempt(client, RIGHT, "192.0.2.1") == 200

    tries = [attempt(client, WRONG, f"198.51.100.{number}") for number in range(101)]

    assert tries == [401] * 99 + [429] * 2
    assert attempt(client, RIGHT, "192.0.2.2") == 429
    assert attempt(client, RIGHT, "192.0.2.1") == 200


def test_the_right_password_ends_the_count(settings: Settings, client: Client, db: None) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    for _ in range(3):
        assert [attempt(client, WRONG) for _ in range(9)] == [401] * 9
        assert attempt(client, RIGHT) == 200


def test_the_token_does_not_reset_the_count_of_wrong_passwords(
    settings: Settings, client: Client, db: None
) -> None:
    settings.JOB_DASHBOARD = {**PASSWORDS, "TOKEN": TOKEN}

    assert [attempt(client, WRONG) for _ in range(9)] == [401] * 9
    assert attempt(client, f"Bearer {TOKEN}", path=STATS) == 200
    assert attempt(client, WRONG) == 429


def test_failures_are_forgotten_after_five_minutes() -> None:
    now = [0.0]
    throttle = Throttle(lambda: now[0])
    for _ in range(10):
        throttle.failed("a")
    assert throttle.seconds_to_wait("a") == 301
    now[0] = 299.5
    assert throttle.seconds_to_wait("a") == 1
    now[0] = 300.0
    assert throttle.seconds_to_wait("a") == 0


def test_the_warning_names_the_address(
    settings: Settings, client: Client, caplog: pytest.LogCaptureFixture, db: None
) -> None:
    settings.JOB_DASHBOARD = PASSWORDS
    for _ in range(12):
        attempt(client, WRONG)

    said = [record.getMessage() for record in caplog.records if "wrong" in record.getMessage()]
    assert said[0] == "Dashboard login failed from 192.0.2.1: wrong name or password."
    assert "Further attempts from there are ignored for" in said[-1]
    assert len(said) == 10


def test_a_token_opens_only_the_api(settings: Settings, client: Client, db: None) -> None:
    settings.JOB_DASHBOARD = {"TOKEN": TOKEN}
    expected = to_those_outside((302, 403), figures=0)
    for address in ADDRESSES:
        if address.right == "figures":
            expected[address.name] = (200, 405)
    assert answers(client, authorization=f"Bearer {TOKEN}") == expected
    closed = to_those_outside((302, 403), figures=401)
    assert answers(client, authorization="Bearer other") == closed


def test_an_empty_token_opens_nothing(settings: Settings, client: Client, db: None) -> None:
    settings.JOB_DASHBOARD = {"TOKEN": ""}
    path = reverse("django_jobs_dashboard:stats")
    assert client.get(path, headers={"authorization": "Bearer "}).status_code == 401


def test_each_action_needs_a_csrf_token(person: Person) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("superuser"))
    for address in ACTIONS:
        assert call(client, address, "POST", {}, secure=True).status_code == 403, address.name


def test_each_action_needs_a_csrf_token_even_without_the_middleware(
    settings: Settings, person: Person
) -> None:
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "csrf" not in one]
    test_each_action_needs_a_csrf_token(person)


def test_actions_without_permission_are_not_offered(
    person: Person, client: Client, redis_backend: JobBackend
) -> None:
    client.force_login(person(VIEW))
    for name in ("queues", "limits", "workers", "periodic"):
        html = client.get(reverse(f"django_jobs_dashboard:{name}")).content.decode()
        assert '<form method="post"' not in html

"""No form field and no query parameter of the example site leads to an error of the server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.signing import Signer
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from django_jobs.recap.forms import RecapSettingsForm
from django_jobs.recap.unsubscribe_links import SALT
from feedback.models import Post
from tests.robustness.fuzz.scale import EXAMPLES
from tests.support.board_fixtures import (  # noqa: F401 (fixtures)
    as_user,
    board,
    make_member,
    member,
    moderator,
    post,
    site,
    tasks_from,
)

FIELDS: dict[str, tuple[str, ...]] = {
    "/": ("q", "page", "sort", "order", "status", "board"),
    "/roadmap/": ("q", "page", "sort", "status"),
    "/boards/recipes/": ("q", "page", "sort", "status"),
    "/posts/new/": ("board", "title", "text"),
    "/posts/{post}/": ("page",),
    "/posts/{post}/edit/": ("board", "title", "text"),
    "/posts/{post}/comment/": ("text",),
    "/posts/{post}/vote/": ("next", "vote"),
    "/posts/{post}/follow/": ("next", "follow"),
    "/posts/{post}/status/": ("status", "note"),
    "/posts/{post}/hide/": ("hidden",),
    "/join/": ("name", "email", "password", "next"),
    "/sign-in/": ("username", "password", "next"),
    "/profile/": ("name",),
    "/profile/picture/": ("address",),
    "/profile/notifications/": (
        *("recap-enabled", "recap-frequency", "recap-hour", "recap-time_zone"),
    ),
    "/profile/leave/": ("password",),
    "/background/": ("page", "job"),
    "/background/strip/": ("page", "job"),
    "/mails/": ("page", "q"),
    "/password/reset/": ("email",),
    "/recap/unsubscribe/{token}/": ("List-Unsubscribe",),
}
"""The pages with the names that they, or others like them, may read."""

HARD = (
    *("", " ", "\x00", "a\x00b", "\ud800", "%00", "-1", "0", "9" * 30, "9" * 5000, "1e999", "NaN"),
    *(
        "١",
        "²",
        "last",
        "null",
        "../..",
        "//evil.example",
        "javascript:alert(1)",
        "http://[",
        "<b>",
    ),
    *("http://[::1", "http://a:99999/", "x@x", "a@b.c\nBcc: d@e.f", "\r\n", "🦜" * 300),
    *("newest", "top", "trending", "planned", "Europe/Paris", "../etc/localtime", "daily", "on"),
    *("' OR 1=1 --", "{{ 7*7 }}", "%s%n", "\u202e", "x" * 100_000),
)


def hard(index: int) -> str:
    """One of the values that are known to be hard; by its number, as some are too long to show."""
    return HARD[index]


values = st.integers(0, len(HARD) - 1).map(hard) | st.text(max_size=30)
many = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A page, and values for some of its names, or for others."""
    page = draw(st.sampled_from(sorted(FIELDS)))
    names = st.sampled_from(FIELDS[page]) | st.sampled_from(["csrfmiddlewaretoken", "_method"])
    return page, draw(st.dictionaries(names, values, max_size=4))


def encoded(data: dict[str, str]) -> dict[str, bytes]:
    """The values as bytes, as browsers do not keep to characters either."""
    return {name: value.encode(errors="surrogatepass") for name, value in data.items()}


@pytest.mark.parametrize(
    "key", ["", "x", "9" * 30, "9" * 5000, "6f7d0c52-8c6c-4d5e-9b5b-0f3f6f0c9d11"]
)
@pytest.mark.usefixtures("transactional_db")
def test_a_link_from_when_users_had_another_kind_of_key_changes_nothing(key: str) -> None:
    address = f"/recap/unsubscribe/{Signer(salt=SALT).sign(key)}/"

    assert Client().post(address).status_code == 200


@many
@given(request_=requests(), token=values, strange=st.booleans())
def test_no_request_is_answered_with_an_error_of_the_server(
    request_: tuple[str, dict[str, str]],
    token: str,
    strange: bool,
    post: Post,  # noqa: F811
    member: User,  # noqa: F811
    moderator: User,  # noqa: F811
    as_user: Callable[[User], Client],  # noqa: F811
) -> None:
    cache.clear()
    page, data = request_
    key = token.encode(errors="replace").decode() if strange else str(member.pk)
    sound = Signer(salt=SALT).sign(key)
    address = page.format(post=post.pk, token=sound.replace("/", "").replace("\x00", "") or "x")
    people = filter(None, (member, moderator, post.author))
    for client in (Client(), *map(as_user, people)):
        for answer in (client.get(address, encoded(data)), client.post(address, encoded(data))):
            assert answer.status_code < 500


@many
@given(data=st.dictionaries(st.sampled_from(FIELDS["/profile/notifications/"]), values))
def test_the_form_for_recaps_takes_what_it_knows_and_refuses_the_rest(
    data: dict[str, str],
    moderator: User,  # noqa: F811
) -> None:
    form = RecapSettingsForm(data, user=moderator)
    if form.is_valid():
        form.save()
    assert str(RecapSettingsForm(user=moderator))


@pytest.fixture(autouse=True)
def _jobs_wait(settings: Any, redis_url: str, site: None) -> None:  # noqa: F811
    """The site with the backend that has recaps, and without a worker: no picture is fetched."""
    settings.TASKS = tasks_from(JOB_BACKEND="redis", REDIS_URL=redis_url)

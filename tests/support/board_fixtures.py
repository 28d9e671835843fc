"""A small board of the example site, with people on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import environ
import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Profile
from django_jobs.conf import tasks_from_env
from example.recap_settings import recap_settings
from feedback.models import Board, Post, Status


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    """The site as it is, with jobs that run at once where a test says nothing else."""
    settings.TASKS = tasks_from(JOB_BACKEND="inline")
    settings.JOB_RECAP = recap_settings(environ.Env(), site_url=settings.SITE_URL)
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    cache.clear()
    mail.outbox = []


@pytest.fixture
def make_member(transactional_db: None) -> Callable[..., User]:
    """Creates members: `make_member("Ines")`."""

    def make(name: str, **fields: Any) -> User:
        email = f"{name.lower()}@example.com"
        user = User.objects.create_user(email, email, PASSWORD, **fields)
        Profile.objects.create(user=user, name=name)
        return user

    return make


@pytest.fixture
def member(make_member: Callable[..., User]) -> User:
    """Somebody with an account."""
    return make_member("Tom")


@pytest.fixture
def moderator(make_member: Callable[..., User]) -> User:
    """Somebody who looks after the board."""
    group = Group.objects.create(name="Moderators")
    group.permissions.add(Permission.objects.get(codename="moderate"))
    user = make_member("Mara", is_staff=True)
    user.groups.add(group)
    return user


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    """Opens a browser in which somebody is signed in."""

    def open_as(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return open_as


@pytest.fixture
def board(transactional_db: None) -> Board:
    """A board with a status to give."""
    Status.objects.create(name="Planned", slug="planned", colour="blue", on_roadmap=True)
    return Board.objects.create(name="Recipes", slug="recipes")


@pytest.fixture
def post(board: Board, make_member: Callable[..., User]) -> Post:
    """A post by Ines."""
    author = make_member("Ines")
    return Post.objects.create(board=board, author=author, title="Scale recipes", text="For seven.")


PASSWORD = "porridge with berries"


def tasks_from(**variables: str) -> dict[str, Any]:
    """The TASKS setting that some environment variables lead to."""
    env = environ.Env()
    env.ENVIRON = variables
    return tasks_from_env(env)

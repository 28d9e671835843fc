"""The recap of all moderators, which a limit keeps from flooding the mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from django_jobs.backends import RedisBackend
from django_jobs.brokers.inspection.limits import LimitInfo
from django_jobs.compat import task_backends
from django_jobs.recap.models import RecapSettings
from django_jobs.recap.tasks import enqueue_due_recaps
from django_jobs.worker.options import WorkerOptions
from django_jobs.worker.worker import Worker
from feedback.models import Post
from tests.support.board_fixtures import tasks_from
from tests.support.waiting import DEADLINE, wait_until

MODERATORS, PER_MINUTE = 40, 30


@pytest.fixture
def backend(settings: Any, redis_url: str) -> RedisBackend:
    settings.TASKS = tasks_from(JOB_BACKEND="redis", REDIS_URL=redis_url)
    backend = task_backends["default"]
    assert isinstance(backend, RedisBackend)
    return backend


@pytest.fixture
def worker(backend: RedisBackend) -> Iterator[Worker]:
    """A worker in a thread of this process."""
    worker = backend.make_worker(WorkerOptions(concurrency=2))
    worker.sign_on()
    worker.start()
    yield worker
    worker.stop(DEADLINE)


@pytest.fixture
def moderators(moderator: User, make_member: Callable[..., User]) -> list[User]:
    """Moderators whose recap is due at the same time."""
    others = [make_member(f"Mara{number}", is_staff=True) for number in range(1, MODERATORS)]
    for user in others:
        user.groups.set(moderator.groups.all())
    found = [moderator, *others]
    for user in found:
        RecapSettings.objects.create(user=user, enabled=True)
    RecapSettings.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    return found


@pytest.fixture
def news(post: Post) -> None:
    """Posts of which one at least is in the last whole day of everybody, whatever time it is."""
    for hours in (12, 24, 30):
        written = Post.objects.create(board=post.board, author=post.author, title="News")
        at = timezone.now() - timedelta(hours=hours)
        Post.objects.filter(pk=written.pk).update(created_at=at)


@pytest.mark.usefixtures("worker", "news")
def test_the_recap_of_all_moderators_does_not_flood_the_mail_server(
    moderators: list[User], backend: RedisBackend
) -> None:
    def limits() -> tuple[LimitInfo, ...]:
        return backend.broker.inspection.limits.all()

    assert enqueue_due_recaps.func() == MODERATORS

    wait_until(lambda: len(mail.outbox) == PER_MINUTE, lambda: f"{len(mail.outbox)} mails")
    wait_until(lambda: sum(one.waiting for one in limits()) == 10, lambda: f"{limits()}")
    (limit,) = limits()
    assert (limit.name, limit.number, limit.per) == ("recaps", PER_MINUTE, 60_000)
    assert len(mail.outbox) == PER_MINUTE

    backend.broker.inspection.limits.set_number(limit.id, MODERATORS)  # as an operator may

    wait_until(lambda: len(mail.outbox) == MODERATORS, lambda: f"{len(mail.outbox)} mails")
    assert {one.to[0] for one in mail.outbox} == {user.email for user in moderators}

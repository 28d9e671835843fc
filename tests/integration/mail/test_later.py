"""Mails become jobs: of which queue, for when, and what happens when that fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from django_jobs.backends.dummy import DummyBackend
from django_jobs.brokers.base import Broker
from django_jobs.brokers.memory import MemoryBroker
from django_jobs.compat import BaseTaskBackend, InvalidTask, task_backends
from django_jobs.errors import (
    BrokerRefused,
    BrokerUnavailable,
    PayloadTooLarge,
    QueueFull,
    UnserializableArgument,
)
from django_jobs.jobs.result import AnyJobResult
from django_jobs.mail import LaterEmailBackend, send_later, send_mail_later
from tests.integration.mail.helpers import LATER, files, message_with, simple
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

pytestmark = pytest.mark.filterwarnings("ignore:The EMAIL_.* setting is deprecated")


class FullBackend(DummyBackend):
    """A backend without room for a single job."""

    @property
    def broker(self) -> Broker:
        return MemoryBroker(max_queued=0, full_timeout=0)


@pytest.fixture(autouse=True)
def stored_only(settings: Any) -> None:
    """Jobs are kept and not run, so that a test can look at them."""
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.DummyBackend",
            "QUEUES": ["default", "mailers", "low"],
            "OPTIONS": {"max_payload": 20_000},
        }
    }
    backend().clear()


def backend() -> DummyBackend:
    kept = task_backends["default"]
    assert isinstance(kept, DummyBackend)
    return kept


def enqueued() -> list[AnyJobResult]:
    return backend().results


def subjects() -> list[str]:
    return [result.args[0]["subject"] for result in enqueued()]


def test_send_mail_later_takes_what_send_mail_takes(settings: Any) -> None:
    settings.DEFAULT_FROM_EMAIL = "site@example.com"
    result = send_mail_later("Hi", "Text", None, ["b@example.com"], html_message="<p>Text</p>")
    assert result is not None
    payload, using = result.args
    assert payload["from_email"] == "site@example.com"
    assert (payload["subject"], payload["body"]) == ("Hi", "Text")
    assert payload["to"] == ["b@example.com"]
    [alternative] = payload["alternatives"]
    assert alternative["mimetype"] == "text/html"
    assert using is None
    assert [each.id for each in enqueued()] == [result.id]


def test_a_mail_waits_in_the_queue_for_mails_by_default() -> None:
    first = send_mail_later("Hi", "Text", None, ["b@example.com"])
    second = send_later(simple(), queue_name="low", priority=-5)
    assert first is not None
    assert second is not None
    assert (first.task.queue_name, first.task.priority) == ("mailers", 0)
    assert (second.task.queue_name, second.task.priority) == ("low", -5)


def test_a_queue_that_the_site_does_not_have_is_an_error() -> None:
    with pytest.raises(InvalidTask, match="nowhere"):
        send_later(simple(), queue_name="nowhere")


def test_a_mail_may_be_for_an_instant_or_a_while_from_now() -> None:
    instant = datetime(2030, 1, 1, 8, tzinfo=UTC)
    first = send_later(simple(), run_after=instant)
    second = send_mail_later("Hi", "Text", None, ["b@example.com"], run_after=timedelta(hours=2))
    assert first is not None
    assert second is not None
    assert first.task.run_after == instant
    assert second.task.run_after is not None
    wait = second.task.run_after - timezone.now()
    assert timedelta(hours=1, minutes=59) < wait <= timedelta(hours=2)


def test_files_are_kept_as_long_as_a_mail_of_the_future_may_need_them(media: Path) -> None:
    send_later(message_with(30_000), run_after=datetime(2030, 1, 1, 8, tzinfo=UTC))
    [path] = files(media)
    assert path.parts[:3] == ("django_jobs", "mail", "2030-07-30")


def test_without_recipients_there_is_no_job() -> None:
    assert send_mail_later("Hi", "Text", None, []) is None
    assert send_later(EmailMessage("Hi", "Text", "a@example.com", bcc=[])) is None
    assert enqueued() == []


def test_a_hidden_recipient_is_one() -> None:
    assert send_later(EmailMessage("Hi", "Text", "a@example.com", bcc=["b@example.com"]))


@pytest.mark.django_db(transaction=True)
def test_a_mail_waits_for_the_commit_and_a_rollback_sends_none() -> None:
    with transaction.atomic():
        send_mail_later("rolled back", "Text", None, ["b@example.com"])
        transaction.set_rollback(True)
    with transaction.atomic():
        send_mail_later("committed", "Text", None, ["b@example.com"])
        assert subjects() == []
    assert subjects() == ["committed"]


def test_a_mail_too_large_without_attachments_leaves_no_file(media: Path) -> None:
    with pytest.raises(PayloadTooLarge, match="max_payload"):
        send_later(message_with(30_000, body="x" * 30_000))
    assert (files(media), enqueued()) == ([], [])


def test_files_of_a_mail_that_was_not_enqueued_are_removed(media: Path, settings: Any) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "tests.integration.mail.test_later.FullBackend",
            "QUEUES": ["mailers", "default"],
            "OPTIONS": {"max_payload": 20_000},
        }
    }
    with pytest.raises(QueueFull):
        send_later(message_with(30_000))
    assert files(media) == []


def test_files_stay_if_the_job_may_have_been_enqueued(media: Path, settings: Any) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.RedisBackend",
            "QUEUES": ["mailers", "default"],
            "OPTIONS": {"url": f"redis://127.0.0.1:{free_port()}/0", "max_payload": 20_000},
        }
    }
    with pytest.raises(BrokerUnavailable):
        send_later(message_with(30_000))
    assert len(files(media)) == 1


def test_files_stay_where_redis_refuses_as_part_of_the_mails_may_be_enqueued(
    media: Path, settings: Any, redis_server_factory: Callable[..., RedisServer]
) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.RedisBackend",
            "QUEUES": ["mailers", "default"],
            "OPTIONS": {"url": redis_server_factory("maxmemory 1").url, "max_payload": 20_000},
        }
    }
    with pytest.raises(BrokerRefused, match="is full"):
        send_later(message_with(30_000))
    assert len(files(media)) == 1


def test_with_other_backends_a_mail_is_stored_whole(media: Path, settings: Any) -> None:
    package = BaseTaskBackend.__module__.partition(".backends")[0]
    settings.TASKS = {
        "default": {
            "BACKEND": f"{package}.backends.dummy.DummyBackend",
            "QUEUES": ["mailers", "default"],
        }
    }
    result = send_later(message_with(900_000))
    assert result is not None
    assert files(media) == []
    [attachment] = result.args[0]["attachments"]
    assert len(attachment["content"]["data"]) > 900_000


def test_the_site_sends_later_through_email_backend(settings: Any) -> None:
    settings.EMAIL_BACKEND = LATER
    assert mail.send_mail("Hi", "Text", None, ["b@example.com"]) == 1
    assert simple("second").send() == 1
    assert subjects() == ["Hi", "second"]
    assert [result.args[1] for result in enqueued()] == [None, None]


@pytest.mark.skipif(not hasattr(mail, "mailers"), reason="MAILERS came with Django 6.1")
def test_the_site_sends_later_through_mailers(settings: Any) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": LATER, "OPTIONS": {"using": "smtp"}},
        "smtp": {"OPTIONS": {"host": "example.com"}},
    }
    assert mail.send_mail("Hi", "Text", None, ["b@example.com"]) == 1
    assert simple("second").send(using="default") == 1
    send_later(simple("third"), using="smtp")
    assert [result.args[1] for result in enqueued()] == ["smtp"] * 3


def test_each_message_is_a_job_and_those_for_nobody_are_not_counted() -> None:
    nobody = EmailMessage("nobody", "Text", "a@example.com", [])
    messages = [simple("one"), nobody, EmailMultiAlternatives("two", to=["b@example.com"])]
    assert LaterEmailBackend().send_messages(iter(messages)) == 2
    assert subjects() == ["one", "two"]
    assert LaterEmailBackend().send_messages([]) == 0


def test_one_bad_message_is_refused_before_any_is_enqueued() -> None:
    bad = simple("two\nlines")
    for backend in (LaterEmailBackend(), LaterEmailBackend(fail_silently=True)):
        with pytest.raises(ValueError, match=r"newline|linefeed|header"):
            backend.send_messages([simple("one"), bad, simple("three")])
    assert enqueued() == []


def test_an_attribute_that_is_no_data_is_refused_before_any_is_enqueued() -> None:
    bad = simple("two")
    bad.tracker = object()  # type: ignore[attr-defined]
    with pytest.raises(UnserializableArgument, match=r"message\.tracker"):
        LaterEmailBackend().send_messages([simple("one"), bad])
    assert enqueued() == []


def test_more_mails_than_one_round_trip_takes_all_become_jobs() -> None:
    messages = [simple(str(number)) for number in range(1001)]
    assert LaterEmailBackend().send_messages(messages) == 1001
    assert len(enqueued()) == 1001


def test_failing_silently_is_logged(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.TASKS = {
        "default": {
            "BACKEND": "tests.integration.mail.test_later.FullBackend",
            "QUEUES": ["mailers"],
        }
    }
    with pytest.raises(QueueFull):
        LaterEmailBackend().send_messages([simple()])
    assert LaterEmailBackend(fail_silently=True).send_messages([simple()]) == 0
    assert "Could not enqueue 1 email(s)" in caplog.text

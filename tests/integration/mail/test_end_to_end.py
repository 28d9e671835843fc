"""From `send_later` through a worker to a mail server."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from django_jobs import Retry, send_mail_later
from django_jobs.compat import TaskResult, TaskResultStatus, default_task_backend
from django_jobs.mail import send_later
from tests.integration.mail.helpers import (
    LATER,
    SMTP,
    WAYS,
    Configure,
    files,
    full_message,
    message_with,
    simple,
    without_boundaries,
)
from tests.support.mail_server import MailServer
from tests.support.ports import HOST
from tests.support.waiting import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:The EMAIL_.* setting is deprecated")


@pytest.fixture(autouse=True)
def worker(settings: Any) -> None:
    """The thread pool of this process, which tries again at once."""
    settings.TASKS = {
        "default": {
            "BACKEND": "django_jobs.backends.ThreadPoolBackend",
            "QUEUES": ["default", "mailers"],
            "OPTIONS": {"retry": Retry(attempts=5, wait=0.05), "max_payload": 20_000},
        }
    }


def ended(result: TaskResult[Any, Any] | None) -> TaskResult[Any, Any]:
    """Wait until a job has ended, and return it."""
    assert result is not None

    def is_finished() -> bool:
        result.refresh()
        return result.is_finished

    wait_until(is_finished, lambda: f"still {result.status}")
    return result


def lines(content: bytes | str | None) -> list[bytes]:
    return without_boundaries(content).splitlines()


def test_a_mail_reaches_the_server(site: str, mail_server: MailServer) -> None:
    result = ended(send_mail_later("Hi", "Text", "a@example.com", ["b@example.com"]))
    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 1)
    [envelope] = mail_server.received
    assert envelope.rcpt_tos == ["b@example.com"]


def test_a_temporary_refusal_is_retried_with_the_same_mail(
    site: str, mail_server: MailServer
) -> None:
    mail_server.data_answers.extend(["451 Later", "421 Busy"])
    result = ended(send_later(simple()))
    assert (result.status, result.attempts) == (TaskResultStatus.SUCCESSFUL, 3)
    [envelope] = mail_server.received
    sent = message_from_bytes(without_boundaries(envelope.content))
    assert sent["Message-ID"] == result.args[0]["headers"]["Message-ID"]
    assert sent["Date"] == result.args[0]["headers"]["Date"]


def test_a_permanent_refusal_is_dead_immediately(site: str, mail_server: MailServer) -> None:
    mail_server.data_answers.append("550 5.7.1 Not here")
    result = ended(send_later(simple()))
    assert (result.status, result.attempts) == (TaskResultStatus.FAILED, 1)
    assert "550 5.7.1 Not here" in result.errors[0].traceback
    assert mail_server.received == []


def test_a_server_that_comes_back_gets_the_mail(
    site: str, mail_server: MailServer, settings: Any
) -> None:
    mail_server.stop()
    settings.TASKS["default"]["OPTIONS"]["retry"] = Retry(attempts=200, wait=0.05)
    result = send_later(simple())
    assert result is not None

    def has_failed() -> bool:
        result.refresh()
        return bool(result.errors)

    wait_until(has_failed, "the first failure")
    mail_server.start()
    assert ended(result).status == TaskResultStatus.SUCCESSFUL
    assert len(mail_server.received) == 1


@pytest.fixture(params=WAYS)
def later_site(
    request: pytest.FixtureRequest, settings: Any, configure: Configure, mail_server: MailServer
) -> str:
    """A site all of whose mail is sent later."""
    if request.param == "settings":
        configure("settings", mail_server, backend=LATER)
        return "settings"
    smtp = {"BACKEND": SMTP, "OPTIONS": {"host": HOST, "port": mail_server.port}}
    later = {"BACKEND": LATER, "OPTIONS": {"using": "smtp"}}
    settings.MAILERS = {"default": later, "smtp": smtp}
    return "mailers"


def test_every_mail_of_the_site_is_sent_later(later_site: str, mail_server: MailServer) -> None:
    message = full_message(attachments=[("a.bin", b"\x00\xff", "application/x-a")])
    assert message.send() == 1
    mail_server.wait_for(1)
    [envelope] = mail_server.received
    assert lines(envelope.content) == lines(message.message().as_bytes())


def test_a_message_sent_later_explicitly_is_enqueued_once(
    later_site: str, mail_server: MailServer
) -> None:
    assert ended(send_later(simple())).status == TaskResultStatus.SUCCESSFUL
    assert len(mail_server.received) == 1


def test_large_attachments_arrive_and_their_files_go(
    site: str, mail_server: MailServer, media: Path
) -> None:
    result = send_later(message_with(30_000, 10, 40_000))
    assert ended(result).status == TaskResultStatus.SUCCESSFUL
    [envelope] = mail_server.received
    parts = message_from_bytes(without_boundaries(envelope.content)).walk()
    assert [len(part.get_payload(decode=True)) for part in parts if part.get_filename()] == [
        *(30_000, 10, 40_000)
    ]
    assert files(media) == []


def test_the_files_of_a_dead_mail_stay_for_a_retry_by_an_operator(
    site: str, mail_server: MailServer, media: Path
) -> None:
    mail_server.data_answers.append("550 Not today")
    result = ended(send_later(message_with(30_000)))
    assert result.status == TaskResultStatus.FAILED
    assert len(files(media)) == 1
    backend: Any = default_task_backend
    backend.broker.inspection.retry(result.id)
    mail_server.wait_for(1)
    result.refresh()
    assert ended(result).status == TaskResultStatus.SUCCESSFUL
    assert files(media) == []


@pytest.mark.skipif(not hasattr(mail, "mailers"), reason="MAILERS came with Django 6.1")
def test_a_mail_goes_through_the_mailer_it_was_given_to(
    settings: Any, mail_server: MailServer
) -> None:
    settings.MAILERS = {
        "default": {"BACKEND": SMTP, "OPTIONS": {"host": HOST, "port": 1}},
        "other": {"BACKEND": SMTP, "OPTIONS": {"host": HOST, "port": mail_server.port}},
    }
    assert ended(send_later(simple(), using="other")).status == TaskResultStatus.SUCCESSFUL
    assert len(mail_server.received) == 1

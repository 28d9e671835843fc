"""The task sends what Django itself would have sent, and tells final refusals from others."""

from __future__ import annotations

import smtplib
from email import message_from_bytes
from typing import Any

import pytest
from django.core import mail

from django_jobs.errors import BrokenPayload, Fail
from django_jobs.mail.codec import encode
from django_jobs.mail.tasks import deliver
from tests.integration.mail.helpers import (
    LATER,
    PNG,
    SMTP,
    Configure,
    fixed,
    full_message,
    inline_image,
    simple,
    without_boundaries,
)
from tests.support.mail_server import MailServer

pytestmark = [
    pytest.mark.filterwarnings("ignore:The EMAIL_.* setting is deprecated"),
    pytest.mark.filterwarnings("ignore:MIMEBase attachments are deprecated"),
]


def test_the_server_gets_the_bytes_that_django_would_have_sent(
    site: str, mail_server: MailServer
) -> None:
    attachments = [inline_image(), ("Übersicht.png", PNG, "image/png"), ("a.txt", "ä", None)]
    message = full_message(attachments=attachments)
    payload = encode(message)
    assert message.send() == 1
    assert deliver.call(payload) == 1
    direct, later = mail_server.received
    assert without_boundaries(later.content) == without_boundaries(direct.content)
    assert later.mail_from == direct.mail_from == "joerg@example.com"
    assert later.rcpt_tos == direct.rcpt_tos
    assert "hidden@example.com" in later.rcpt_tos
    assert b"hidden@example.com" not in without_boundaries(later.content)


def test_a_temporary_refusal_is_raised_and_the_next_attempt_sends_the_same_mail(
    site: str, mail_server: MailServer
) -> None:
    payload = encode(simple())
    mail_server.data_answers.append("451 4.3.0 Greylisted, come back")
    with pytest.raises(smtplib.SMTPDataError, match="Greylisted"):
        deliver.call(payload)
    deliver.call(payload)
    deliver.call(payload)
    ids = {message_from_bytes(each.content)["Message-ID"] for each in mail_server.received}  # type: ignore[arg-type]
    assert ids == {payload["headers"]["Message-ID"]}


def test_a_permanent_refusal_fails_with_the_servers_reply(
    site: str, mail_server: MailServer
) -> None:
    mail_server.data_answers.append("554 5.7.1 Looks like spam")
    with pytest.raises(Fail, match=r"refused the email: 554 5\.7\.1 Looks like spam"):
        deliver.call(encode(simple()))


def test_a_recipient_unknown_for_good_fails_with_the_address(
    site: str, mail_server: MailServer
) -> None:
    mail_server.recipient_answers["gone@example.com"] = "550 5.1.1 No such user"
    with pytest.raises(Fail, match=r"gone@example\.com: 550 5\.1\.1 No such user"):
        deliver.call(encode(simple(to="gone@example.com")))


def test_while_one_recipient_may_still_be_accepted_the_mail_is_tried_again(
    site: str, mail_server: MailServer
) -> None:
    mail_server.recipient_answers = {"gone@example.com": "550 Gone", "busy@example.com": "450 Busy"}
    payload = encode(simple(to="gone@example.com", cc=["busy@example.com"]))
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver.call(payload)


def test_a_mail_that_some_recipients_get_is_sent(site: str, mail_server: MailServer) -> None:
    mail_server.recipient_answers["gone@example.com"] = "550 Gone"
    assert deliver.call(encode(simple(to="gone@example.com", cc=["here@example.com"]))) == 1
    assert [each.rcpt_tos for each in mail_server.received] == [["here@example.com"]]


def test_no_server_is_an_ordinary_error(site: str, closed_port: None) -> None:
    with pytest.raises(ConnectionRefusedError):
        deliver.call(encode(simple()))


no_tls = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def locked_server() -> Any:
    server = MailServer(password="right")
    server.start()
    yield server
    server.stop()


@no_tls
def test_a_wrong_password_loses_no_mail(locked_server: MailServer, configure: Configure) -> None:
    way = "mailers" if hasattr(mail, "mailers") else "settings"
    configure(way, locked_server, username="site", password="wrong")
    with pytest.raises(smtplib.SMTPAuthenticationError):
        deliver.call(encode(simple()))
    configure(way, locked_server, username="site", password="right")
    assert deliver.call(encode(simple())) == 1


@no_tls
def test_a_forgotten_login_loses_no_mail(locked_server: MailServer, configure: Configure) -> None:
    configure("mailers" if hasattr(mail, "mailers") else "settings", locked_server)
    with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
        deliver.call(encode(simple()))


def test_a_server_without_tls_loses_no_mail(mail_server: MailServer, settings: Any) -> None:
    settings.EMAIL_BACKEND = SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
    settings.EMAIL_USE_TLS = True
    with pytest.raises(smtplib.SMTPNotSupportedError):
        deliver.call(encode(simple()))


def test_a_sent_mail_is_not_sent_again_when_closing_fails(
    site: str, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.goodbye = "221 " + "x" * 10_000
    assert deliver.call(encode(simple())) == 1
    assert "Could not close" in caplog.text


def test_the_backend_behind_the_later_one_sends(settings: Any, mail_server: MailServer) -> None:
    settings.EMAIL_BACKEND = LATER
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mail_server.port
    deliver.call(encode(simple()))
    assert len(mail_server.received) == 1


def test_job_email_backend_names_the_backend_that_sends(settings: Any) -> None:
    settings.EMAIL_BACKEND = LATER
    settings.JOB_EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    deliver.call(encode(simple(headers=fixed())))
    assert [message.subject for message in mail.outbox] == ["Hi"]


@pytest.mark.parametrize("payload", [{}, {"attachments": []}, "text"])
def test_a_payload_not_made_by_encode_is_refused(payload: Any) -> None:
    with pytest.raises(BrokenPayload, match="not an email stored by django_jobs"):
        deliver.call(payload)

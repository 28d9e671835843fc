"""A refusal is final if the server would repeat it for the same mail under any settings."""

from __future__ import annotations

import smtplib

import pytest

from django_jobs.mail.smtp_errors import is_permanent, reply_text


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (smtplib.SMTPDataError(550, b"spam"), True),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(553, b"bad sender", "a@example.com"), True),
        (smtplib.SMTPSenderRefused(421, b"busy", "a@example.com"), False),
        (smtplib.SMTPSenderRefused(530, b"log in first", "a@example.com"), False),
        (smtplib.SMTPRecipientsRefused({"b@x": (550, b"gone"), "c@x": (554, b"no")}), True),
        (smtplib.SMTPRecipientsRefused({"b@x": (550, b"gone"), "c@x": (450, b"busy")}), False),
        (smtplib.SMTPAuthenticationError(535, b"wrong password"), False),
        (smtplib.SMTPConnectError(554, b"no service for you"), False),
        (smtplib.SMTPHeloError(550, b"who are you"), False),
        (smtplib.SMTPResponseException(-1, b""), False),
        (smtplib.SMTPNotSupportedError("no SMTPUTF8"), True),
        (smtplib.SMTPServerDisconnected("gone"), False),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_permanent_errors_are_distinguished_from_others(
    error: smtplib.SMTPException, final: bool
) -> None:
    assert is_permanent(error) is final


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (smtplib.SMTPDataError(550, "schon böse".encode()), "550 schon böse"),
        (smtplib.SMTPDataError(550, b"\xff"), "550 \N{REPLACEMENT CHARACTER}"),
        (smtplib.SMTPDataError(550, "text already"), "550 text already"),
        (smtplib.SMTPRecipientsRefused({"b@x": (550, b"gone")}), "b@x: 550 gone"),
        (smtplib.SMTPNotSupportedError("no SMTPUTF8"), "no SMTPUTF8"),
    ],
)
def test_the_servers_reply_is_kept(error: smtplib.SMTPException, text: str) -> None:
    assert reply_text(error) == text

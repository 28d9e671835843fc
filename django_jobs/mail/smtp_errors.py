"""Decides which errors of a mail server are permanent."""

from __future__ import annotations

from smtplib import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

ABOUT_THE_SERVER = (SMTPAuthenticationError, SMTPConnectError, SMTPHeloError)
"""Errors that do not concern the email, such as a wrong password. They are retried."""

ABOUT_THE_LOGIN = frozenset({530, 534, 535, 538})
"""Reply codes of RFC 4954, which a server may also send in reply to MAIL and RCPT."""


def is_permanent(error: SMTPException) -> bool:
    """Return whether the server would refuse the same email on every attempt."""
    match error:
        case SMTPRecipientsRefused():
            return all(_is_permanent_code(code) for code, _ in error.recipients.values())
        case SMTPResponseException():
            return _is_permanent_code(error.smtp_code) and not isinstance(error, ABOUT_THE_SERVER)
    return isinstance(error, SMTPNotSupportedError)


def reply_text(error: SMTPException) -> str:
    """Return the reply of the server as text."""
    match error:
        case SMTPRecipientsRefused():
            return "; ".join(
                f"{address}: {code} {_text(answer)}"
                for address, (code, answer) in error.recipients.items()
            )
        case SMTPResponseException():
            return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error)


def _is_permanent_code(code: int) -> bool:
    return 500 <= code < 600 and code not in ABOUT_THE_LOGIN


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer

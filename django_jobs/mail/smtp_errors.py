"""Which answers of a mail server are final."""

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
"""They say nothing of the mail, which must not be lost by a wrong password: they are retried."""

ABOUT_THE_LOGIN = frozenset({530, 534, 535, 538})
"""Answers of RFC 4954 that a server may also give to MAIL and RCPT."""


def is_permanent(error: SMTPException) -> bool:
    """Tell whether a server would refuse the same mail again whenever it is sent."""
    match error:
        case SMTPRecipientsRefused():
            return all(_is_permanent_code(code) for code, _ in error.recipients.values())
        case SMTPResponseException():
            return _is_permanent_code(error.smtp_code) and not isinstance(error, ABOUT_THE_SERVER)
    return isinstance(error, SMTPNotSupportedError)


def reply_text(error: SMTPException) -> str:
    """Return what the server said, for whoever reads why the mail was not sent."""
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

"""An email message as JSON, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from email.message import Message
from inspect import getattr_static
from typing import Any, TypedDict

from django.core.mail import (
    EmailAlternative,
    EmailAttachment,
    EmailMessage,
    EmailMultiAlternatives,
)
from django.utils.encoding import force_str
from django.utils.functional import Promise

from django_jobs.errors import BrokenPayload, UnserializableArgument
from django_jobs.mail.content import AnyMessage, Content, pack, unpack
from django_jobs.serialization.encode import to_json_tree
from django_jobs.serialization.room import Room

FIXED_HEADERS = ("Date", "Message-ID")
"""Set when the email is enqueued, so that every attempt sends the same email."""

SAFE_OVERRIDES = frozenset(
    {"attach", "attach_file", "attach_alternative", "body_contains", "get_connection", "send"}
)
"""Methods of Django's classes that do not change how a message is built."""

NOT_KEPT = frozenset({"connection", "anymail_status"})
"""An open connection, which cannot be stored, and Anymail's report after sending."""

ADDRESS_FIELDS = ("to", "cc", "bcc", "reply_to")
FIELDS = NOT_KEPT | {
    *ADDRESS_FIELDS,
    *("subject", "body", "from_email", "extra_headers", "attachments", "alternatives"),
}


class Part(TypedDict):
    """An attachment or alternative. A whole MIME part has neither file name nor type here."""

    filename: str | None
    mimetype: str | None
    content: Content


class Payload(TypedDict):
    """A message as the argument of a job.

    Attributes:
        headers: the extra headers, with Date and Message-ID.
        attributes: attributes of the message that Django's class does not have.
        alternatives: None for an `EmailMessage`.
    """

    subject: str
    body: str
    from_email: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    reply_to: list[str]
    headers: dict[str, str]
    attributes: dict[str, Any]
    alternatives: list[Part] | None
    attachments: list[Part]


def encode(message: EmailMessage) -> Payload:
    """Return a message as JSON. The message is not modified.

    Raises:
        ValueError: Django refuses to build the message, for example for a line break in a header.
        UnserializableArgument: an attribute cannot be stored as JSON, or the class of the message
            overrides methods that build it.
    """
    _refuse_own_methods(message)
    built = message.message()
    alternatives = getattr(message, "alternatives", None)
    return {
        "subject": str(message.subject),
        "body": force_str(message.body or "", errors="surrogateescape"),
        "from_email": str(message.from_email),
        "to": _addresses(message.to),
        "cc": _addresses(message.cc),
        "bcc": _addresses(message.bcc),
        "reply_to": _addresses(message.reply_to),
        "headers": _headers(message.extra_headers, built),
        "attributes": _attributes(message),
        "alternatives": None if alternatives is None else list(map(_alternative, alternatives)),
        "attachments": list(map(_attachment, message.attachments)),
    }


def decode(payload: Payload, read: Callable[[Content], Content]) -> EmailMessage:
    """Return the message that was passed to `encode`, as an instance of Django's class.

    Args:
        read: returns the content of an attachment with its data, wherever it is stored.

    Raises:
        BrokenPayload: the payload was not made by `encode`.
    """
    try:
        return _decode(payload, read)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenPayload(
            f"This is not an email stored by django_jobs: {type(error).__name__}: {error}"
        ) from error


def _decode(payload: Payload, read: Callable[[Content], Content]) -> EmailMessage:
    message = EmailMessage() if payload["alternatives"] is None else EmailMultiAlternatives()
    if isinstance(message, EmailMultiAlternatives):
        message.alternatives = [
            EmailAlternative(unpack(part["content"]), part["mimetype"])  # type: ignore[arg-type]
            for part in payload["alternatives"] or ()
        ]
    message.subject = payload["subject"]
    message.body = payload["body"]
    message.from_email = payload["from_email"]
    for field in ADDRESS_FIELDS:
        setattr(message, field, list(payload[field]))  # type: ignore[literal-required]
    message.extra_headers = dict(payload["headers"])
    # Not by `attach()`, which would guess types from contents and file names again.
    message.attachments = [
        _unpacked(part, read(part["content"])) for part in payload["attachments"]
    ]
    for name, value in payload["attributes"].items():
        setattr(message, name, value)
    return message


def _unpacked(part: Part, content: Content) -> Any:
    value = unpack(content)
    if part["mimetype"] is None:
        return value
    return EmailAttachment(part["filename"], value, part["mimetype"])


def _addresses(values: Iterable[object]) -> list[str]:
    return [str(value) for value in values if value]


def _headers(extra: Mapping[str, object], built: AnyMessage) -> dict[str, str]:
    """Return the extra headers as text; other values in the form that Django gave them."""
    headers = {}
    for name, value in extra.items():
        text: object = force_str(value, strings_only=True)
        headers[name] = str(text if isinstance(text, str) else built[name])
    given = {name.lower() for name in headers}
    missing = (name for name in FIXED_HEADERS if name.lower() not in given)
    return headers | {name: str(built[name]) for name in missing}


def _alternative(alternative: tuple[object, str]) -> Part:
    content, mimetype = alternative
    return {"filename": None, "mimetype": str(mimetype), "content": pack(content)}


def _attachment(attachment: AnyMessage | tuple[Any, ...]) -> Part:
    if isinstance(attachment, Message):
        return {"filename": None, "mimetype": None, "content": pack(attachment)}
    filename, content, mimetype = attachment
    return {
        "filename": None if filename is None else str(filename),
        "mimetype": str(mimetype),
        "content": pack(content),
    }


def _own_classes(message: EmailMessage) -> list[type]:
    """Return the classes of a message that are not Django's, base classes first."""
    django = (EmailMultiAlternatives, EmailMessage, object)
    return [each for each in reversed(type(message).__mro__) if each not in django]


def _refuse_own_methods(message: EmailMessage) -> None:
    """Raise an error for a class that overrides how a message is built: jobs store only data."""
    for each in _own_classes(message):
        for name, value in vars(each).items():
            shapes = callable(value) and hasattr(EmailMultiAlternatives, name)
            if shapes and not name.startswith("__") and name not in SAFE_OVERRIDES:
                raise UnserializableArgument(
                    f"A {type(message).__qualname__} cannot be sent later, because it overrides"
                    f" {name}() and a job stores only data. Enqueue a task of your own that builds"
                    " and sends the message."
                )


def _attributes(message: EmailMessage) -> dict[str, Any]:
    """Return the attributes that Django's class does not have, such as Anymail's `tags`."""
    values: dict[str, Any] = {}
    for each in _own_classes(message):
        values |= vars(each)
    values |= vars(message)
    kept = {
        name: _settled(value)
        for name, value in values.items()
        if name not in FIELDS and not name.startswith("_") and _is_data(message, name, value)
    }
    for name, value in kept.items():
        to_json_tree(value, (f"message.{name}",), Room())
    return kept


def _is_data(message: EmailMessage, name: str, value: object) -> bool:
    """Return whether an attribute is data, not code, a sentinel class or a cached property."""
    described = getattr_static(type(message), name, None)
    return not (
        isinstance(value, type) or hasattr(value, "__get__") or hasattr(described, "__get__")
    )


def _settled(value: Any) -> Any:
    """Return a value with lazy translations resolved in the active language."""
    match value:
        case Promise():
            return str(value)
        case Mapping():
            return {_settled(key): _settled(item) for key, item in value.items()}
        case list() | tuple():
            return [_settled(item) for item in value]
    return value

"""The content of an attachment as JSON, and back."""

from __future__ import annotations

import email
import email.message
import email.policy
from base64 import b64decode, b64encode
from email.message import Message
from email.mime.base import MIMEBase
from enum import StrEnum
from typing import NotRequired, TypeAlias, TypedDict

from django.core.mail import EmailMessage
from django.utils.encoding import force_bytes
from django.utils.functional import Promise


class Kind(StrEnum):
    """The type that Django gets for a content."""

    TEXT = "text"
    BYTES = "bytes"
    PART = "part"  # a MIMEPart of Python's modern email API
    LEGACY_PART = "legacy part"  # a MIMEBase of its legacy API


class Content(TypedDict):
    """A content that is stored in its job, or the name of the file that holds it.

    Attributes:
        kind: a `Kind`.
        data: the content, as base64 unless it is text.
        file: the name of the file in a storage, instead of `data`.
        storage: the alias of that storage in `STORAGES`.
    """

    kind: str
    data: NotRequired[str]
    file: NotRequired[str]
    storage: NotRequired[str]


AnyMessage: TypeAlias = "Message[str, str]"
AnyContent: TypeAlias = "str | bytes | AnyMessage"


class _LegacyPart(MIMEBase):
    """A parsed part that Django accepts as an attachment, because it is a MIMEBase."""

    def __init__(self, policy: email.policy.Policy = email.policy.compat32) -> None:
        Message.__init__(self, policy)


def pack(value: object) -> Content:
    """Return the content of an attachment or alternative as JSON.

    An attached message is built now, so that its Date and Message-ID stay the same.

    Args:
        value: anything Django accepts: text, bytes, a MIME part with its headers, a message.
    """
    match value:
        case str() | Promise():
            return {"kind": Kind.TEXT, "data": str(value)}
        case EmailMessage():
            return pack(value.message())
        case email.message.MIMEPart():
            return from_bytes(Kind.PART, value.as_bytes())
        case Message():
            return from_bytes(Kind.LEGACY_PART, value.as_bytes())
        case bytearray() | memoryview():
            return from_bytes(Kind.BYTES, bytes(value))
    return from_bytes(Kind.BYTES, force_bytes(value))


def unpack(content: Content) -> AnyContent:
    """Return the value that was passed to `pack`; parts keep their headers."""
    raw = to_bytes(content)
    match Kind(content["kind"]):
        case Kind.TEXT:
            return raw.decode()
        case Kind.BYTES:
            return raw
        case Kind.PART:
            return email.message_from_bytes(raw, policy=email.policy.default)
        case Kind.LEGACY_PART:
            return email.message_from_bytes(raw, _class=_LegacyPart, policy=email.policy.compat32)


def to_bytes(content: Content) -> bytes:
    """Return the bytes of a content that is not stored in a file."""
    data = content["data"]
    return data.encode() if content["kind"] == Kind.TEXT else b64decode(data, validate=True)


def from_bytes(kind: str, raw: bytes) -> Content:
    """Return a content that is stored in its job."""
    data = raw.decode() if kind == Kind.TEXT else b64encode(raw).decode()
    return {"kind": kind, "data": data}

"""A message comes back from JSON as the same mail."""

from __future__ import annotations

import email
import json
from datetime import UTC, datetime
from email.message import MIMEPart
from email.mime.base import MIMEBase
from typing import Any

import django
import pytest
from django.core.mail import EmailAttachment, EmailMessage, EmailMultiAlternatives
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy, override
from hypothesis import given
from hypothesis import strategies as st

from django_jobs.errors import BrokenPayload, UnserializableArgument
from django_jobs.mail.codec import Payload, decode, encode
from tests.integration.mail.helpers import PNG, fixed, full_message, inline_image, mime

legacy = pytest.mark.filterwarnings("ignore:MIMEBase attachments are deprecated")


def travelled(message: EmailMessage) -> EmailMessage:
    """Return a message after its way through JSON."""
    return restored(json.loads(json.dumps(encode(message))))


def restored(payload: Payload) -> EmailMessage:
    return decode(payload, lambda content: content)


def same(message: EmailMessage) -> None:
    """Check that the message comes back as the same mail, for the same people."""
    back = travelled(message)
    assert mime(back) == mime(message)
    assert back.recipients() == message.recipients()
    assert back.from_email == message.from_email
    assert back.encoding == message.encoding


def test_a_plain_message_comes_back() -> None:
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"], headers=fixed())
    same(message)
    assert type(travelled(message)) is EmailMessage


def test_alternatives_headers_and_every_kind_of_recipient_come_back() -> None:
    message = full_message()
    same(message)
    back = travelled(message)
    assert isinstance(back, EmailMultiAlternatives)
    assert back.alternatives == message.alternatives
    assert (back.to, back.cc, back.bcc) == (message.to, message.cc, message.bcc)
    assert back.body_contains("Grüße") is message.body_contains("Grüße")


@pytest.mark.parametrize(
    "attachment",
    [
        ("notes.txt", "Zeile ä\r\nzwei\n", "text/plain"),
        ("Übersicht €.pdf", b"%PDF\x00\xff", "application/pdf"),
        EmailAttachment("table.csv", "a;b", "text/csv"),
        (None, b"\x00\x01", "application/octet-stream"),
        ("odd.bin", bytearray(b"\xfe"), "application/x-odd"),
        ("latin.txt", b"\xe4 is no UTF-8", "text/plain"),
        ("old.eml", b"Subject: old\nFrom: x@example.com\n\nBody\n", "message/rfc822"),
    ],
)
def test_attached_contents_come_back(attachment: tuple[str | None, Any, str]) -> None:
    same(full_message(attachments=[attachment]))


@legacy
def test_an_inline_image_comes_back_with_its_headers() -> None:
    message = full_message(attachments=[inline_image()])
    same(message)
    [image] = travelled(message).attachments
    assert isinstance(image, MIMEBase)
    assert image["Content-ID"] == "<logo@inline>"
    assert image.get_content_disposition() == "inline"
    assert image.get_payload(decode=True) == PNG


def test_a_multipart_attachment_comes_back() -> None:
    digest = email.message_from_string(
        "Content-Type: multipart/mixed; boundary=xyz\n\n"
        "--xyz\nContent-Type: text/plain\n\nOne\n--xyz\nContent-Type: text/plain\n\nTwo\n--xyz--\n"
    )
    message = full_message()
    message.attachments.append(EmailAttachment("digest.eml", digest, "message/rfc822"))
    same(message)


def test_an_attached_message_is_built_once() -> None:
    inner = full_message(attachments=[("a.bin", b"\x00", "application/x-a")])
    del inner.extra_headers["Message-ID"], inner.extra_headers["Date"]
    message = full_message(attachments=[("inner.eml", inner, "message/rfc822")])
    back = travelled(message)
    assert mime(back) == mime(back)
    [content] = [part for part in back.message().walk() if part["Message-ID"]][1:]
    assert content["Subject"] is not None
    assert len(list(content.walk())) == len(list(inner.message().walk()))


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django 5.2 has no MIMEPart attachments")
def test_a_part_of_the_modern_email_api_comes_back() -> None:
    part = MIMEPart()
    part.set_content(PNG, maintype="image", subtype="png", disposition="inline", cid="<a@b>")
    part["X-Note"] = "schön"
    message = full_message(attachments=[part])
    same(message)
    assert travelled(message).attachments[0]["X-Note"] == "schön"


def test_subtype_and_encoding_come_back() -> None:
    message = EmailMessage("Hi", "<p>ä</p>", "a@example.com", ["b@example.com"], headers=fixed())
    message.content_subtype = "html"
    message.encoding = "iso-8859-1"
    same(message)
    assert b"iso-8859-1" in mime(travelled(message))


def test_date_and_message_id_are_fixed_once() -> None:
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"])
    payload = encode(message)
    first, second = (restored(payload).message() for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]
    assert encode(message)["headers"]["Message-ID"] != first["Message-ID"]


def test_given_date_and_message_id_are_kept_whatever_their_case() -> None:
    headers = {"message-id": "<mine@example.com>", "DATE": "Tue, 24 Nov 2026 08:00:00 +0000"}
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"], headers=headers)
    assert encode(message)["headers"] == headers


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django 5.2 writes str() of a datetime")
def test_a_date_given_as_datetime_is_kept() -> None:
    when = datetime(2026, 11, 24, 8, tzinfo=UTC)
    headers: Any = {"Date": when}
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"], headers=headers)
    assert travelled(message).message()["Date"] == "Tue, 24 Nov 2026 08:00:00 +0000"


def test_the_message_itself_is_left_as_it_was() -> None:
    message = full_message(attachments=[("a.txt", "a", "text/plain")])
    before = {name: repr(value) for name, value in vars(message).items()}
    encode(message)
    assert {name: repr(value) for name, value in vars(message).items()} == before


def test_lazy_texts_are_translated_at_once() -> None:
    message = EmailMessage(
        gettext_lazy("Yes"), gettext_lazy("No"), "a@example.com", ["b@example.com"]
    )
    message.metadata = {"answer": [gettext_lazy("Yes")]}  # type: ignore[attr-defined]
    with override("de"):
        payload = encode(message)
    back = restored(payload)
    assert (back.subject, back.body) == ("Ja", "Nein")
    assert back.metadata == {"answer": ["Ja"]}  # type: ignore[attr-defined]


@pytest.mark.parametrize("field", ["subject", "from_email", "header", "to"])
def test_a_line_break_in_a_header_is_refused(field: str) -> None:
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"])
    evil = "a@example.com\nBcc: everybody@example.com"
    match field:
        case "header":
            message.extra_headers["X-Note"] = evil
        case "to":
            message.to = [evil]
        case _:
            setattr(message, field, evil)
    with pytest.raises(ValueError, match=r"newline|linefeed|header"):
        encode(message)


def test_provider_attributes_come_back() -> None:
    message = full_message()
    attributes = {
        "tags": ["news", "weekly"],
        "metadata": {"user": 7},
        "esp_extra": {"options": {"sandbox": True}},
        "template_id": "welcome",
        "merge_data": {"bob@example.com": {"name": "Bob"}},
        "track_opens": False,
    }
    vars(message).update(attributes)
    back = travelled(message)
    assert {name: getattr(back, name) for name in attributes} == attributes


def test_a_date_among_the_attributes_stays_a_date() -> None:
    message = full_message()
    message.send_at = datetime(2026, 11, 24, tzinfo=UTC)  # type: ignore[attr-defined]
    assert encode(message)["attributes"]["send_at"] == datetime(2026, 11, 24, tzinfo=UTC)


def test_an_attribute_that_is_no_data_is_refused_by_name() -> None:
    message = full_message()
    message.tracker = object()  # type: ignore[attr-defined]
    with pytest.raises(UnserializableArgument, match=r"message\.tracker \(object\)"):
        encode(message)


UNSET = type("UNSET", (), {})


class ProviderMessage(EmailMultiAlternatives):
    """As providers' packages write them: data, defaults that are sentinels, helpers."""

    content_subtype = "html"
    tags = ("from the class",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.esp_extra = kwargs.pop("esp_extra", UNSET)
        self.anymail_status = object()
        super().__init__(*args, **kwargs)

    @cached_property
    def renderer(self) -> object:
        return object()

    def attach_logo(self) -> None:
        self.attach("logo.png", PNG, "image/png")

    def send(self, *args: Any, **kwargs: Any) -> int:
        return super().send(*args, **kwargs)


def test_a_class_that_adds_data_comes_back_as_djangos_class_with_the_data() -> None:
    message = ProviderMessage("Hi", "<b>x</b>", "a@example.com", ["b@example.com"], headers=fixed())
    message.attach_logo()
    assert message.renderer
    back = travelled(message)
    assert type(back) is EmailMultiAlternatives
    assert mime(back) == mime(message)
    assert back.tags == ["from the class"]  # type: ignore[attr-defined]
    assert not {"esp_extra", "anymail_status", "renderer"} & set(vars(back))


class SignedMessage(EmailMessage):
    def message(self, **kwargs: Any) -> Any:
        built = super().message(**kwargs)
        built["X-Signature"] = "secret"
        return built


def test_a_class_that_builds_its_mail_itself_is_refused() -> None:
    message = SignedMessage("Hi", "Text", "a@example.com", ["b@example.com"])
    with pytest.raises(UnserializableArgument, match=r"SignedMessage .* message\(\)"):
        encode(message)


@pytest.mark.parametrize("change", [{"attachments": None}, {"alternatives": 3}, {"subject": ...}])
def test_a_payload_that_is_not_a_mail_is_refused(change: dict[str, Any]) -> None:
    payload: Any = encode(full_message()) | change
    if payload["subject"] is ...:
        del payload["subject"]
    with pytest.raises(BrokenPayload, match="not an email stored by django_jobs"):
        restored(payload)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200)


@given(
    subject=texts,
    body=st.text(st.characters(exclude_categories=["Cs"]), max_size=500),
    name=texts,
    content=st.binary(max_size=300),
)
def test_any_text_and_any_bytes_come_back(
    subject: str, body: str, name: str, content: bytes
) -> None:
    message = EmailMessage(subject, body, "a@example.com", ["b@example.com"], headers=fixed())
    message.attachments.append(EmailAttachment(name, content, "application/x-any"))
    back = travelled(message)
    assert (back.subject, back.body) == (subject, body)
    [attachment] = back.attachments
    assert attachment.content == content
    assert mime(back) == mime(message)

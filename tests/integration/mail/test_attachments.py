"""Attachments too large for a job wait in the default storage, and no longer than needed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.core.mail import EmailMessage

from django_jobs.errors import BrokenPayload, Fail
from django_jobs.mail import clean_attachments, send_later
from django_jobs.mail.attachments import fit, read, remove
from django_jobs.mail.codec import Payload, decode, encode
from django_jobs.serialization.arguments import dump_arguments
from django_jobs.testing import override_backend
from tests.integration.mail.helpers import files, message_with

DUE = date(2026, 11, 24)
LAST_DAY = "2027-06-22"
LIMIT = 10_000


def fitted(*sizes: int, body: str = "Text") -> Payload:
    return fit(encode(message_with(*sizes, body=body)), LIMIT, DUE)


def test_a_mail_that_fits_stores_nothing(media: Path) -> None:
    assert all("data" in part["content"] for part in fitted(1000, 1000)["attachments"])
    assert files(media) == []


def test_the_largest_attachments_go_to_files_until_the_mail_fits(media: Path) -> None:
    payload = fitted(3000, 6000, 100, 6000)
    assert ["file" in part["content"] for part in payload["attachments"]] == [
        *(False, True, False, True)
    ]
    assert len(dump_arguments((payload, "some mailer"), {}).encode()) <= LIMIT


def test_files_have_names_of_our_own_with_the_last_day_they_may_be_needed(media: Path) -> None:
    fitted(20_000, 30_000)
    found = files(media)
    assert [path.name for path in found] == ["0", "1"]
    [folder] = {path.parent for path in found}
    assert folder.parent == Path("django_jobs/mail") / LAST_DAY
    assert len(folder.name) == 32


@pytest.mark.parametrize(
    "attachment",
    [
        ("a.txt", "ä\r\n" * 9000, "text/plain"),
        ("a.bin", b"\x00\xff" * 9000, "application/x-a"),
        ("a.eml", message_with(9000), "message/rfc822"),
    ],
)
def test_what_is_read_from_a_file_is_what_was_attached(media: Path, attachment: Any) -> None:
    message = EmailMessage("Hi", "Text", "a@example.com", ["b@example.com"])
    message.attach(*attachment)
    payload = encode(message)
    smaller = fit(payload, LIMIT, DUE)
    assert "file" in smaller["attachments"][0]["content"]
    back, whole = decode(smaller, read).attachments[0], decode(payload, read).attachments[0]
    if attachment[2] == "message/rfc822":
        assert back.content.as_bytes() == whole.content.as_bytes()
    else:
        assert back == whole == message.attachments[0]


def test_a_mail_too_large_even_without_attachments_stores_nothing(media: Path) -> None:
    payload = fitted(20_000, body="x" * 20_000)
    assert "data" in payload["attachments"][0]["content"]
    assert files(media) == []


def test_the_files_of_a_sent_mail_are_removed_with_their_directory(media: Path) -> None:
    first, second = fitted(20_000, 30_000), fitted(20_000)
    remove(first)
    assert len(files(media)) == 1
    assert read(second["attachments"][0]["content"])["data"]
    remove(second)
    assert list(media.iterdir()) == []


def test_processes_that_store_and_remove_at_the_same_time_do_not_meet(media: Path) -> None:
    def send(_: int) -> None:
        for _ in range(40):
            remove(fitted(20_000))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert list(media.iterdir()) == []


@pytest.fixture
def nowhere(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site without MEDIA_ROOT, as a new project is, and its working directory."""
    settings.MEDIA_ROOT = ""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_goes_to_the_working_directory(nowhere: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="Set MEDIA_ROOT, or set JOB_EMAIL_STORAGE"):
        send_later(message_with(600_000))
    with override_backend("dummy"):
        assert send_later(message_with(1000))
    assert list(nowhere.iterdir()) == []


def test_an_alias_of_storages_can_be_chosen(settings: Any, nowhere: Path) -> None:
    private = nowhere / "private"
    settings.STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "private": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(private)},
        },
    }
    settings.JOB_EMAIL_STORAGE = "private"
    payload = fitted(20_000)
    assert len(files(private)) == 1
    # What is under way still finds its files after a deploy with another storage.
    settings.JOB_EMAIL_STORAGE = "default"
    assert "data" in read(payload["attachments"][0]["content"])
    remove(payload)
    assert list(private.iterdir()) == []


def test_an_unknown_storage_is_named(settings: Any, media: Path) -> None:
    settings.JOB_EMAIL_STORAGE = "privat"
    with pytest.raises(ImproperlyConfigured, match="JOB_EMAIL_STORAGE names the storage 'privat'"):
        fitted(20_000)


def test_files_of_the_release_before_are_in_the_default_storage(media: Path) -> None:
    payload = fitted(20_000)
    del payload["attachments"][0]["content"]["storage"]
    assert "data" in read(payload["attachments"][0]["content"])
    remove(payload)
    assert list(media.iterdir()) == []


class StubbornStorage(FileSystemStorage):
    def delete(self, name: str) -> None:
        raise OSError("read-only")

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        raise NotImplementedError


def test_errors_of_the_storage_are_only_warnings(
    media: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    payload = fitted(20_000)
    settings.STORAGES = {"default": {"BACKEND": f"{__name__}.StubbornStorage"}}
    remove(payload)
    assert "Could not remove" in caplog.text
    assert "Could not clean" in caplog.text
    assert len(files(media)) == 1


def test_a_file_that_is_gone_ends_the_job_with_a_reason(media: Path) -> None:
    payload = fitted(20_000)
    remove(payload)
    with pytest.raises(Fail, match=r"attachment django_jobs/mail/.*/0 is no longer in the storage"):
        decode(payload, read)


@pytest.mark.parametrize(
    "name", ["secret.txt", "django_jobs/mail/../../secret.txt", "/etc/passwd", "django_jobs/mail"]
)
def test_no_other_file_is_read_or_removed(media: Path, name: str) -> None:
    (media / "secret.txt").write_text("secret")
    payload = fitted(20_000)
    payload["attachments"][0]["content"]["file"] = name
    with pytest.raises(BrokenPayload, match="not a file of an email stored by django_jobs"):
        decode(payload, read)
    with pytest.raises(BrokenPayload):
        remove(payload)
    assert (media / "secret.txt").exists()


def test_cleaning_removes_only_expired_files(media: Path) -> None:
    fitted(20_000, 30_000)
    kept = media / "django_jobs/mail/readme/x"
    kept.mkdir(parents=True)
    assert clean_attachments(today=date.fromisoformat(LAST_DAY)) == 0
    assert clean_attachments(today=date(2027, 6, 23)) == 2
    assert files(media) == []
    assert kept.exists()
    assert not (media / "django_jobs/mail" / LAST_DAY).exists()


def test_cleaning_where_nothing_was_ever_stored_is_no_error(media: Path) -> None:
    assert clean_attachments() == 0


def test_each_sent_mail_with_files_cleans_up_after_others(media: Path) -> None:
    fit(encode(message_with(20_000)), LIMIT, date(2020, 1, 1))
    remove(fitted(20_000))
    assert files(media) == []

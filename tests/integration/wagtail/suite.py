"""What editors do, on a real site of Wagtail, and what its jobs must have done then.

It runs in environments of its own: `make wagtail`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.integration.wagtail.editor import Editor
from tests.integration.wagtail.running import DEADLINE, Site, prepared, served, wait_until

PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
)
"""A red dot."""

PUBLISH_WHAT_IS_DUE = """
import django
django.setup()
from datetime import timedelta
from django.utils.timezone import now
from wagtail.models import Revision
from website.tasks import publish_what_is_due
(revision,) = Revision.objects.filter(approved_go_live_at__gt=now())
revision.approved_go_live_at = now() - timedelta(minutes=1)
revision.content["go_live_at"] = revision.approved_go_live_at.isoformat()
revision.save()
publish_what_is_due.enqueue()
"""


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is before its first day: its migrations take longer than all tests."""
    return prepared(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="module", params=["thread pool", "redis"])
def site(
    template: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Site]:
    with served(template, tmp_path_factory.mktemp("site"), request.param) as site:
        yield site


@pytest.fixture(scope="module")
def editor(site: Site) -> Editor:
    return Editor(site.url)


@pytest.fixture(autouse=True)
def _done(site: Site) -> Iterator[None]:
    """After each test, all jobs have come to a good end."""
    yield
    wait_until(site.is_done, "the end of all jobs")


def test_a_published_page_is_found(site: Site, editor: Editor) -> None:
    editor.add("Herons", "They stand still.")
    wait_until(lambda: site.search("stand still") == ["Herons"], "that the page is found")
    assert "They stand still." in requests.get(f"{site.url}/herons/", timeout=DEADLINE).text


def test_a_change_is_found_once_it_is_published(site: Site, editor: Editor) -> None:
    article = editor.add_draft("Storks", "They clatter.")
    wait_until(site.is_done, "the end of all jobs")
    assert site.search("clatter") == []

    editor.publish(article, "Storks", "They clatter.")
    wait_until(lambda: site.search("clatter") == ["Storks"], "that the page is found")

    editor.change(article, "White storks", "They migrate.")
    wait_until(site.is_done, "the end of all jobs")
    assert site.search("migrate") == []

    editor.publish(article, "White storks", "They migrate.")
    wait_until(lambda: site.search("migrate") == ["White storks"], "that the change is found")
    wait_until(lambda: site.search("clatter") == [], "that the old text is not found")


def test_a_page_that_is_gone_is_not_found(site: Site, editor: Editor) -> None:
    article = editor.add_draft("Cranes", "They dance.")
    editor.publish(article, "Cranes", "They dance.")
    wait_until(lambda: site.search("dance") == ["Cranes"], "that the page is found")
    wait_until(site.is_done, "the end of all jobs")

    editor.unpublish(article)
    wait_until(site.is_done, "the end of all jobs")
    assert site.search("dance") == []

    editor.delete(article)
    assert site.search("dance") == []
    assert requests.get(f"{site.url}/cranes/", timeout=DEADLINE).status_code == 404


def test_a_picture_knows_its_pages_and_leaves_no_file(site: Site, editor: Editor) -> None:
    picture = editor.upload_picture("A red dot", PICTURE)
    wait_until(lambda: "A red dot" in editor.get("/admin/images/", q="red"), "that it is found")

    editor.add("Robins", "They are red.", picture=str(picture))
    usage = f"/admin/images/usage/{picture}/"
    wait_until(lambda: "Robins" in editor.get(usage), "that the references are known")
    assert "/media/images/" in requests.get(f"{site.url}/robins/", timeout=DEADLINE).text
    assert files(site)

    editor.post(f"/admin/images/{picture}/delete/")
    wait_until(lambda: not files(site), "that the picture and its renditions are deleted")


def test_a_document_is_found_and_leaves_no_file(site: Site, editor: Editor) -> None:
    document = editor.upload_document("A list of birds", b"Herons, storks, cranes")
    found = "that the document is found"
    wait_until(lambda: "A list of birds" in editor.get("/admin/documents/", q="birds"), found)

    editor.post(f"/admin/documents/delete/{document}/")
    wait_until(lambda: not files(site), "that the file is deleted")


def test_a_scheduled_page_is_published_by_a_task_of_the_project(site: Site, editor: Editor) -> None:
    editor.add("Swallows", "They arrive.", go_live_at="2099-05-01 08:00")
    wait_until(site.is_done, "the end of all jobs")
    assert site.search("arrive") == []

    site.run(PUBLISH_WHAT_IS_DUE)
    wait_until(lambda: site.search("arrive") == ["Swallows"], "that the page is found")


def test_the_cache_in_front_of_the_site_forgets_what_has_changed(
    site: Site, editor: Editor
) -> None:
    editor.add("Wrens", "They are loud.")
    purged = site.directory / "purged"
    wait_until(
        lambda: purged.exists() and "/wrens/" in purged.read_text(), "that the page is purged"
    )


def files(site: Site) -> list[Path]:
    return [path for path in (site.directory / "media").rglob("*") if path.is_file()]

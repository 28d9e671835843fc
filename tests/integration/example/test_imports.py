"""Moderators import posts from CSV files, each as a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from django_jobs import Batch
from django_jobs.jobs.batches import BatchState
from django_jobs.testing import (
    assert_batch_enqueued,
    assert_batch_succeeded,
    assert_enqueued,
    assert_succeeded,
    override_backend,
    run_enqueued,
)
from feedback.models import Board, Post
from imports.csv_file import MAX_BYTES, MAX_ROWS
from imports.models import ImportedRow, PostImport
from imports.rows import import_post
from imports.tasks import finish_import, import_row
from tests.integration.example.helpers import html_of

AsUser = Callable[[User], Client]

GOOD = "board,title,text\nRecipes,Scale recipes,For seven.\nrecipes,Print recipes,\n"
MIXED = f"{GOOD}Nowhere,Lost,\nRecipes,,No title\nRecipes,{'x' * 121},\n"


@pytest.fixture
def importing(as_user: AsUser, moderator: User, board: Board) -> Client:
    """A moderator's browser, and a board."""
    return as_user(moderator)


def upload(client: Client, content: str | bytes, name: str = "posts.csv") -> Any:
    raw = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(name, raw, content_type="text/csv")
    return client.post("/imports/", {"file": file}, follow=True)


# --- an import ----------------------------------------------------------------------------------


def test_each_row_becomes_a_post(importing: Client, moderator: User) -> None:
    page = upload(importing, GOOD)

    assert "2 of 2 rows: 2 imported." in page.text
    assert "Done" in page.text
    written = Post.objects.order_by("title")
    assert [(one.title, one.text, one.author) for one in written] == [
        ("Print recipes", "", moderator),
        ("Scale recipes", "For seven.", moderator),
    ]
    assert Batch.get(PostImport.objects.get().batch_id).state is BatchState.SUCCEEDED


def test_rows_with_problems_are_shown_and_the_others_imported(importing: Client) -> None:
    page = upload(importing, MIXED)

    assert "5 of 5 rows: 2 imported, 3 refused." in page.text
    assert list(ImportedRow.objects.exclude(problem="").values_list("number", "problem")) == [
        (4, "There is no board “Nowhere”."),
        (5, "Title: This field is required."),
        (6, "Title: Ensure this value has at most 120 characters (it has 121)."),
    ]
    assert "There is no board “Nowhere”." in page.text


def test_the_end_is_announced_by_mail(importing: Client) -> None:
    upload(importing, MIXED)

    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["mara@example.com"], "Your import has ended: posts.csv")
    assert "2 of 5 rows of posts.csv are posts now." in sent.body
    assert "3 rows have problems." in sent.body
    assert f"http://testserver/imports/{PostImport.objects.get().pk}/" in sent.body
    assert "2 of 5 rows are posts now. 3 rows have problems." in html_of(sent)


@override_backend("dummy")
def test_an_upload_enqueues_a_batch(importing: Client) -> None:
    page = upload(importing, GOOD)

    batch = assert_batch_enqueued(name="Import of posts.csv", total=2, on_end=finish_import)
    post_import = PostImport.objects.get()
    row = (post_import, 2, "Recipes", "Scale recipes", "For seven.")
    assert_enqueued(import_row, args=row, batch=batch)
    assert "0 of 2 rows" in page.text
    assert "data-open" in page.text

    run_enqueued()
    assert_batch_succeeded(name="Import of posts.csv")
    assert_succeeded(finish_import, args=[batch.id])
    page = importing.get(f"{post_import.get_absolute_url()}progress/")
    assert "2 of 2 rows: 2 imported." in page.text
    assert "data-open" not in page.text


@override_backend("dummy")
def test_a_job_that_runs_again_imports_nothing_twice(importing: Client) -> None:
    upload(importing, MIXED)
    post_import = PostImport.objects.get()
    run_enqueued()

    for row in (2, 4):
        calls = {one.number: one for one in post_import.rows.all()}
        import_row.using(unique=None).enqueue(post_import, row, "Recipes", "Again", "")
        run_enqueued()
        assert {one.number: one for one in post_import.rows.all()} == calls
    assert Post.objects.count() == 2
    assert not Post.objects.filter(title="Again").exists()


@override_backend("dummy")
def test_an_import_is_stopped(importing: Client) -> None:
    upload(importing, GOOD)
    post_import = PostImport.objects.get()

    page = importing.post(f"{post_import.get_absolute_url()}stop/", follow=True)
    assert "The import is stopped." in page.text
    run_enqueued()

    page = importing.get(post_import.get_absolute_url())
    assert "Stopped" in page.text
    assert "0 of 2 rows: 0 imported, 2 skipped." in page.text
    assert "2 rows were skipped." in mail.outbox[0].body
    assert not Post.objects.exists()
    page = importing.post(f"{post_import.get_absolute_url()}stop/", follow=True)
    assert "This import has ended already." in page.text


@override_backend("dummy")
def test_rows_that_fail_by_an_error_of_ours_are_counted(
    importing: Client, moderator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(importing, GOOD)

    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("imports.tasks.import_post", fail)
    run_enqueued(retries=True, raise_errors=False)

    page = importing.get(PostImport.objects.get().get_absolute_url())
    assert "2 of 2 rows: 0 imported, 2 failed." in page.text
    assert "Some rows failed by an error of ours." in page.text

    monkeypatch.setattr("imports.tasks.import_post", import_post)
    Batch.get(PostImport.objects.get().batch_id).retry_dead()
    run_enqueued()
    page = importing.get(PostImport.objects.get().get_absolute_url())
    assert "2 of 2 rows: 2 imported." in page.text


def test_an_import_whose_process_has_ended_is_interrupted(importing: Client) -> None:
    with override_backend("dummy"):
        upload(importing, GOOD)

    with override_backend("dummy"):  # another process
        page = importing.get(PostImport.objects.get().get_absolute_url())

    assert "Interrupted" in page.text
    assert "0 of 2 rows: 0 imported, 2 skipped." in page.text


@override_backend("dummy")
def test_an_import_that_was_deleted_has_no_end_to_note(importing: Client) -> None:
    upload(importing, GOOD)
    PostImport.objects.all().delete()

    run_enqueued()

    assert mail.outbox == []
    assert not Post.objects.exists()


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(",", ";"),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\n\n"),
        "\ufeff" + GOOD,
        "Title, BOARD ,more,text\nScale recipes,Recipes,x,For seven.\nPrint recipes,recipes\n",
        GOOD.replace("Scale", '"Scale')
        .replace("For", '"For')
        .replace('recipes,"', 'recipes","')
        .replace("seven.", 'seven."'),
    ],
)
def test_files_of_all_programs_are_read(importing: Client, content: str) -> None:
    page = upload(importing, content)

    assert "2 of 2 rows: 2 imported." in page.text
    assert Post.objects.filter(title="Scale recipes", text="For seven.").exists()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "does not name these columns: board, title, text."),
        ("title,text\na,b\n", "does not name these columns: board."),
        ("board,title,text\n", "This file has no rows below its first line."),
        ("board,title,text\n , ,\n", "This file has no rows below its first line."),
        ("board,title,text\nRecipes,Größe,\n".encode("latin-1"), "This file is not UTF-8."),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "This file is not UTF-8."),
        (f"board,title,text\nRecipes,{'x' * 140_000},\n", "This is not a CSV file"),
        ("board,title,text\n" + "Recipes,A,\n" * (MAX_ROWS + 1), "more than 1,000 rows"),
        ("x" * (MAX_BYTES + 1), "This file is larger than 1.0\xa0MB."),
    ],
)
def test_a_file_that_is_no_table_of_posts_is_refused(
    importing: Client, content: str | bytes, problem: str
) -> None:
    page = upload(importing, content)

    assert problem in page.text
    assert not PostImport.objects.exists()


def test_a_form_without_a_file_is_refused(importing: Client) -> None:
    assert "This field is required." in importing.post("/imports/", {"file": ""}).text


def test_a_long_or_hostile_name_is_no_problem(importing: Client) -> None:
    page = upload(importing, GOOD, name=f"<b>{'x' * 200}.csv")

    assert "2 of 2 rows" in page.text
    assert "<b>x" not in page.text
    assert len(PostImport.objects.get().file_name) <= 100


def test_as_many_rows_as_allowed_cost_few_queries(
    importing: Client, django_assert_max_num_queries: Any
) -> None:
    rows = "".join(f"Recipes,Post {number},\n" for number in range(MAX_ROWS))
    with override_backend("dummy"):
        with django_assert_max_num_queries(30, connection=connection):
            page = upload(importing, f"board,title,text\n{rows}")
        assert "0 of 1000 rows" in page.text


# --- who may ------------------------------------------------------------------------------------


def test_imports_are_for_moderators(
    client: Client, as_user: AsUser, member: User, importing: Client
) -> None:
    upload(importing, GOOD)
    address = PostImport.objects.get().get_absolute_url()
    for path in ("/imports/", address, f"{address}progress/"):
        assert client.get(path).status_code == 302
        assert as_user(member).get(path).status_code == 403
        assert importing.get(path).status_code == 200
    assert as_user(member).post(f"{address}stop/").status_code == 403
    assert importing.get(f"{address}stop/").status_code == 405
    assert importing.get("/imports/999/").status_code == 404
    assert "Import posts" in importing.get("/").text
    assert "Import posts" not in as_user(member).get("/").text


def test_the_latest_imports_are_listed(importing: Client) -> None:
    upload(importing, GOOD, "first.csv")
    upload(importing, GOOD, "second.csv")

    page = importing.get("/imports/").text

    assert page.index("second.csv") < page.index("first.csv")

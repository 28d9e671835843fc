"""Makes a post of a row."""

from __future__ import annotations

from django.db import transaction

from feedback.models import Board, Post
from imports.csv_file import Row
from imports.forms import RowForm
from imports.models import PROBLEM_LENGTH, ImportedRow, PostImport


class RowRefused(Exception):
    """A row cannot become a post; the message says why."""


def import_post(post_import: PostImport, row: Row) -> None:
    """Write the post of a row, unless that was done before.

    Raises:
        RowRefused: the row has a problem, which is stored.
    """
    with transaction.atomic():
        done, is_new = ImportedRow.objects.get_or_create(post_import=post_import, number=row.number)
        if is_new:
            done.post, done.problem = _make_post(post_import, row)
            done.save()
    if done.problem:
        raise RowRefused(done.problem)


def _make_post(post_import: PostImport, row: Row) -> tuple[Post | None, str]:
    """Return the post of a row, or None and what is wrong with the row."""
    board = Board.objects.filter(name__iexact=row.board).first()
    if board is None:
        return None, f"There is no board “{row.board[:40]}”."
    form = RowForm({"title": row.title, "text": row.text})
    if not form.is_valid():
        problems = (
            f"{form[name].label}: {' '.join(map(str, of))}" for name, of in form.errors.items()
        )
        return None, " ".join(problems)[:PROBLEM_LENGTH]
    form.instance.board, form.instance.author = board, post_import.by
    return form.save(), ""

"""The jobs of an import: one for each row, and one at the end."""

from __future__ import annotations

from django.core.mail import send_mail
from django.utils import timezone

from django_jobs import Batch, task
from django_jobs.errors import MissingRecord
from example.mails import render_mail
from imports.csv_file import Row
from imports.models import PostImport
from imports.progress import progress_of
from imports.rows import RowRefused, import_post


@task(priority=-10, discard_on=(RowRefused, MissingRecord))
def import_row(post_import: PostImport, number: int, board: str, title: str, text: str) -> None:
    """Make a post of a row. A row that has a problem is discarded, and its problem shown."""
    import_post(post_import, Row(number, board, title, text))


@task(queue_name="mailers")
def finish_import(batch_id: str) -> None:
    """Note the end of an import, and send its counts to the moderator who began it."""
    post_import = PostImport.objects.filter(batch_id=batch_id).select_related("by").first()
    if post_import is None:
        return
    PostImport.objects.filter(pk=post_import.pk, ended_at=None).update(ended_at=timezone.now())
    if post_import.by is None or not post_import.by.email:
        return
    context = {"import": post_import, "progress": progress_of(post_import)}
    mail = render_mail("import_ended", **context)
    send_mail(mail.subject, mail.text, None, [post_import.by.email], html_message=mail.html)


def enqueue_import(post_import: PostImport, rows: list[Row]) -> None:
    """Enqueue the rows of a new import as a batch."""
    with Batch(on_end=finish_import, name=f"Import of {post_import.file_name}") as batch:
        post_import.batch_id = batch.id
        post_import.save()
        batch.bulk_enqueue(import_row, [(post_import, *row) for row in rows])

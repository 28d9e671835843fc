"""Tasks of the board."""

from __future__ import annotations

from django.db.models import QuerySet

from django_jobs import send_mail_later, task
from django_jobs.errors import MissingRecord
from example.mails import render_mail
from feedback.models import Follow, StatusChange

PORTION = 50


@task(queue_name="mailers", discard_on=(MissingRecord,))
def notify_followers(change: StatusChange) -> int:
    """Enqueue a mail to each follower of a post whose status changed.

    The position is saved after each portion. An interrupted job continues from there, so at most
    one portion gets its mail twice.
    """
    count = 0
    while portion := list(_next_followers(change)[:PORTION]):
        for follow in portion:
            mail = render_mail("status_changed", change=change, user=follow.user)
            send_mail_later(
                mail.subject, mail.text, None, [follow.user.email], html_message=mail.html
            )
        change.notified_up_to = portion[-1].pk
        change.save(update_fields=["notified_up_to"])
        count += len(portion)
    return count


def followers_to_notify(change: StatusChange) -> QuerySet[Follow]:
    """Return the followers of the post who can get mail, without the author of the change."""
    return (
        Follow.objects.filter(post=change.post_id, user__is_active=True)
        .exclude(user__email="")
        .exclude(user=change.by_id)
        .select_related("user__profile")
    )


def _next_followers(change: StatusChange) -> QuerySet[Follow]:
    return followers_to_notify(change).filter(pk__gt=change.notified_up_to).order_by("pk")

"""The work behind the board that nobody should wait for."""

from __future__ import annotations

from django.db.models import QuerySet

from django_jobs import send_mail_later, task
from django_jobs.errors import MissingRecord
from example.mails import render_mail
from feedback.models import Follow, StatusChange

PORTION = 50


@task(queue_name="mailers", discard_on=(MissingRecord,))
def tell_followers(change: StatusChange) -> int:
    """Put a mail on its way to each follower of a post whose status changed.

    After each portion the place reached is kept: a job that is cut off goes on from there, so at
    most one portion can get its mail twice.
    """
    told = 0
    while portion := list(_next_followers(change)[:PORTION]):
        for follow in portion:
            mail = render_mail("status_changed", change=change, user=follow.user)
            send_mail_later(
                mail.subject, mail.text, None, [follow.user.email], html_message=mail.html
            )
        change.told_up_to = portion[-1].pk
        change.save(update_fields=["told_up_to"])
        told += len(portion)
    return told


def followers_to_tell(change: StatusChange) -> QuerySet[Follow]:
    """Everybody who follows the post, except who made the change or cannot get mail."""
    return (
        Follow.objects.filter(post=change.post_id, user__is_active=True)
        .exclude(user__email="")
        .exclude(user=change.by_id)
        .select_related("user__profile")
    )


def _next_followers(change: StatusChange) -> QuerySet[Follow]:
    return followers_to_tell(change).filter(pk__gt=change.told_up_to).order_by("pk")

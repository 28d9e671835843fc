"""Tasks for accounts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.mail import send_mail

from accounts.confirmation import make_token
from accounts.leaving import anonymise_portion, members_leaving
from accounts.models import profile_of
from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.update import save_problem, update_picture
from accounts.throttle import delete_old_attempts
from django_jobs import Retry, Unique, periodic, task
from django_jobs.compat import TaskContext
from django_jobs.errors import MissingRecord
from example.mails import render_mail

PICTURE_ATTEMPTS = 3


@task(queue_name="mailers")
def send_join_link(email: str) -> None:
    """Send a link to join. The mail contains nothing that the sender of the form can choose."""
    if User.objects.filter(username=email).exists():
        mail = render_mail("joined_already")
    else:
        mail = render_mail("join", token=make_token(email))
    send_mail(mail.subject, mail.text, None, [email], html_message=mail.html)


@task(queue_name="mailers", discard_on=(MissingRecord,))
def welcome(user: User) -> None:
    """Send a new member a welcome mail."""
    mail = render_mail("welcome", name=profile_of(user).name)
    send_mail(mail.subject, mail.text, None, [user.email], html_message=mail.html)


# In production, this queue has its own worker with one thread and little memory, so that a
# malicious picture cannot slow down or crash other jobs.
@task(
    queue_name="low",
    takes_context=True,
    timeout=60,
    retry=Retry(attempts=PICTURE_ATTEMPTS, wait=[10, 60]),
    discard_on=(PictureRefused,),
)
def fetch_picture(context: TaskContext[..., Any], user_id: int, address: str) -> bool:
    """Download a profile picture. Errors are shown on the profile page."""
    try:
        return update_picture(user_id, address)
    except PictureRefused as error:
        save_problem(user_id, address, str(error), final=True)
        raise
    except PictureUnavailable as error:
        last = context.attempt >= PICTURE_ATTEMPTS
        save_problem(user_id, address, str(error), final=last)
        raise


# Until the start, as a running job enqueues the next one for the same member.
@task(priority=-50, unique=Unique(until="start"))
def erase_member(user_id: int) -> int:
    """Anonymise a portion of what a former member wrote, and enqueue a job for the next portion.

    Each portion is a transaction, so an interrupted job may run again. The last job finds nothing
    left and deletes the account.
    """
    return anonymise_portion(user_id, enqueue_next=erase_member.enqueue)


@periodic("47 * * * *")
@task(priority=-50)
def clean_up_attempts() -> int:
    """Delete attempts that no longer count."""
    return delete_old_attempts()


@periodic("17 3 * * *")
@task(priority=-50)
def finish_leaving() -> int:
    """Enqueue jobs that are missing, for example because Redis was down when a member left.

    A job that waits is not enqueued again, as the task is unique.
    """
    leaving = [[user_id] for user_id in members_leaving()]
    return len(erase_member.bulk_enqueue(leaving))

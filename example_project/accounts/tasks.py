"""The work behind an account that nobody should wait for."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.mail import send_mail

from accounts.confirmation import make_token
from accounts.leaving import people_leaving, take_portion
from accounts.models import profile_of
from accounts.pictures.errors import PictureRefused, PictureUnavailable
from accounts.pictures.update import note_problem, update_picture
from accounts.throttle import forget_attempts
from django_jobs import Retry, periodic, task
from django_jobs.compat import TaskContext
from django_jobs.errors import MissingRecord
from example.mails import render_mail

PICTURE_ATTEMPTS = 3


@task(queue_name="mailers")
def send_join_link(email: str) -> None:
    """Send what is needed to join to an address; nothing in the mail is of a stranger's choice."""
    if User.objects.filter(username=email).exists():
        mail = render_mail("joined_already")
    else:
        mail = render_mail("join", token=make_token(email))
    send_mail(mail.subject, mail.text, None, [email], html_message=mail.html)


@task(queue_name="mailers", discard_on=(MissingRecord,))
def welcome(user: User) -> None:
    """Greet a new member by mail."""
    mail = render_mail("welcome", name=profile_of(user).name)
    send_mail(mail.subject, mail.text, None, [user.email], html_message=mail.html)


# On a server this queue has a worker of its own, with one thread and little memory: what strangers
# send must not slow down or take along anything else.
@task(
    queue_name="low",
    takes_context=True,
    timeout=60,
    retry=Retry(attempts=PICTURE_ATTEMPTS, wait=[10, 60]),
    discard_on=(PictureRefused,),
)
def fetch_picture(context: TaskContext[..., Any], user_id: int, address: str) -> bool:
    """Fetch a profile picture; what goes wrong is told on the profile page."""
    try:
        return update_picture(user_id, address)
    except PictureRefused as refusal:
        note_problem(user_id, address, str(refusal), final=True)
        raise
    except PictureUnavailable as trouble:
        last = context.attempt >= PICTURE_ATTEMPTS
        note_problem(user_id, address, str(trouble), final=last)
        raise


@task(priority=-50)
def forget_member(user_id: int) -> int:
    """Take one portion of what a former member left, then leave the rest to the next job.

    A job that is cut off has changed nothing or all of its portion, so it may run again; the
    last one finds nothing left and removes the account.
    """
    return take_portion(user_id, go_on=forget_member.enqueue)


@periodic("47 * * * *")
@task(priority=-50)
def clean_attempts() -> int:
    """Forget who tried what, once it counts no more."""
    return forget_attempts()


@periodic("17 3 * * *")
@task(priority=-50)
def finish_leaving() -> int:
    """Take up what was cut short, as by a store of jobs that did not answer when somebody left."""
    leaving = [[user_id] for user_id in people_leaving()]
    return len(forget_member.bulk_enqueue(leaving))

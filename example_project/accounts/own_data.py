"""What a member has written and done on the board, to be mailed to them: a workflow of jobs."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

from django.contrib.auth.models import User
from django.core.mail import EmailMultiAlternatives

from accounts.models import profile_of
from django_jobs import Workflow, task
from django_jobs.errors import MissingRecord
from example.mails import render_mail
from feedback.models import Comment, Post, Vote

Entries: TypeAlias = "list[dict[str, Any]]"


@task(priority=-10)
def collect_posts(user_id: int) -> Entries:
    """Return the posts of a member."""
    posts = Post.objects.filter(author=user_id).order_by("pk")
    return [dict(one) for one in posts.values("created_at", "title", "text", "board__name")]


@task(priority=-10)
def collect_comments(user_id: int) -> Entries:
    """Return the comments of a member."""
    comments = Comment.objects.filter(author=user_id).order_by("pk")
    return [dict(one) for one in comments.values("created_at", "text", "post__title")]


@task(priority=-10)
def collect_votes(user_id: int) -> Entries:
    """Return the votes of a member."""
    votes = Vote.objects.filter(user=user_id).order_by("pk")
    return [dict(one) for one in votes.values("created_at", "post__title")]


@task(queue_name="mailers", discard_on=(MissingRecord,))
def mail_own_data(user: User, posts: Entries, comments: Entries, votes: Entries) -> None:
    """Send a member what is stored of them, as a JSON file."""
    own = {
        "name": profile_of(user).name,
        "email": user.email,
        "joined": user.date_joined,
        "posts": posts,
        "comments": comments,
        "votes": votes,
    }
    content = json.dumps(own, ensure_ascii=False, indent=2, default=str)
    mail = render_mail("own_data", name=own["name"])
    message = EmailMultiAlternatives(mail.subject, mail.text, None, [user.email])
    message.attach_alternative(mail.html, "text/html")
    message.attach("your-data.json", content, "application/json")
    message.send()


def enqueue_own_data(user: User) -> Any:
    """Enqueue the jobs that collect and mail the data of a member; return the last one's result."""
    flow = Workflow("data of a member", metadata={"member": user.pk})
    posts = flow.add(collect_posts, user.pk)
    comments = flow.add(collect_comments, user.pk)
    votes = flow.add(collect_votes, user.pk)
    flow.add(mail_own_data, user, posts.result, comments.result, votes.result)
    return flow.enqueue()[-1]

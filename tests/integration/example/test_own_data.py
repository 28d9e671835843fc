"""Members get a mail with their data, which the jobs of a workflow collect."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from accounts.own_data import collect_posts
from django_jobs.testing import (
    assert_enqueued,
    assert_workflow_enqueued,
    assert_workflow_failed,
    assert_workflow_succeeded,
    override_backend,
    run_enqueued,
)
from feedback.models import Comment, Post, Vote

AsUser = Callable[[User], Client]


@pytest.fixture
def asking(as_user: AsUser, member: User) -> Client:
    """The browser of a member."""
    return as_user(member)


def test_everything_that_a_member_wrote_is_mailed(asking: Client, member: User, post: Post) -> None:
    Post.objects.create(board=post.board, author=member, title="Print recipes", text="On A5.")
    Comment.objects.create(post=post, author=member, text="And rounding.")
    Vote.objects.create(post=post, user=member)
    Comment.objects.create(post=post, author=post.author, text="Of somebody else.")

    page = asking.post("/profile/data/", follow=True)

    assert "We collect your data and mail it to you." in page.text
    [sent] = mail.outbox
    assert sent.to == [member.email]
    [attached] = sent.attachments
    own = json.loads(attached.content)
    assert own["email"] == member.email
    assert [(one["title"], one["text"]) for one in own["posts"]] == [("Print recipes", "On A5.")]
    assert [one["text"] for one in own["comments"]] == ["And rounding."]
    assert [one["post__title"] for one in own["votes"]] == [post.title]
    assert_workflow_succeeded(name="data of a member", metadata={"member": member.pk})


@override_backend("dummy")
def test_the_mail_waits_for_what_it_is_made_of(asking: Client, member: User) -> None:
    asking.post("/profile/data/")

    flow = assert_workflow_enqueued(name="data of a member", total=4)
    assert_enqueued(collect_posts, args=(member.pk,))
    assert not mail.outbox

    run_enqueued()

    assert_workflow_succeeded(name="data of a member")
    assert flow.id
    assert len(mail.outbox) == 1


@override_backend("dummy")
def test_nothing_is_mailed_if_a_part_is_missing(
    asking: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.own_data.Vote", None)
    asking.post("/profile/data/")
    run_enqueued(retries=True, raise_errors=False)

    assert_workflow_failed(name="data of a member")
    assert not mail.outbox


def test_a_member_may_ask_a_few_times_an_hour(asking: Client) -> None:
    for _ in range(3):
        asking.post("/profile/data/")

    page = asking.post("/profile/data/", follow=True)

    assert "Please try again later." in page.text
    assert len(mail.outbox) == 3

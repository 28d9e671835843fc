"""The content of the moderators' recap."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from django_jobs.recap import Frequency, Period
from feedback.models import Comment, Post
from feedback.recap import content, recipients


def today() -> Period:
    now = timezone.now()
    start, end = now - timedelta(days=1), now + timedelta(minutes=1)
    return Period(Frequency.DAILY, now.date(), start, end)


def test_moderators_get_it_and_members_do_not(moderator: User, member: User) -> None:
    assert list(recipients()) == [moderator]


def test_it_tells_what_others_wrote_in_the_period(moderator: User, post: Post) -> None:
    Comment.objects.create(post=post, author=post.author, text="And rounding.")
    old = Post.objects.create(board=post.board, title="Old")
    Post.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    Post.objects.create(board=post.board, author=moderator, title="My own")
    told = content(moderator, today())
    posts, comments = told.sections
    assert [item.text for item in posts.items] == ["Scale recipes"]
    assert posts.items[0].note == "Recipes, by Ines"
    assert posts.items[0].url == f"/posts/{post.pk}/"
    assert comments.items[0].note == "by Ines"


def test_posts_of_a_former_member_are_included(moderator: User, post: Post) -> None:
    Post.objects.filter(pk=post.pk).update(author=None)
    told = content(moderator, today())
    assert told.sections[0].items[0].note == "Recipes, by Former member"


def test_a_quiet_day_has_nothing_to_say(moderator: User) -> None:
    assert content(moderator, today()).is_empty

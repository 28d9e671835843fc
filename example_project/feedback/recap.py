"""The recap mail of moderators."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models import QuerySet

from accounts.members import member_name
from django_jobs.recap import Period, RecapContent, RecapItem, RecapSection
from feedback.models import Comment, Post
from feedback.permissions import MODERATE


def recipients() -> QuerySet[User]:
    """Return the moderators."""
    return User.objects.with_perm(MODERATE)


def content(user: User, period: Period) -> RecapContent:
    """Return the posts and comments that others wrote in a period.

    Args:
        user: the moderator who gets the mail.
        period: the time since the previous recap.
    """
    written = {"created_at__gte": period.start, "created_at__lt": period.end}
    posts = Post.objects.filter(**written).select_related("board", "author__profile")
    comments = Comment.objects.filter(**written).select_related("post", "author__profile")
    return RecapContent(
        title="What is new on the board",
        intro="What others wrote since your last recap.",
        sections=[
            RecapSection("New posts", [_post(each) for each in posts if each.author != user]),
            RecapSection("Comments", [_comment(each) for each in comments if each.author != user]),
        ],
    )


def _post(post: Post) -> RecapItem:
    note = f"{post.board}, by {member_name(post.author)}"
    return RecapItem(post.title, url=post.get_absolute_url(), note=note)


def _comment(comment: Comment) -> RecapItem:
    url = f"{comment.post.get_absolute_url()}#comment-{comment.pk}"
    return RecapItem(comment.post.title, url=url, note=f"by {member_name(comment.author)}")

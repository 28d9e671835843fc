"""The posts somebody may see, with the numbers that go with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from feedback.models import Comment, Post, Vote
from feedback.rules import is_moderator

TRENDING_DAYS = 14


def posts_for(user: User | AnonymousUser) -> QuerySet[Post]:
    """Select the posts this visitor may see; hidden ones only moderators.

    Returns:
        Posts that also have `vote_count`, `recent_votes`, `comment_count` and `voted`.
    """
    posts = Post.objects.all() if is_moderator(user) else Post.objects.filter(hidden=False)
    recent = timezone.now() - timedelta(days=TRENDING_DAYS)
    own_vote = Vote.objects.filter(post=OuterRef("pk"), user_id=user.pk or 0)
    return posts.select_related("board", "status", "author__profile").annotate(
        vote_count=_number_of(Vote.objects.all()),
        recent_votes=_number_of(Vote.objects.filter(created_at__gte=recent)),
        comment_count=_number_of(Comment.objects.all()),
        voted=Exists(own_vote),
    )


def _number_of(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.filter(post=OuterRef("pk")).order_by().values("post").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), Value(0))

"""Queries for the posts that a visitor may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from feedback.models import Comment, Post, Vote
from feedback.permissions import is_moderator

TRENDING_DAYS = 14


def posts_for(user: User | AnonymousUser) -> QuerySet[Post]:
    """Return the posts that a visitor may see; only moderators see hidden ones.

    Returns:
        Posts with `vote_count`, `recent_votes`, `comment_count` and `voted`.
    """
    posts = Post.objects.all() if is_moderator(user) else Post.objects.filter(hidden=False)
    recent = timezone.now() - timedelta(days=TRENDING_DAYS)
    own_vote = Vote.objects.filter(post=OuterRef("pk"), user_id=user.pk or 0)
    return posts.select_related("board", "status", "author__profile").annotate(
        vote_count=_count(Vote.objects.all()),
        recent_votes=_count(Vote.objects.filter(created_at__gte=recent)),
        comment_count=_count(Comment.objects.all()),
        voted=Exists(own_vote),
    )


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.filter(post=OuterRef("pk")).order_by().values("post").annotate(n=Count("pk"))
    return Coalesce(Subquery(counted.values("n")), Value(0))

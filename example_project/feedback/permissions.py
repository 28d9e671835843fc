"""Permissions on the board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser, User

if TYPE_CHECKING:
    from feedback.models import Comment, Post

MODERATE = "feedback.moderate"
MODERATORS = "Moderators"


def is_moderator(user: User | AnonymousUser) -> bool:
    """Return whether a user has the permission, usually by the group "Moderators"."""
    return user.has_perm(MODERATE)


def may_edit(user: User | AnonymousUser, post: Post) -> bool:
    """Return whether a user may edit a post: only its author may."""
    return user.is_authenticated and post.author_id == user.pk


def may_delete_comment(user: User | AnonymousUser, comment: Comment) -> bool:
    """Return whether a user may delete a comment: its author and moderators may."""
    return is_moderator(user) or (user.is_authenticated and comment.author_id == user.pk)

"""Anonymises what a former member wrote on the board."""

from __future__ import annotations

from feedback.models import Comment, Follow, Post, StatusChange, Vote

AUTHORSHIPS = (
    (Post, "author"),
    (Comment, "author"),
    (Vote, "user"),
    (StatusChange, "by"),
)


def anonymise(user_id: int, size: int) -> int:
    """Anonymise up to `size` rows that refer to a user.

    Posts, comments, votes and decisions remain without their author; follows are deleted.

    Returns:
        The number of rows changed; 0 if none were left.
    """
    for model, field in AUTHORSHIPS:
        portion = model._default_manager.filter(**{field: user_id}).values_list("pk", flat=True)
        if keys := list(portion[:size]):
            return model._default_manager.filter(pk__in=keys).update(**{field: None})
    keys = list(Follow.objects.filter(user=user_id).values_list("pk", flat=True)[:size])
    Follow.objects.filter(pk__in=keys).delete()
    return len(keys)

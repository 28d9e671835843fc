"""Determines which users may get recaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from .conf import callable_of


def eligible(pks: Collection[Any]) -> frozenset[Any]:
    """Return the primary keys, among `pks`, of users that the site's RECIPIENTS includes.

    Args:
        pks: few enough for one database query.
    """
    recipients: Iterable[Any] = callable_of("RECIPIENTS")()
    if isinstance(recipients, QuerySet):
        # A subquery, because the site's queryset may be sliced, distinct or joined.
        users: QuerySet[Any] = QuerySet(recipients.model, using=recipients.db)
        found = users.filter(pk__in=pks).filter(pk__in=recipients.values("pk"))
        return frozenset(found.values_list("pk", flat=True))
    wanted = frozenset(pks)
    return frozenset(user.pk for user in recipients if user.pk in wanted)


def is_eligible(user: Any) -> bool:
    """Return whether a user may get recaps. Anonymous users may not."""
    return user.pk is not None and user.pk in eligible([user.pk])

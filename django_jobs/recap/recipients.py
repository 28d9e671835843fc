"""Which users the site admits to recaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from .conf import callable_of


def eligible(pks: Collection[Any]) -> frozenset[Any]:
    """Return those of some users' primary keys whom the site's RECIPIENTS admits.

    Args:
        pks: few enough for one database query.
    """
    recipients: Iterable[Any] = callable_of("RECIPIENTS")()
    if isinstance(recipients, QuerySet):
        # As a subquery, as the site's own may be sliced, distinct or joined to anything.
        users: QuerySet[Any] = QuerySet(recipients.model, using=recipients.db)
        found = users.filter(pk__in=pks).filter(pk__in=recipients.values("pk"))
        return frozenset(found.values_list("pk", flat=True))
    wanted = frozenset(pks)
    return frozenset(user.pk for user in recipients if user.pk in wanted)


def is_eligible(user: Any) -> bool:
    """Return whether a user may get recaps; an anonymous one may not."""
    return user.pk is not None and user.pk in eligible([user.pk])

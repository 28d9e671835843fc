"""Closing an account and anonymising what its member wrote."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import Picture, Profile
from feedback.leaving import anonymise

PORTION = 100
PREFIX = "former-member-"


def close_account(user: User) -> None:
    """Lock the member out, and delete their name, e-mail address and picture.

    What they wrote may be a lot, so jobs anonymise it in portions.
    """
    with transaction.atomic():
        Picture.objects.filter(user=user).delete()
        Profile.objects.filter(user=user).delete()
        user.username = _former_username(user.pk)
        user.email = user.first_name = user.last_name = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
        user.groups.clear()
        user.user_permissions.clear()


def anonymise_portion(
    user_id: int, enqueue_next: Callable[[int], object], size: int = PORTION
) -> int:
    """Anonymise up to `size` rows that a former member left.

    Args:
        user_id: a member whose account is closed. Others are left alone.
        enqueue_next: called with the user's id, in the transaction, if there may be more rows.
        size: the largest number of rows to change.

    Returns:
        The number of rows changed. If none were left, the account has been deleted.
    """
    with transaction.atomic():
        leaving = User.objects.filter(pk=user_id, username=_former_username(user_id))
        if not leaving.exists():
            return 0
        touched = anonymise(user_id, size)
        if touched:
            enqueue_next(user_id)
        else:
            leaving.delete()
        return touched


def members_leaving() -> list[int]:
    """Return the ids of closed accounts that are not deleted yet."""
    return list(User.objects.filter(username__startswith=PREFIX).values_list("pk", flat=True))


def _former_username(user_id: int) -> str:
    return f"{PREFIX}{user_id}"

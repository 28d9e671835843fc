"""How a member's traces leave the site."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import Picture, Profile
from feedback.leaving import anonymise

PORTION = 100
PREFIX = "former-member-"


def close_account(user: User) -> None:
    """Lock the member out at once, without name, mail address or picture.

    What they wrote stays for the moment: it may be a lot, so a job takes it in portions.
    """
    with transaction.atomic():
        Picture.objects.filter(user=user).delete()
        Profile.objects.filter(user=user).delete()
        user.username = _name_of_the_departed(user.pk)
        user.email = user.first_name = user.last_name = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()
        user.groups.clear()
        user.user_permissions.clear()


def take_portion(user_id: int, go_on: Callable[[int], object], size: int = PORTION) -> int:
    """Anonymise up to `size` things a former member left.

    Args:
        user_id: a member whose account was closed. Anybody else is left alone.
        go_on: called with the user's id, in the portion's transaction, while there may be more.
        size: how many rows to touch.

    Returns:
        How many rows were touched. With none left, the account itself is deleted.
    """
    with transaction.atomic():
        leaving = User.objects.filter(pk=user_id, username=_name_of_the_departed(user_id))
        if not leaving.exists():
            return 0
        touched = anonymise(user_id, size)
        if touched:
            go_on(user_id)
        else:
            leaving.delete()
        return touched


def people_leaving() -> list[int]:
    """Return the ids of all whose account is closed while traces of them are left."""
    return list(User.objects.filter(username__startswith=PREFIX).values_list("pk", flat=True))


def _name_of_the_departed(user_id: int) -> str:
    return f"{PREFIX}{user_id}"

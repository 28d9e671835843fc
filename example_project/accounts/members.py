"""Members as templates show them."""

from __future__ import annotations

from zlib import crc32

from django import template
from django.contrib.auth.models import User

register = template.Library()

FORMER = "Former member"
HUES = 8


@register.filter
def member_name(user: User | None) -> str:
    """Return what a member is called; those who left have no name."""
    if user is None or not user.is_active:
        return FORMER
    profile = getattr(user, "profile", None)
    return profile.name if profile else user.get_username()


@register.inclusion_tag("parts/avatar.html")
def avatar(user: User | None, size: str = "") -> dict[str, object]:
    """Show a member's picture, or the initials on a colour of their own.

    Args:
        user: the member, None for one who left.
        size: "" or "large".
    """
    name = member_name(user)
    profile = getattr(user, "profile", None) if name != FORMER else None
    initials = "".join(word[0] for word in name.split()[:2]).upper()
    return {
        "url": profile.picture_url if profile else "",
        "initials": initials if name != FORMER else "",
        "hue": crc32(str(user.pk).encode()) % HUES if user else 0,
        "size": size,
    }

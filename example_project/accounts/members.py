"""Template tags that show members."""

from __future__ import annotations

from zlib import crc32

from django import template
from django.contrib.auth.models import User

register = template.Library()

FORMER = "Former member"
HUES = 8


@register.filter
def member_name(user: User | None) -> str:
    """Return the name of a member, or "Former member"."""
    if user is None or not user.is_active:
        return FORMER
    profile = getattr(user, "profile", None)
    return profile.name if profile else user.get_username()


@register.inclusion_tag("parts/avatar.html")
def avatar(user: User | None, size: str = "") -> dict[str, object]:
    """Show a member's picture, or their initials on a colour.

    Args:
        user: the member, or None for a former member.
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

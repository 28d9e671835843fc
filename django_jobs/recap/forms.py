"""The form for a user's recap settings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from .conf import recaps_run
from .models import RecapSettings, known_zones
from .recipients import is_eligible

HOURS = [(hour, f"{hour:02}:00") for hour in range(24)]
AREAS = (
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
)


class RecapSettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """A user's recap settings.

    The form has no fields if the backend is not persistent, or if the user may not get recaps. It
    then ignores posted data, and `save()` stores nothing.

    Attributes:
        notice: a sentence to show instead of the fields, or "".
    """

    prefix = "recap"

    hour = forms.TypedChoiceField(label=_("Time of day"), coerce=int, choices=HOURS)
    time_zone = forms.ChoiceField(label=_("Time zone"))

    class Meta:
        model = RecapSettings
        fields = ["enabled", "frequency", "hour", "time_zone"]

    def __init__(self, data: Any = None, *, user: Any, **kwargs: Any) -> None:
        self.user = user
        may_get = is_eligible(user)
        kwargs.setdefault("instance", _choice_of(user) if may_get else RecapSettings())
        super().__init__(data, **kwargs)
        self.notice = ""
        if may_get and recaps_run():
            self._offer_zones()
            return
        self.fields.clear()
        if may_get and getattr(user, "is_staff", False):
            self.notice = gettext("Recaps need the Redis backend.")

    def save(self, commit: bool = True) -> RecapSettings:
        """Store the settings, unless the form has no fields."""
        choice: RecapSettings = super().save(commit) if self.fields else self.instance
        return choice

    def _offer_zones(self) -> None:
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _zone_choices(self.instance.time_zone)


def _choice_of(user: Any) -> RecapSettings:
    return RecapSettings.objects.filter(user=user).first() or RecapSettings(user=user)


def _zone_choices(chosen: str) -> list[tuple[str, Any]]:
    """Return the time zones by area; of the legacy names only the current choice."""
    areas: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for name in sorted(known_zones()):
        area, _slash, place = name.partition("/")
        if area in areas:
            areas[area].append((name, place.replace("_", " ")))
    others = sorted({"UTC", chosen} - {name for zones in areas.values() for name, _ in zones})
    return [*((name, name) for name in others), *areas.items()]

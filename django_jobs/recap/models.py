"""The rows of the recap: choices of users, deliveries to them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from django_jobs import clock

from .periods import Frequency, Period, RecapTime, next_due

logger = logging.getLogger("django_jobs.recap")


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones of this machine, which costs a walk through files."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Refuse what is not the name of a time zone."""
    if name not in known_zones():
        raise ValidationError(
            _("“%(name)s” is not a time zone; choose one such as Europe/Berlin."),
            code="time_zone",
            params={"name": name},
        )


class RecapSettings(models.Model):
    """One user's choice. Without a row, or with `enabled` false, there are no recaps.

    `due_at` follows from the other fields, so that the periodic task finds who is due through
    an index. Whatever is stored past `save()` counts from the next tick or recap on.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recap_settings"
    )
    enabled = models.BooleanField(_("Send me a recap"), default=False)
    frequency = models.CharField(
        _("How often"), max_length=10, choices=Frequency.choices, default=Frequency.DAILY
    )
    hour = models.PositiveSmallIntegerField(_("At"), default=8, validators=[MaxValueValidator(23)])
    time_zone = models.CharField(
        _("Time zone"),
        max_length=64,
        default=timezone.get_default_timezone_name,
        validators=[validate_time_zone],
    )
    due_at = models.DateTimeField(null=True, editable=False, db_index=True)

    class Meta:
        verbose_name = _("recap settings")
        verbose_name_plural = _("recap settings")

    def __str__(self) -> str:
        return f"recap settings of user {self.user_id}"

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Store the choice together with the instant at which it is due next."""
        self._reschedule()
        if update_fields is not None:
            update_fields = {*update_fields, "due_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def wanted(self) -> RecapTime:
        """The choice as the calculations of `periods` take it."""
        return RecapTime(Frequency(self.frequency), self.hour, self._zone())

    def _reschedule(self) -> None:
        now = clock.from_ms(clock.now_ms())
        if not self.enabled:
            self.due_at = None
        # A recap that is due already waits for the next tick: to move it now would lose it.
        elif self.due_at is None or self.due_at > now:
            self.due_at = next_due(self.wanted, now)

    def _zone(self) -> ZoneInfo:
        if self.time_zone in known_zones():
            return ZoneInfo(self.time_zone)
        # Zones get renamed; one user's old name must not keep everybody from their recaps.
        logger.warning(
            "User %s has the unknown time zone %r, so recaps come by the site's clock.",
            self.user_id,
            self.time_zone,
        )
        return ZoneInfo(timezone.get_default_timezone_name())


class DeliveryState(models.TextChoices):
    """How far one recap has come."""

    CLAIMED = "claimed", _("claimed")
    ENQUEUED = "enqueued", _("enqueued")
    SENT = "sent", _("sent")
    EMPTY = "empty", _("nothing to say")
    DROPPED = "dropped", _("not wanted any more")


OPEN_STATES = (DeliveryState.CLAIMED, DeliveryState.ENQUEUED)


class RecapDelivery(models.Model):
    """The one recap of one user for one period: whoever inserts the row delivers it.

    Only the job that `job_id` names may send it. `CLAIMED` means that this job may have been
    lost between the commit of the row and the broker, `ENQUEUED` that the broker has it.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recap_deliveries"
    )
    period = models.CharField(max_length=20)
    start = models.DateTimeField()
    end = models.DateTimeField(db_index=True)
    state = models.CharField(
        max_length=10, choices=DeliveryState.choices, default=DeliveryState.CLAIMED
    )
    job_id = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("recap delivery")
        verbose_name_plural = _("recap deliveries")
        constraints = [
            models.UniqueConstraint(fields=["user", "period"], name="one_recap_a_period"),
        ]
        indexes = [
            models.Index(
                fields=["claimed_at"],
                condition=models.Q(state=DeliveryState.CLAIMED),
                name="recaps_maybe_lost",
            ),
        ]

    def __str__(self) -> str:
        return f"recap {self.period} of user {self.user_id}"

    def covered(self) -> Period:
        """Return the time that this recap covers."""
        return Period.from_key(self.period, self.start, self.end)

    def is_superseded(self) -> bool:
        """Return whether the user's recap for a later period is on its way already."""
        frequency = self.covered().frequency
        later = RecapDelivery.objects.filter(user=self.user_id, end__gt=self.end)
        return later.filter(period__startswith=f"{frequency}:").exists()

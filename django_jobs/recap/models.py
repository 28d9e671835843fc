"""The models of the recap: settings of users and deliveries."""

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
    """Return the names of all time zones. Cached, because it searches the file system."""
    return frozenset(available_timezones())


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless a text is the name of a time zone."""
    if name not in known_zones():
        raise ValidationError(
            _("“%(name)s” is not a valid time zone. Choose one such as Europe/Berlin."),
            code="time_zone",
            params={"name": name},
        )


class RecapSettings(models.Model):
    """A user's recap settings. A user without a row, or with `enabled=False`, gets no recaps.

    `save()` computes `due_at` from the other fields, so that the periodic task finds users who are
    due by an index. Changes made without `save()` take effect after the next tick or recap.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recap_settings"
    )
    enabled = models.BooleanField(_("Email me a recap"), default=False)
    frequency = models.CharField(
        _("Frequency"), max_length=10, choices=Frequency.choices, default=Frequency.DAILY
    )
    hour = models.PositiveSmallIntegerField(
        _("Time of day"), default=8, validators=[MaxValueValidator(23)]
    )
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
        """Store the settings and the time at which the next recap is due."""
        self._reschedule()
        if update_fields is not None:
            update_fields = {*update_fields, "due_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def wanted(self) -> RecapTime:
        """When the user wants recaps."""
        return RecapTime(Frequency(self.frequency), self.hour, self._zone())

    def _reschedule(self) -> None:
        now = clock.from_ms(clock.now_ms())
        if not self.enabled:
            self.due_at = None
        # A recap that is already due waits for the next tick; rescheduling would lose it.
        elif self.due_at is None or self.due_at > now:
            self.due_at = next_due(self.wanted, now)

    def _zone(self) -> ZoneInfo:
        if self.time_zone in known_zones():
            return ZoneInfo(self.time_zone)
        # Time zones get renamed. One user's old name must not block everyone's recaps.
        logger.warning(
            "User %s has the unknown time zone %r; using the site's time zone for recaps.",
            self.user_id,
            self.time_zone,
        )
        return ZoneInfo(timezone.get_default_timezone_name())


class DeliveryState(models.TextChoices):
    """The state of a delivery."""

    CLAIMED = "claimed", _("claimed")
    ENQUEUED = "enqueued", _("enqueued")
    SENT = "sent", _("sent")
    EMPTY = "empty", _("empty")
    DROPPED = "dropped", _("dropped")


OPEN_STATES = (DeliveryState.CLAIMED, DeliveryState.ENQUEUED)


class RecapDelivery(models.Model):
    """The delivery of one user's recap for one period. The unique constraint allows only one.

    Only the job that `job_id` names may send it. In state `CLAIMED` the row is committed but the
    broker may not have the job; in state `ENQUEUED` it has.
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
        """Return the period that this recap covers."""
        return Period.from_key(self.period, self.start, self.end)

    def is_superseded(self) -> bool:
        """Return whether there is a delivery to the user for a later period."""
        frequency = self.covered().frequency
        later = RecapDelivery.objects.filter(user=self.user_id, end__gt=self.end)
        return later.filter(period__startswith=f"{frequency}:").exists()

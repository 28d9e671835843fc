"""Sends a recap, if the job that runs is the one that may."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from django_jobs.mail.sending import send_now

from .conf import callable_of
from .content import RecapContent
from .mail import recap_message
from .models import OPEN_STATES, DeliveryState, RecapDelivery
from .recipients import is_eligible


def deliver(user_pk: Any, period: str, job_id: str) -> str | None:
    """Send a user's recap for a period, unless it was sent or belongs to another job.

    Returns:
        The state of the delivery, or None if it does not belong to this job.
    """
    mine = RecapDelivery.objects.filter(
        user=user_pk, period=period, job_id=job_id, state__in=OPEN_STATES
    )
    # The delivery has reached its job, so it must not be enqueued again as lost.
    if not mine.update(state=DeliveryState.ENQUEUED):
        return None
    state = _sent(mine.select_related("user__recap_settings").get())
    mine.update(state=state)
    return state.value


def _sent(delivery: RecapDelivery) -> DeliveryState:
    """Send a recap if the user wants it and it has content; return the resulting state."""
    if not _is_wanted(delivery):
        return DeliveryState.DROPPED
    user = delivery.user
    with timezone.override(user.recap_settings.wanted.zone):
        content: RecapContent | None = callable_of("CONTENT")(user, delivery.covered())
        if content is None or content.is_empty:
            return DeliveryState.EMPTY
        # Not by another job: the row must record whether the email was really sent.
        send_now(recap_message(user, delivery.covered(), content))
    return DeliveryState.SENT


def _is_wanted(delivery: RecapDelivery) -> bool:
    """Return whether the user still wants this recap, may get it, and has an email address."""
    user = delivery.user
    try:
        enabled = user.recap_settings.enabled
    except ObjectDoesNotExist:
        return False
    return (
        enabled and bool(_address_of(user)) and is_eligible(user) and not delivery.is_superseded()
    )


def _address_of(user: Any) -> str:
    """Return the email address of a user of any model, or ""."""
    return getattr(user, user.get_email_field_name(), "") or ""

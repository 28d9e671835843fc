"""What tests let the processes of their site do: `python -m tests.apps.recap_site.program tick`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import timedelta

import django
from django.core.management import call_command
from django.utils import timezone

USERS = 40


def prepare() -> None:
    """Make an empty database, with users who are all due now, and not again for hours."""
    from django.contrib.auth.models import User

    from django_jobs.recap.models import RecapSettings

    call_command("migrate", verbosity=0)
    now = timezone.now()
    made = [
        User(username=f"user{number}", email=f"user{number}@example.com", is_staff=True)
        for number in range(USERS)
    ]
    User.objects.bulk_create(made)
    choices = [
        RecapSettings(
            user=user,
            enabled=True,
            hour=(now.hour + 12) % 24,
            time_zone="UTC",
            due_at=now - timedelta(minutes=1),
        )
        for user in User.objects.all()
    ]
    RecapSettings.objects.bulk_create(choices)


def tick() -> None:
    """Do what the periodic task does."""
    from django_jobs.recap.tasks import enqueue_due_recaps

    enqueue_due_recaps.func()


def repeat() -> None:
    """Enqueue every recap once more, as somebody might by mistake."""
    from django_jobs.recap.models import RecapDelivery
    from django_jobs.recap.tasks import send_recap

    send_recap.bulk_enqueue(RecapDelivery.objects.values_list("user", "period"))


def report() -> None:
    """Print how many deliveries are in which state."""
    from django_jobs.recap.models import RecapDelivery

    print(json.dumps(Counter(RecapDelivery.objects.values_list("state", flat=True))))


ACTIONS = {action.__name__: action for action in (prepare, tick, repeat, report)}

if __name__ == "__main__":
    django.setup()
    for name in sys.argv[1:]:
        ACTIONS[name]()

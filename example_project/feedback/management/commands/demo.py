"""The command that fills the board with demo data."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from django_jobs.backends import is_persistent
from feedback.demo.fill import fill
from feedback.demo.people import ACCOUNTS


class Command(BaseCommand):
    """Fill the board once, then say where to look."""

    help = "Fill the board with demo data and print the accounts. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill the board on a development site.

        Raises:
            CommandError: the site is not in DEBUG, where known passwords would be an open door.
        """
        if not settings.DEBUG:
            raise CommandError(
                "The demo accounts have passwords that everybody knows, "
                "so they are made on development sites only: set DEBUG=1."
            )
        added = fill()
        self.stdout.write(f"Demo data: {added} posts added." if added else "Demo data: in place.")
        self.stdout.write(f"\n  The site   {self.style.SUCCESS(settings.SITE_URL + '/')}\n\n")
        for person in ACCOUNTS:
            self.stdout.write(f"  {person.role:<10} {person.email:<24} {person.password}")
        self.stdout.write(
            "\nWhere to look first\n"
            "  1. Join with any address, then look at Mails: a job has sent a link to go on with.\n"
            "  2. Sign in as the moderator, open a post and change its status:\n"
            "     its followers get mail, and the strip at the foot of the page says so.\n"
            "  3. Ask for a profile picture at /profile/, by its web address.\n"
            "  4. Sign in as the admin and open Jobs: there you see what the background does.\n"
        )
        if is_persistent():
            self.stdout.write("  5. As the moderator, switch the daily recap on at /profile/.\n")

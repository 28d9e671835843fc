"""The command that brings the site to life: its tables and the demo data."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from django_jobs.backends import is_persistent
from feedback.demo.fill import fill
from feedback.demo.people import ACCOUNTS


class Command(BaseCommand):
    """Migrates, adds the demo data, and prints the accounts and what to try first."""

    help = "Migrates, adds the demo data, and prints the accounts. Safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, and add the demo data.

        Raises:
            CommandError: `DEBUG` is off, where well-known passwords would be a security hole.
        """
        if not settings.DEBUG:
            raise CommandError(
                "The passwords of the demo accounts are public, so the accounts are created on "
                "development sites only: set DEBUG=1."
            )
        call_command("migrate", verbosity=0)
        added = fill()
        self.stdout.write(f"Demo data: {added} posts added." if added else "Demo data: in place.")
        self.stdout.write(f"\n  The site   {self.style.SUCCESS(settings.SITE_URL + '/')}\n\n")
        for person in ACCOUNTS:
            self.stdout.write(f"  {person.role:<10} {person.email:<24} {person.password}")
        self.stdout.write(
            "\nWhat to try first\n"
            "  1. Join with any address, then open Mails: a job has sent you a link to continue.\n"
            "  2. Sign in as the moderator, open a post and change its status:\n"
            "     jobs send mail to its followers, as you can see at the bottom of the page.\n"
            "  3. At /profile/, give the web address of a profile picture: a job downloads it.\n"
            "  4. Sign in as the admin and open Jobs: this is the dashboard.\n"
        )
        if is_persistent():
            self.stdout.write("  5. As the moderator, switch on the daily recap at /profile/.\n")

"""Tasks of the project itself, in no installed app."""

from __future__ import annotations

from django.core.management import call_command

from django_jobs import task


@task
def publish_what_is_due() -> None:
    call_command("publish_scheduled")

"""A task as Wagtail has them, in a module with a name of the library's own choice."""

from __future__ import annotations

import os
from pathlib import Path

from django_tasks import task

if notice := os.environ.get("NOTICE_OF_IMPORT"):
    Path(notice).touch()


@task
def send(parcel: str) -> str:
    return f"{parcel} is on its way"

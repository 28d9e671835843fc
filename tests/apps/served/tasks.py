"""Jobs whose effect outlives the process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from django_jobs import task

EFFECTS = Path(os.environ["SERVED_DIRECTORY"], "effects")


@task
def leave_effect(number: int, seconds: float) -> None:
    threading.Event().wait(seconds)
    with EFFECTS.open("a") as file:
        file.write(f"{number}\n")

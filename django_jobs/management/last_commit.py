"""Describes the commit that a project's folder is at, as Git tells it."""

from __future__ import annotations

import subprocess

from django.core.management.base import CommandError

TIMEOUT = 10
"""Seconds after which Git is not waited for."""


def describe_last_commit() -> str:
    """Return the short hash and the subject of the commit in the current folder, as they print.

    Raises:
        CommandError: Git is missing, or the folder is not in a repository that it may read.
    """
    try:
        done = subprocess.run(
            ["git", "log", "-1", "--format=%h %s"],  # noqa: S607 (wherever it is installed)
            capture_output=True,
            check=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
        )
    except subprocess.CalledProcessError as error:
        raise _unknown(error.stderr.strip().partition("\n")[0] or "it failed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unknown(str(error)) from error
    return "".join(filter(str.isprintable, done.stdout)).strip()


def _unknown(reason: str) -> CommandError:
    return CommandError(
        f"Git does not tell what is deployed ({reason}). Give a label: manage.py jobs mark-deploy"
        ' "release 12".'
    )

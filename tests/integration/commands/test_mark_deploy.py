"""`manage.py jobs mark-deploy`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from django_jobs.backends import JobBackend
from django_jobs.clock import now_ms
from django_jobs.management.jobs.json_output import iso_time
from django_jobs.metrics.deploys import MAX_LABEL
from django_jobs.metrics.periods import DAY
from django_jobs.testing import override_backend
from tests.integration.commands.helpers import Jobs
from tests.support.ports import free_port

HOUR_AGO = iso_time(now_ms() // 1000 * 1000 - 3_600_000)


def labels(backend: JobBackend) -> list[str]:
    return [mark.label for mark in backend.broker.inspection.metrics.deploys(0)]


def commit(folder: Path, subject: str) -> str:
    """Commit in a new repository, and return the short hash."""

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", subject)
    return git("rev-parse", "--short", "HEAD")


def test_a_mark_is_stored_and_told(jobs: Jobs, redis_backend: JobBackend) -> None:
    assert jobs("mark-deploy", "release 12").out.startswith("Marked on the charts: release 12, ")
    told = jobs("mark-deploy", "release 11", "--at", HOUR_AGO, "--json").json
    assert told == {"label": "release 11", "at": HOUR_AGO}
    assert labels(redis_backend) == ["release 11", "release 12"]


def test_a_retry_is_told_the_mark_that_stands(jobs: Jobs, redis_backend: JobBackend) -> None:
    first = jobs("mark-deploy", "v1", "--json").json
    assert jobs("mark-deploy", "v1", "--json").json == first
    assert labels(redis_backend) == ["v1"]


def test_the_last_commit_is_the_default(
    jobs: Jobs, redis_backend: JobBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = commit(tmp_path, "Send\u200b receipts\a " + "again and " * 20)
    monkeypatch.chdir(tmp_path)
    jobs("mark-deploy")
    assert labels(redis_backend) == [
        f"{known} Send receipts {'again and ' * 20}"[:MAX_LABEL].strip()
    ]


@pytest.mark.parametrize("path", ["", None])
def test_without_git_a_label_is_asked_for(
    path: str | None,
    jobs: Jobs,
    redis_backend: JobBackend,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    if path is not None:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(CommandError, match=r"Git does not tell what is deployed .* Give a label"):
        jobs("mark-deploy")
    assert labels(redis_backend) == []


@pytest.mark.parametrize("label", ["", "a\nb", "x" * (MAX_LABEL + 1)])
def test_a_label_that_cannot_be_shown_is_an_error(
    label: str, jobs: Jobs, redis_backend: JobBackend
) -> None:
    with pytest.raises(CommandError, match="label of a deploy"):
        jobs("mark-deploy", label)
    assert labels(redis_backend) == []


@pytest.mark.parametrize("time", ["yesterday", "", "12", "2027-13-01", "99999-01-01T00:00"])
def test_a_time_that_is_none_is_an_error(time: str, jobs: Jobs, redis_backend: JobBackend) -> None:
    with pytest.raises(CommandError, match="give a time such as 2027-01-31T18:00"):
        jobs("mark-deploy", "v1", "--at", time)


def test_a_time_that_no_chart_shows_is_an_error(jobs: Jobs, redis_backend: JobBackend) -> None:
    for days, complaint in ((1, "in the future"), (-33, "kept for 32 days")):
        with pytest.raises(CommandError, match=complaint):
            jobs("mark-deploy", "v1", "--at", iso_time(now_ms() + days * DAY))
    for time in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00"):
        with pytest.raises(CommandError):
            jobs("mark-deploy", "v1", "--at", time)
    assert labels(redis_backend) == []


def test_in_memory_it_would_be_lost(jobs: Jobs) -> None:
    with pytest.raises(
        CommandError, match=r"ThreadPoolBackend.* would be lost .*JOB_BACKEND=redis"
    ):
        jobs("mark-deploy", "v1")


def test_an_unknown_backend_is_an_error(jobs: Jobs, redis_backend: JobBackend) -> None:
    with pytest.raises(CommandError, match="alias of TASKS"):
        jobs("mark-deploy", "v1", "--backend", "defualt")


def test_a_redis_that_is_away_is_an_error(jobs: Jobs) -> None:
    away = override_backend("redis", url=f"redis://:secret@127.0.0.1:{free_port()}/0")
    with away, pytest.raises(CommandError) as refused:
        jobs("mark-deploy", "v1")
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)

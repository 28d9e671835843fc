"""One mail per user, although ticks repeat and processes die, on real servers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.apps.recap_site.program import USERS
from tests.support import postgres_server as postgres
from tests.support.live_site import LiveSite, output
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_until

EVERYBODY = Counter(f"user{number}@example.com" for number in range(USERS))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    if request.param == "sqlite":
        options = {"transaction_mode": "IMMEDIATE", "timeout": 60}
        name = str(tmp_path / "database")
        yield {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options}
        return
    if not postgres.is_installed():
        pytest.skip("PostgreSQL is not on this machine: apt-get install postgresql")
    server = postgres.PostgresServer()
    server.start()
    yield server.database
    server.stop()


@pytest.fixture
def live(
    database: dict[str, Any], redis_url: str, mail_server: MailServer, tmp_path: Path
) -> Iterator[LiveSite]:
    """The site, with its users all due."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "tests.apps.recap_site.settings",
        "PYTHONPATH": "example_project",
        "RECAP_DATABASE": json.dumps(database),
        "RECAP_REDIS": redis_url,
        "RECAP_SMTP_PORT": str(mail_server.port),
    }
    site = LiveSite(environment, tmp_path)
    try:
        output(site.act("prepare"))
        yield site
    finally:
        site.end()


def addressees(server: MailServer) -> Counter[str]:
    return Counter(address for mail in server.received for address in mail.rcpt_tos)


def test_ticks_at_once_repeated_jobs_and_two_workers_send_one_mail_each(
    live: LiveSite, mail_server: MailServer
) -> None:
    for tick in [live.act("tick") for _ in range(2)]:
        output(tick)
    output(live.act("repeat", "tick", "repeat"))

    for worker in [live.worker("--burst") for _ in range(2)]:
        output(worker)

    assert addressees(mail_server) == EVERYBODY
    assert json.loads(output(live.act("report"))) == {"sent": USERS}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_killed_worker_leaves_no_user_without_a_mail(
    live: LiveSite, mail_server: MailServer
) -> None:
    output(live.act("tick"))
    killed = live.worker()
    wait_until(lambda: len(mail_server.received) >= 5, "no mails came")
    killed.kill9()

    live.worker()
    wait_until(lambda: set(addressees(mail_server)) == set(EVERYBODY), "mails were lost")
    mails = [message_from_bytes(mail.original_content or b"") for mail in mail_server.received]
    ids = {mail["Message-ID"] for mail in mails}
    assert len(ids) == USERS, "a second copy is the same mail"

"""A delivery is sent once, or not at all for a stated reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPDataError

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from django_jobs.errors import Fail
from django_jobs.recap.delivery import deliver
from django_jobs.recap.models import DeliveryState, RecapDelivery, RecapSettings
from tests.integration.recap.helpers import LOCMEM, NOW, MailThrough, MakeUser

pytestmark = pytest.mark.django_db

KEY = "daily:2026-05-20"
JOB = "0123456789abcdef"


@pytest.fixture
def user(make_user: MakeUser) -> User:
    return make_user(hour=8)


@pytest.fixture
def delivery(user: User) -> RecapDelivery:
    return claimed(user)


def claimed(user: User, key: str = KEY, days: int = 0) -> RecapDelivery:
    end = NOW + timedelta(days=days)
    return RecapDelivery.objects.create(
        user=user,
        period=key,
        start=end - timedelta(days=1),
        end=end,
        job_id=JOB,
        claimed_at=NOW,
    )


def state(delivery: RecapDelivery) -> str:
    delivery.refresh_from_db()
    return delivery.state


class Refusing(EmailBackend):
    """A mail server that answers every mail with a code."""

    code = 550

    def send_messages(self, messages: object) -> int:
        raise SMTPDataError(self.code, b"no such user")


class Busy(Refusing):
    code = 451


def test_it_is_sent(user: User, delivery: RecapDelivery) -> None:
    assert deliver(user.pk, KEY, JOB) == "sent"
    assert state(delivery) == DeliveryState.SENT
    assert [message.to for message in mail.outbox] == [["ada@example.com"]]


def test_the_same_job_once_more_sends_nothing(user: User, delivery: RecapDelivery) -> None:
    assert [deliver(user.pk, KEY, JOB) for _ in range(3)] == ["sent", None, None]
    assert len(mail.outbox) == 1


def test_another_job_sends_nothing(user: User, delivery: RecapDelivery) -> None:
    assert deliver(user.pk, KEY, "another") is None
    assert state(delivery) == DeliveryState.CLAIMED
    assert mail.outbox == []


def test_a_job_of_a_deleted_user_sends_nothing(user: User, delivery: RecapDelivery) -> None:
    pk = user.pk
    user.delete()

    assert deliver(pk, KEY, JOB) is None


@pytest.mark.parametrize("name", ["Nobody", "Quiet"])
def test_without_content_no_mail_is_sent(user: User, delivery: RecapDelivery, name: str) -> None:
    User.objects.update(first_name=name)

    assert deliver(user.pk, KEY, JOB) == "empty"
    assert mail.outbox == []


@pytest.mark.parametrize(
    "change",
    [
        lambda: User.objects.update(is_staff=False),
        lambda: User.objects.update(email=""),
        lambda: RecapSettings.objects.update(enabled=False),
        lambda: RecapSettings.objects.all().delete(),
    ],
    ids=["not admitted", "no address", "switched off", "no choice"],
)
def test_a_recap_that_is_no_longer_wanted_is_dropped(
    user: User, delivery: RecapDelivery, change: Callable[[], object]
) -> None:
    change()

    assert deliver(user.pk, KEY, JOB) == "dropped"
    assert mail.outbox == []


def test_a_recap_that_was_overtaken_by_the_next_one_is_dropped(
    user: User, delivery: RecapDelivery
) -> None:
    claimed(user, "daily:2026-05-21", days=1)

    assert deliver(user.pk, KEY, JOB) == "dropped"
    assert deliver(user.pk, "daily:2026-05-21", JOB) == "sent"


def test_a_recap_of_another_frequency_does_not_overtake_it(
    user: User, delivery: RecapDelivery
) -> None:
    claimed(user, "weekly:2026-05-25", days=5)

    assert deliver(user.pk, KEY, JOB) == "sent"


def test_a_permanent_refusal_ends_the_job(
    user: User, delivery: RecapDelivery, mail_through: MailThrough
) -> None:
    mail_through(f"{__name__}.Refusing")

    with pytest.raises(Fail, match="The mail server refused the email: 550 no such user"):
        deliver(user.pk, KEY, JOB)


def test_after_a_temporary_refusal_the_same_job_sends_it(
    user: User, delivery: RecapDelivery, mail_through: MailThrough
) -> None:
    mail_through(f"{__name__}.Busy")
    with pytest.raises(SMTPDataError):
        deliver(user.pk, KEY, JOB)
    mail_through(LOCMEM)

    assert deliver(user.pk, KEY, JOB) == "sent"
    assert len(mail.outbox) == 1

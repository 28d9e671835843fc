"""The signature of a task's name: who made it, and for which name."""

from __future__ import annotations

import pytest
from django.core.signing import Signer
from pytest_django import Settings

from django_jobs.tasks.signatures import is_signed, sign

NAME = "shop.tasks.ship"


def test_a_name_that_this_site_signed_is_signed() -> None:
    assert is_signed(NAME, sign(NAME))
    assert sign(NAME) == sign(NAME)


def test_a_signature_is_short_as_every_waiting_job_has_one() -> None:
    assert len(sign(NAME)) == len(sign("a" * 10_000)) == 22


@pytest.mark.parametrize(
    "name", ["shop.tasks.shi", "shop.tasks.ship2", "os.system", "", f"{NAME}:", "\ud800"]
)
def test_a_signature_is_for_one_name_only(name: str) -> None:
    assert not is_signed(name, sign(NAME))


@pytest.mark.parametrize(
    "signature",
    [
        "", ":", "a:b", "x" * 22, "=" * 22, sign(NAME)[:-1], sign(NAME) + "x", sign(NAME).upper(),
        f":{sign(NAME)}", f"{sign(NAME)}:", " " + sign(NAME), "\ud800", "ü" * 22, "\x00",
        "x" * 10**6,
        Signer().signature(NAME), Signer(salt="django_jobs.task", key="guessed").signature(NAME),
    ],
    ids=lambda signature: ascii(signature[:30]),
)  # fmt: skip
def test_a_forged_signature_is_none(signature: str) -> None:
    assert not is_signed(NAME, signature)


def test_the_key_may_be_replaced_while_jobs_wait(settings: Settings) -> None:
    settings.SECRET_KEY = "the old one"
    before = sign(NAME)
    settings.SECRET_KEY = "the new one"
    assert sign(NAME) != before
    assert not is_signed(NAME, before)
    settings.SECRET_KEY_FALLBACKS = ["an older one", "the old one"]
    assert is_signed(NAME, before)

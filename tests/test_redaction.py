"""What is secret in a job's arguments stays so."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import task
from django_jobs.arguments import encode_arguments, encode_value
from django_jobs.mail import tasks as mails
from django_jobs.redaction import MASK, WORDS, Redactor
from tests.dashboard import tasks


def redacted(task: Any, *args: Any, **kwargs: Any) -> Any:
    name = task if isinstance(task, str) else task.module_path
    return json.loads(Redactor().arguments(name, encode_arguments(args, kwargs)))


def charge(iban: str, order: Any) -> None:
    """What a task of these tests would do."""


def anything(**kwargs: str) -> None:
    """The same."""


def test_what_a_task_wants_hidden_is_hidden_however_it_is_given() -> None:
    order = {"card": "4111", "items": [1]}

    assert redacted(tasks.charge, "DE02", order, note="n") == [
        [MASK, {"card": MASK, "items": [1]}],
        {"note": "n"},
    ]
    assert redacted(tasks.charge, iban="DE02", order=[order, order, 5]) == [
        [],
        {"iban": MASK, "order": [{"card": MASK, "items": [1]}] * 2 + [5]},
    ]
    assert redacted(tasks.charge, "DE02", {}, "PIN", "TAN") == [[MASK, {}, MASK, MASK], {}]


def test_a_path_leads_into_dicts_that_look_like_ours() -> None:
    order = {"card": "4111"}
    assert redacted(tasks.charge, "", {"$date": 1, "card": "4111"})[0][1]["card"] == MASK
    assert "4111" not in json.dumps(redacted(tasks.charge, "", {"$dict": order}))


@pytest.mark.parametrize("key", [*WORDS, "Password2", "x-api-key", "USER_TOKEN", "apiKey"])
def test_names_that_sound_secret_are_hidden_at_any_depth(key: str) -> None:
    given = {"a": [{key: "hunter2", "b": 1}]}

    assert redacted(tasks.charge, "", given)[0][1] == {"a": [{key: MASK, "b": 1}]}


def test_parameters_have_their_names_behind_a_context_too() -> None:
    assert redacted(tasks.sign_in, "ada", "hunter2") == [["ada", MASK], {}]


def test_what_nobody_knows_the_name_of_is_hidden() -> None:
    assert redacted("shop.gone", "x", y="z", password="p") == [[MASK], {"y": "z", "password": MASK}]
    assert redacted(tasks.sign_in, "ada", "x", "one too many") == [["ada", MASK, MASK], {}]


def test_a_site_chooses_the_words() -> None:
    text = Redactor(("iban",)).arguments(
        tasks.sign_in.module_path, '[[],{"a":{"IBAN_2":1},"token":2}]'
    )

    assert json.loads(text) == [[], {"a": {"IBAN_2": MASK}, "token": 2}]


def test_results_are_redacted_by_the_same_words() -> None:
    assert Redactor().value(encode_value({"token": "x", "n": 2**70})) == (
        f'{{"token":"{MASK}","n":{2**70}}}'
    )
    assert Redactor().value("null") == "null"


@pytest.mark.parametrize("text", ["", "[", "[1]", "[" * 100_000, '"\\ud800"'])
def test_what_is_not_ours_is_shown_as_it_is(text: str) -> None:
    assert Redactor().arguments("shop.gone", text) == text


def test_what_is_not_ours_and_names_a_secret_is_not_shown() -> None:
    assert Redactor().arguments("shop.gone", "[[{password: hunter2") == MASK
    assert Redactor().value("{password: hunter2") == MASK


def test_what_is_not_secret_is_as_it_was() -> None:
    text = '[["größer ✓",1.5,12345678901234567890123,{"$date":"2027-01-01"}],{}]'
    assert Redactor(()).arguments(tasks.sign_in.module_path, text).startswith('[["größer ✓",')
    assert (
        Redactor().arguments(tasks.charge.module_path, '[[],{"note":"x"}]') == '[[],{"note":"x"}]'
    )


def test_the_text_of_mails_is_hidden_and_to_whom_they_go_is_not() -> None:
    shown = redacted(
        mails.deliver, {"subject": "Your password", "body": "https://…", "to": ["a@b"]}
    )

    assert shown[0][0] == {"subject": "Your password", "body": MASK, "to": ["a@b"]}


@pytest.mark.parametrize("path", ["ibam", "cart.card"])
def test_a_name_that_is_no_parameter_is_refused(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: redact='.*': Unknown parameter"):
        task(redact=(path,))(charge)


@pytest.mark.parametrize("path", ["", "order.", ".card", 5])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: redact=.* a path into it"):
        task(redact=(path,))(charge)


def test_a_single_name_needs_no_brackets() -> None:
    assert task(redact="iban")(charge).redact == ("iban",)


def test_any_name_will_do_for_a_task_that_takes_any() -> None:
    assert task(redact=("anything",))(anything).redact == ("anything",)

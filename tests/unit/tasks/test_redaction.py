"""Secrets in a job's arguments stay hidden."""

from __future__ import annotations

import ast
import json
import re
import sys
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs import task
from django_jobs.jobs.progress import Progress
from django_jobs.jobs.records import MESSAGE_LIMIT, Claim, Failure, Job, JobRecord, State
from django_jobs.mail import tasks as mails
from django_jobs.serialization.arguments import dump_arguments, dump_value, peek_arguments
from django_jobs.tasks.redaction.names import MASK, WORDS, SecretNames
from django_jobs.tasks.redaction.redactor import Redactor
from django_jobs.worker.run import verdict
from tests.apps.dashboard_site import tasks


def redacted(task: Any, *args: Any, **kwargs: Any) -> Any:
    name = task if isinstance(task, str) else task.module_path
    return json.loads(Redactor().arguments(name, dump_arguments(args, kwargs)))


def seen(
    task: Any,
    *args: Any,
    error: str | None = None,
    result: str | None = None,
    progress: str | None = None,
    metadata: str = "",
    **kwargs: Any,
) -> JobRecord:
    """A job with all that a test wants, as people may see it."""
    name = task if isinstance(task, str) else task.module_path
    job = Job("j1", dump_arguments(args, kwargs), name, "default", 0, 0, metadata=metadata)
    record = JobRecord(
        job=job,
        state=State.DEAD,
        result=result,
        failures=() if error is None else (failure(error),),
        progress=None if progress is None else Progress(1, 2, progress),
    )
    return Redactor().record(record)


def failure(message: str) -> Failure:
    """An error as it is kept with a job."""
    try:
        raise RuntimeError(message)
    except RuntimeError as error:
        return to_failure(error)


def to_failure(error: Exception) -> Failure:
    """An error as it is kept with a job."""
    job = Job("j1", "[[],{}]", "shop.tasks.charge", "default", 0, 0)
    return verdict.to_failure(error, Claim(job, 1, 1, 1, 0, 0), "w", waited=0, duration=0)


def shown_error(error: Failure, hidden: str) -> Failure:
    """An error of a job that was called with something hidden."""
    arguments = dump_arguments((hidden, {}), {})
    job = Job("j1", arguments, tasks.charge.module_path, "default", 0, 0)
    return Redactor().record(JobRecord(job=job, state=State.DEAD, failures=(error,))).failures[0]


def error_of(message: str, hidden: Any = "") -> Failure:
    """The error of a job that was called with something hidden."""
    return seen(tasks.charge, hidden, {}, error=message).failures[0]


def result_of(value: Any, hidden: Any = "") -> Any:
    """The result of a job that was called with something hidden."""
    return json.loads(seen(tasks.charge, hidden, {}, result=dump_value(value)).result or "")


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


def test_arguments_without_a_known_name_are_hidden() -> None:
    assert redacted("shop.gone", "x", y="z", password="p") == [
        [MASK],
        {"y": MASK, "password": MASK},
    ]
    assert redacted(tasks.sign_in, "ada", "x", "one too many") == [["ada", MASK, MASK], {}]
    # A keyword of the release before, which had another name for a secret.
    assert redacted(tasks.charge, iban="DE02", order={}, account="DE02") == [
        [],
        {"iban": MASK, "order": {}, "account": MASK},
    ]


def test_a_site_chooses_the_words() -> None:
    text = Redactor(("iban",)).arguments(
        tasks.sign_in.module_path, '[[],{"user":{"IBAN_2":1},"api_token":2}]'
    )

    assert json.loads(text) == [[], {"user": {"IBAN_2": MASK}, "api_token": 2}]


def test_results_are_redacted_by_the_same_words() -> None:
    assert result_of({"token": "x", "n": 2**70}) == {"token": MASK, "n": 2**70}
    assert result_of(None) is None


@pytest.mark.parametrize("text", ["", "[", "[1]", "[" * 100_000, '"\\ud800"'])
def test_what_is_not_ours_is_shown_as_it_is(text: str) -> None:
    assert Redactor().arguments("shop.gone", text) == text


def test_what_is_not_ours_and_names_a_secret_is_not_shown() -> None:
    assert Redactor().arguments("shop.gone", "[[{password: hunter2") == MASK
    assert seen(tasks.charge, result="{password: hunter2").result == MASK


def test_other_values_stay_unchanged() -> None:
    text = '[["größer ✓",1.5,12345678901234567890123,{"$date":"2027-01-01"}],{}]'
    assert Redactor(()).arguments(tasks.sign_in.module_path, text).startswith('[["größer ✓",')
    assert (
        Redactor().arguments(tasks.charge.module_path, '[[],{"note":"x"}]') == '[[],{"note":"x"}]'
    )


def test_what_mails_say_is_hidden_and_to_whom_they_go_is_not() -> None:
    payload = {
        "subject": "Your code is 4711",
        "body": "https://…",
        "headers": {"X-Reset": "https://shop.example/reset/c0ffee"},
        "attributes": {"merge_data": {"a@b": {"reset_url": "https://shop.example/reset/c0ffee"}}},
        "to": ["a@b"],
    }

    hidden = dict.fromkeys(("subject", "body", "headers", "attributes"), MASK)
    assert redacted(mails.deliver, payload)[0][0] == {**hidden, "to": ["a@b"]}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "pin",
            "card_pin",
            "cardPin",
            "userPIN",
            "pin2",
            "PIN",
            "user.pin",
            "x-auth",
            "basicAuth",
        ),
        *("pwd", "db_pwd", "otp_code", "smtp_auth", "oauth2_code", "jwt", "sentry_dsn"),
        *("dbpassword", "accesstoken", "setCookie", "APIKey", "X-API-KEY", "BearerValue"),
    ],
)
def test_a_name_with_a_word_in_it_sounds_secret(name: str) -> None:
    assert SecretNames().has(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "author",
            "authority",
            "author_id",
            "pinned",
            "spinner",
            "shipping",
            "opinion",
            "pinned_at",
        ),
        *("hotplug", "option", "robot_parts", "name", "keys", "id", "note", "passage", "spin", ""),
    ],
)
def test_a_word_of_few_letters_inside_another_word_is_nothing(name: str) -> None:
    assert not SecretNames().has(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at /back#access_token=s3cret&x=1", f"at /back#access_token={MASK}&x=1"),
        ("postgres://ada:hun:ter@2@db/x", f"postgres://ada:{MASK}@db/x"),
        ("redis://:hunter2@cache:6379/0 is away", f"redis://:{MASK}@cache:6379/0 is away"),
        ("https://c0ffee@sentry.example/5", f"https://{MASK}@sentry.example/5"),
        (
            "see https://a.example/x?id=5&token=c0ffee#top",
            f"see https://a.example/x?id=5&token={MASK}#top",
        ),
        ("POST /x?api%5Fkey=c0ffee&q=pin", f"POST /x?api%5Fkey={MASK}&q=pin"),
        ("{'X-Auth': 'Bearer eyJhbGciOi.x-y_z'}", f"{{'X-Auth': 'Bearer {MASK}'}}"),
        ("https://a.example:8000/a@b?author=ada", "https://a.example:8000/a@b?author=ada"),
        (
            "ada@example.com: pinned, 5 = 5, basic auth",
            "ada@example.com: pinned, 5 = 5, basic auth",
        ),
        ("ssh://git@host.example", "ssh://git@host.example"),
    ],
)
def test_secrets_that_a_text_marks_are_hidden_in_any_value(text: str, shown: str) -> None:
    assert redacted(tasks.charge, "", text)[0][1] == shown
    assert result_of({"a": [text]}) == {"a": [shown]}
    assert error_of(text).message == shown
    assert f"RuntimeError: {shown}" in error_of(text).traceback


IBAN = "DE02 1203 0000 0000 2020 51"


def test_what_is_hidden_as_an_argument_is_hidden_wherever_it_appears() -> None:
    metadata = json.dumps({"token": "x", "paid": [IBAN]})
    shown_metadata = seen(tasks.charge, IBAN, {}, metadata=metadata).job.metadata
    assert json.loads(shown_metadata) == {"token": MASK, "paid": [MASK]}
    error = error_of(f"bank: no account {IBAN}, {IBAN!r}, DE02120300000000202051", IBAN)
    assert error.message == f"bank: no account {MASK}, '{MASK}', {MASK}"
    assert "2020" not in error.traceback
    assert result_of({"to": f"paid to {IBAN}"}, IBAN) == {"to": f"paid to {MASK}"}
    assert seen(tasks.charge, IBAN, {}, progress=f"to {IBAN}").progress == Progress(
        1, 2, f"to {MASK}"
    )
    shown = redacted(tasks.charge, IBAN, {"memo": f"from {IBAN}", IBAN: 1}, note=IBAN)
    assert shown == [[MASK, {"memo": f"from {MASK}", MASK: 1}], {"note": MASK}]


@pytest.mark.parametrize(
    "hidden", ['it\'s a\n "secret"', "Grüße & ümläüte/?", "a b+c=d%", {"a": ["x"], "b": "c0ffee-1"}]
)
def test_it_is_found_as_python_json_and_urls_write_it(hidden: Any) -> None:
    secret = hidden if isinstance(hidden, str) else hidden["b"]
    message = f"{secret} {secret!r} {json.dumps(secret)} {quote(secret)} {quote_plus(secret)}"

    masked = error_of(message, hidden).message

    assert re.sub(f"{MASK}|['\"\\s]", "", masked) == ""


def test_a_key_that_comes_in_parts_is_found_line_by_line() -> None:
    key = "-----BEGIN-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END-----\n"

    assert error_of("can't parse kqhkiG9w0BAQEF", key).message == f"can't parse {MASK}"


@pytest.mark.parametrize(
    ("hidden", "text"),
    [
        ("1", "1 of 10 rows, status 1, line 1"),
        (True, "True or true"),
        ("true", "it is true that True is no text"),
        (None, "None of them"),
        ("", "nothing"),
        ("   ", "a   b"),
        (15, "15 of 150"),
        ("4711", "14711 or 47110 or x4711"),
        ("ship", "shipping a ship_to"),
    ],
)
def test_a_short_or_trivial_value_does_not_turn_texts_into_noise(hidden: Any, text: str) -> None:
    assert error_of(text, hidden).message == text


@pytest.mark.parametrize(
    ("hidden", "text", "shown"),
    [
        ("123", "invalid CVC '123' for order 123", f"invalid CVC '{MASK}' for order 123"),
        ("true", 'got "true"', f'got "{MASK}"'),
        ("4711", "code 4711, 'x:4711'", f"code {MASK}, 'x:{MASK}'"),
        (471147, "code 471147.", f"code {MASK}."),
        ("c0ffee12", "xc0ffee123", f"x{MASK}3"),
    ],
)
def test_a_short_value_is_found_where_it_stands_by_itself(
    hidden: Any, text: str, shown: str
) -> None:
    assert error_of(text, hidden).message == shown


def test_a_longer_value_is_hidden_before_one_that_is_a_part_of_it() -> None:
    message = error_of("c0ffee12-beef", {"a": "c0ffee12", "b": "c0ffee12-beef"}).message
    assert message == MASK


def test_code_in_a_traceback_stays_as_it_is() -> None:
    traceback = error_of("no such order", "raise").traceback

    assert "raise RuntimeError(message)" in traceback
    assert f"RuntimeError: can't {MASK}" in error_of("can't raise", "raise").traceback


def test_a_value_that_a_parser_quotes_in_a_traceback_is_hidden() -> None:
    try:
        ast.literal_eval("12 34 hunter2")
    except SyntaxError as error:
        kept = to_failure(error)

    traceback = shown_error(kept, "12 34 hunter2").traceback

    assert "ast.literal_eval(" in traceback
    assert "hunter2" not in traceback.partition('File "<unknown>"')[2]


def test_no_part_of_a_value_is_left_where_a_text_was_cut() -> None:
    body = "".join(f"{number * number:x}" for number in range(20_000))
    error = shown_error(to_failure(ValueError(f"can't parse {body} here")), body)
    assert error.message == f"can't parse {MASK}"
    assert error.traceback == f"{MASK} here\n"

    other = shown_error(to_failure(ValueError(f"can't parse {body} here")), "can't parse it")
    assert other.message == f"can't parse {body}"[:MESSAGE_LIMIT]


def test_a_hidden_url_is_hidden_before_its_parameters_are() -> None:
    url = "https://hooks.example/T0123/B4567?token=abc"

    assert error_of(f"no answer of {url}", url).message == f"no answer of {MASK}"


def test_a_text_that_takes_too_long_to_look_through_is_hidden() -> None:
    like_each_other = ["aaa" + "b" * number for number in range(5, 605)]
    shown = seen(tasks.charge, like_each_other, {"memo": "a" * 50_000}, error="declined")

    assert json.loads(shown.job.arguments)[0][1] == {"memo": MASK}
    assert shown.failures[0].message == "declined"


def test_a_number_or_a_date_is_hidden_as_a_whole() -> None:
    day, amount = date(2027, 1, 31), Decimal("1234.50")
    order = {"day": day, "amount": amount, "number": 4711, "numbers": [47110, 4.5]}

    shown = redacted(tasks.charge, {"a": day, "b": amount, "c": 4711}, order)

    assert shown[0][1] == {"day": MASK, "amount": MASK, "number": MASK, "numbers": [47110, 4.5]}
    assert peek_arguments(json.dumps(shown))


def test_all_that_a_task_which_is_gone_was_called_with_is_hidden_everywhere() -> None:
    record = seen(
        "shop.gone", "4111 1111 1111 1111", iban="DE02", error="no card 4111 1111 1111 1111"
    )

    assert record.job.arguments == f'[["{MASK}"],{{"iban":"{MASK}"}}]'
    assert record.failures[0].message == f"no card {MASK}"


def test_a_call_that_nests_too_deep_to_look_through_is_hidden() -> None:
    depth = sys.getrecursionlimit() - 200
    text = '[["DE02",' + "[" * depth + "]" * depth + "],{}]"

    assert "DE02" not in Redactor().arguments(tasks.charge.module_path, text)


@pytest.mark.parametrize("path", ["ibam", "cart.card"])
def test_a_name_that_is_no_parameter_is_refused(path: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: redact='.*': Unknown parameter"):
        task(redact=(path,))(charge)


@pytest.mark.parametrize("path", ["", "order.", ".card", 5])
def test_an_invalid_path_is_refused(path: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"charge: redact=.* a path into it"):
        task(redact=(path,))(charge)


def test_a_single_name_needs_no_brackets() -> None:
    assert task(redact="iban")(charge).redact == ("iban",)


def test_any_name_will_do_for_a_task_that_takes_any() -> None:
    assert task(redact=("anything",))(anything).redact == ("anything",)

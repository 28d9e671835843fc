"""The arguments of a call come back as what they were, or are refused with their path."""

from __future__ import annotations

import json
import math
import uuid
from collections import OrderedDict, UserList, deque, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.db.models import TextChoices
from django.http import QueryDict
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from django_jobs.errors import (
    BrokenPayload,
    MissingRecord,
    UnknownModel,
    UnserializableArgument,
)
from django_jobs.serialization.arguments import (
    dump_arguments,
    dump_value,
    load_arguments,
    load_value,
    peek_arguments,
    peek_value,
)
from django_jobs.serialization.models import ModelReference
from tests.apps.library.models import Author, Note, Novelist, Pseudonym, Seat


class Colour(TextChoices):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Plain(Enum):
    ONE = object()


@dataclass
class Point:
    x: int


Pair = namedtuple("Pair", "left right")


def there_and_back(*args: Any, **kwargs: Any) -> tuple[list[Any], dict[str, Any]]:
    return load_arguments(dump_arguments(args, kwargs))


def same(value: Any) -> Any:
    """What a value is after its way through JSON, checked with both doors."""
    [[positional], keywords] = there_and_back(value, key=value)
    returned = load_value(dump_value(value))
    assert repr(positional) == repr(keywords["key"]) == repr(returned)
    return returned


# --- what comes back ---------------------------------------------------------------------------


def test_the_text_is_compact_and_readable() -> None:
    text = dump_arguments((1, "ä", None, True, 1.5), {"a": [1, {"b": ()}]})
    assert text == '[[1,"ä",null,true,1.5],{"a":[1,{"b":[]}]}]'


def test_a_call_without_arguments_is_two_empty_containers() -> None:
    assert there_and_back() == ([], {})


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False).filter(math.isfinite),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
CLOCKS = st.times() | st.datetimes() | st.datetimes(timezones=OFFSETS)
RICH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False)
    | st.dates() | st.uuids() | st.timedeltas()
    | CLOCKS.map(lambda value: value.replace(fold=0)),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.text() | st.sampled_from(["$dict", "$model", "$uuid", "$datetime", "$", "$$"]), inner
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.lists(PLAIN), st.dictionaries(st.text(), PLAIN))
def test_all_that_json_has_comes_back(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert load_arguments(dump_arguments(tuple(args), kwargs)) == (args, kwargs)


@given(st.lists(RICH), st.dictionaries(st.text() | st.just("$dict"), RICH))
def test_tagged_types_come_back_and_no_dict_is_mistaken_for_one(
    args: list[Any], kwargs: dict[str, Any]
) -> None:
    text = dump_arguments(tuple(args), kwargs)
    assert repr(load_arguments(text)) == repr((args, kwargs))
    assert repr(peek_arguments(text)) == repr((args, kwargs))


@given(RICH)
def test_results_follow_the_same_rules(value: Any) -> None:
    assert repr(load_value(dump_value(value))) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 3, 29, 1, 30, 0, 123456),  # noqa: DTZ001 - naive on purpose
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        date(2026, 2, 28),
        time(23, 59, 59, 999999),
        time(12, tzinfo=UTC),
        timedelta(days=-3, microseconds=1),
        timedelta.max,
        timedelta.min,
        Decimal("1.10"),
        Decimal("-Infinity"),
        uuid.UUID("12345678123456781234567812345678"),
    ],
)
def test_a_value_of_a_tagged_type_comes_back_with_its_type(value: Any) -> None:
    assert same(value) == value
    assert type(same(value)) is type(value)


def test_an_aware_datetime_keeps_its_offset_but_not_the_name_of_its_zone() -> None:
    berlin = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin"))
    back = same(berlin)
    assert back.utcoffset() == timedelta(hours=1)
    assert back.tzinfo == timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, (2,)), [1, [2]]),
        (Pair(1, 2), [1, 2]),
        (deque([1]), [1]),
        (UserList([1]), [1]),
        (range(3), [0, 1, 2]),
        (bytearray(b"a"), [97]),
        (b"\xc3\xa4", "ä"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (mark_safe("<b>"), "<b>"),
        (OrderedDict(a=Colour.RED), {"a": "red"}),
        (QueryDict("a=1&a=2"), {"a": "2"}),
        ({Colour.RED: 1, b"key": 2}, {"red": 1, "key": 2}),
        ({1: "a", 1.5: "b", True + 1: "c", None: "d", False: "e", Level.HIGH: "f"},
         {"1": "a", "1.5": "b", "2": "c", "null": "d", "false": "e", "3": "f"}),
    ],
)  # fmt: skip
def test_what_django_normalises_becomes_plain_json(value: Any, expected: Any) -> None:
    back = same(value)
    assert back == expected
    assert type(back) is type(expected)


@pytest.mark.parametrize(
    "value",
    [
        {"$model": ["auth.user", 1, "default"]},
        {"$dict": {"$dict": {}}},
        {"$": 1},
        {"$a": 1, "b": 2},
    ],
)
def test_a_dict_that_looks_like_a_tag_stays_a_dict(value: Any) -> None:
    assert same(value) == value
    assert there_and_back(**value) == ([], value)


def test_keyword_arguments_may_be_any_mapping() -> None:
    assert load_arguments(dump_arguments((), OrderedDict(a=1))) == ([], {"a": 1})


# --- model instances ---------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_instance_travels_as_its_key_and_is_read_when_the_job_runs() -> None:
    author = Author.objects.create(name="before")
    text = dump_arguments((author,), {"again": {"who": [author]}})
    Author.objects.update(name="after")

    [back], keywords = load_arguments(text)
    assert text.startswith(f'[[{{"$model":["library.author",{author.pk},"default"]}}]')
    assert back == keywords["again"]["who"][0] == author
    assert back.name == "after"


@pytest.mark.django_db(databases=["default", "other"])
def test_an_instance_comes_back_from_its_own_database() -> None:
    author = Author.objects.using("other").create(name="elsewhere")
    back = same(author)
    assert back.name == "elsewhere"
    assert not Author.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "make",
    [
        Note.objects.create,
        partial(Note.objects.create, hidden=True),
        partial(Novelist.objects.create, name="a", genre="b"),
        partial(Pseudonym.objects.create, name="a"),
        partial(Seat.objects.create, hall="A", number=3),
    ],
    ids=["uuid key", "hidden by its manager", "child table", "proxy", "composite key"],
)
def test_instances_of_every_kind_come_back(make: Callable[[], Any]) -> None:
    instance = make()
    [back], _ = there_and_back(instance)
    assert back == instance
    assert type(back) is type(instance)


@pytest.mark.django_db
def test_a_deferred_instance_comes_back() -> None:
    Author.objects.create(name="a")
    [back], _ = there_and_back(Author.objects.only("pk").get())
    assert back.name == "a"


@pytest.mark.django_db
def test_a_lazy_object_travels_as_what_stands_behind_it() -> None:
    author = Author.objects.create(name="a")
    assert there_and_back(SimpleLazyObject(lambda: author)) == ([author], {})
    assert same(SimpleLazyObject(lambda: "text")) == "text"


@pytest.mark.django_db
def test_a_deleted_row_is_an_error_of_its_own() -> None:
    author = Author.objects.create(name="a")
    text = dump_arguments((author,), {})
    Author.objects.all().delete()
    with pytest.raises(MissingRecord, match=r"library\.author with primary key \d+") as caught:
        load_arguments(text)
    assert (caught.value.model, caught.value.pk) == ("library.author", author.pk)


def test_arguments_can_be_shown_without_a_database() -> None:
    key = uuid.UUID("12345678123456781234567812345678")
    text = f'[[{{"$model":["library.gone",{{"$uuid":"{key}"}},"away"]}}],{{}}]'
    [reference], _ = peek_arguments(text)
    assert reference == ModelReference("library.gone", key, "away")
    assert str(reference) == f"library.gone {key}"
    assert dump_arguments((reference,), {}) == text
    assert peek_value('{"$model":["a.b",[1,2],"x"]}') == ModelReference("a.b", (1, 2), "x")


def test_a_model_that_is_gone_is_an_error_of_its_own() -> None:
    with pytest.raises(UnknownModel, match=r"'library\.gone'"):
        load_value('{"$model":["library.gone",1,"default"]}')
    with pytest.raises(UnknownModel, match="'os'"):
        load_value('{"$model":["os",1,"default"]}')


@pytest.mark.parametrize(
    "reference",
    ['["library.author","x","default"]', '["library.note",3.5,"default"]',
     '["library.author",{"a":1},"default"]', '["library.seat",[1],"default"]'],
)  # fmt: skip
def test_a_key_that_no_row_can_have_is_a_broken_payload(reference: str) -> None:
    with pytest.raises(BrokenPayload, match="not a primary key of"):
        load_value(f'{{"$model":{reference}}}')


def test_an_unknown_database_is_a_broken_payload() -> None:
    with pytest.raises(BrokenPayload, match="DATABASES has no 'mars'"):
        load_value('{"$model":["library.author",1,"mars"]}')


# --- what is refused at enqueue ----------------------------------------------------------------


def itself() -> list[Any]:
    loop: list[Any] = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1}, r"\(set\).*pass a list"),
        (frozenset(), r"\(frozenset\).*pass a list"),
        ({}.keys(), r"\(dict_keys\).*pass a list"),
        ((n for n in [1]), r"\(generator\).*pass a list"),
        (object(), r"\(object\).*an id"),
        (Point(1), r"Point\).*plain values"),
        (Plain.ONE, r"Plain\).*pass its value"),
        (gettext_lazy("hello"), r"__proxy__\).*str\(\)"),
        (lambda: None, r"\(function\).*what to call"),
        (Point, r"\(type\).*what to call"),
        (ContentFile(b""), r"ContentFile\).*its name"),
        (StringIO(), r"StringIO\).*its name"),
        (b"\xff", r"\(bytes\).*base64"),
        (math.nan, r"\(float\).*NaN"),
        (-math.inf, r"\(float\).*infinity"),
        pytest.param(10**5000, r"\(int\).*digits", id="huge"),
        ("\ud800", r"\(str\).*surrogates"),
        (1j, r"\(complex\)"),
        (Author(name="new"), r"tests\.apps\.library\.models\.Author\).*Save it first"),
        (Author(pk=7), r"tests\.apps\.library\.models\.Author\).*Save it first"),
        (Note(), r"Note\).*Save it first"),
        (Seat(hall="A"), r"Seat\).*Save it first"),
        (Author.objects.all(), r"QuerySet\).*the keys"),
        (time(12, tzinfo=ZoneInfo("Europe/Berlin")), r"time\).*no fixed offset"),
        (itself(), r"\(list\).*contains itself"),
    ],
)  # fmt: skip
def test_what_cannot_travel_is_refused_with_its_path_and_what_to_do(value: Any, said: str) -> None:
    with pytest.raises(UnserializableArgument, match=rf"^args\[1\].*{said}"):
        dump_arguments((0, value), {})
    with pytest.raises(UnserializableArgument, match=rf"^kwargs\['user'\]\['items'\]\[3\].*{said}"):
        dump_arguments((), {"user": {"items": [0, "ok", {}, value]}})
    with pytest.raises(UnserializableArgument, match=rf"^return value.*{said}"):
        dump_value(value)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ((1, 2), r"\[\(1, 2\)\] \(tuple\).*a key must be"),
        (date.max, r"\(datetime\.date\).*a key must be"),
        (math.nan, r"\(float\).*NaN"),
        (b"\xff", r"\(bytes\).*base64"),
        ("\ud800", r"\(str\).*surrogates"),
    ],
)
def test_a_key_that_json_cannot_hold_is_refused(key: Any, said: str) -> None:
    with pytest.raises(UnserializableArgument, match=rf"^args\[0\].*{said}"):
        dump_arguments(({"fine": 1, key: 1},), {})


def test_keys_that_become_the_same_text_are_refused() -> None:
    with pytest.raises(UnserializableArgument, match="two of its keys are the same"):
        dump_arguments(({1: "a", "1": "b"},), {})


def test_the_message_does_not_hold_the_value() -> None:
    with pytest.raises(UnserializableArgument) as caught:
        dump_arguments(({"password": {"hunter2"}},), {})
    assert "hunter2" not in str(caught.value)


def nested(levels: int) -> Any:
    value: Any = []
    for _ in range(levels - 1):
        value = {"$dict": [value]} if levels % 2 else [value]
    return value


def test_what_may_be_enqueued_may_be_read_however_deep_it_is() -> None:
    deepest = 0
    for levels in range(1, 120):
        try:
            text = dump_arguments((nested(levels),), {})
        except UnserializableArgument:
            continue
        assert load_arguments(text) == ([nested(levels)], {})
        deepest = levels
    assert deepest in range(90, 101)


# --- what is refused when it is read -----------------------------------------------------------


@pytest.mark.parametrize("decode", [load_arguments, peek_arguments, load_value, peek_value])
@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "nonsense", "[[],{}] x", "[[],{}][", "\x00", "\ufeff[[],{}]", "'a'",
        "NaN", "[[Infinity],{}]", "[[-Infinity],{}]",
        "[" * 100_000, '{"a":' * 100_000, "[" * 5_000 + "]" * 5_000,
        "[[" + "[" * 100 + "]" * 100 + "],{}]", "[[],{\"a\":" + "[" * 100 + "]" * 100 + "}]",
        "[[" + "9" * 5_000 + "],{}]",
        '[["\\ud800"],{}]', '[[],{"\\uDFFF":1}]', '[["\\ud800\\ud800"],{}]',
        '[[{"$nothing":1}],{}]', '[[{"$eval":"os.system"}],{}]', '[[{"\\u0024nothing":1}],{}]',
        '[[{"$dict":1}],{}]', '[[{"$dict":[]}],{}]',
        '[[{"$model":1}],{}]', '[[{"$model":["a.b",1]}],{}]', '[[{"$model":[1,1,"x"]}],{}]',
        '[[{"$model":["a.b",{"$x":1},"x"]}],{}]', '[[{"$model":["a.b",1,null]}],{}]',
        '[[{"$uuid":1}],{}]', '[[{"$uuid":"x"}],{}]', '[[{"$uuid":{}}],{}]',
        '[[{"$decimal":"x"}],{}]', '[[{"$decimal":{}}],{}]', '[[{"$decimal":null}],{}]',
        '[[{"$datetime":5}],{}]', '[[{"$datetime":"x"}],{}]', '[[{"$date":"2026-02-30"}],{}]',
        '[[{"$time":"25:00"}],{}]', '[[{"$time":[]}],{}]',
        '[[{"$timedelta":"x"}],{}]', '[[{"$timedelta":1e300}],{}]', '[[{"$timedelta":[]}],{}]',
        '[[{"$timedelta":1000000000000000000000000000}],{}]',
        '[[{"$timedelta":{"a":{"$dict":1}}}],{}]',
    ],
    ids=lambda text: repr(text[:40]),
)  # fmt: skip
def test_a_foreign_payload_is_a_broken_payload(decode: Callable[[str], Any], text: str) -> None:
    with pytest.raises(BrokenPayload):
        decode(text)


@pytest.mark.parametrize(
    "text", ["1", "null", "{}", "[]", "[[]]", "[[],[]]", "[{},[]]", "[[],{},1]", '["a",{}]']
)
def test_json_that_is_no_call_is_a_broken_payload(text: str) -> None:
    with pytest.raises(BrokenPayload, match="not a list of arguments and keywords"):
        load_arguments(text)


def test_an_escaped_reference_to_a_result_is_a_broken_payload() -> None:
    with pytest.raises(BrokenPayload, match="refers to the result of a job where none may be"):
        load_arguments('[[{"\\u0024result":"a"}],{}]')


@given(st.text() | st.from_regex(r'[\[\]{}"$a-z0-9:,\\]*', fullmatch=True))
def test_no_text_makes_reading_fail_in_any_other_way(text: str) -> None:
    for read in (peek_arguments, peek_value):
        try:
            read(text)
        except BrokenPayload as error:
            str(error).encode()


def test_escaped_characters_of_another_writer_are_read() -> None:
    assert load_arguments('[["\\u0000\\ud83d\\ude00"],{"\\u0061":"\\n"}]') == (
        ["\x00😀"],
        {"a": "\n"},
    )
    assert same("back\\u0041slash") == "back\\u0041slash"


def test_a_large_flat_payload_is_no_depth_bomb() -> None:
    rows = [{"n": n, "list": [n]} for n in range(500)]
    assert same(rows) == rows


def test_the_text_is_the_json_that_any_other_reader_understands() -> None:
    text = dump_arguments((1, "é", {"a": None}), {"b": timedelta(seconds=1)})
    assert json.loads(text) == [[1, "é", {"a": None}], {"b": {"$timedelta": 1_000_000}}]

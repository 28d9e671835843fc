"""Results of other jobs among the arguments of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pytest

from django_jobs.errors import BrokenPayload, UnusableResult
from django_jobs.serialization.arguments import (
    dump_arguments,
    dump_value,
    load_arguments,
    load_value,
    peek_arguments,
)
from django_jobs.serialization.results import ResultReference

FIRST, SECOND = ResultReference("first"), ResultReference("second")
RESULTS = {"first": dump_value(date(2026, 1, 2)), "second": dump_value({"$date": [1]})}


def read(ids: Sequence[str]) -> Mapping[str, str]:
    return {job_id: RESULTS[job_id] for job_id in ids}


def test_a_reference_becomes_the_result() -> None:
    text = dump_arguments((FIRST, [SECOND]), {"both": {"a": FIRST}})

    assert load_arguments(text, read) == (
        [date(2026, 1, 2), [{"$date": [1]}]],
        {"both": {"a": date(2026, 1, 2)}},
    )


def test_each_result_is_read_once() -> None:
    asked: list[str] = []

    def note(ids: Sequence[str]) -> Mapping[str, str]:
        asked.extend(ids)
        return read(ids)

    load_arguments(dump_arguments((FIRST, SECOND, FIRST), {}), note)

    assert asked == ["first", "second"]


def test_a_reference_is_shown_as_one() -> None:
    args, _ = peek_arguments(dump_arguments((FIRST,), {}))

    assert args == [FIRST]
    assert repr(args) == "[<result of first>]"


def test_a_dict_that_looks_like_a_reference_stays_a_dict() -> None:
    text = dump_arguments(({"$result": "first"},), {})

    assert load_arguments(text) == ([{"$result": "first"}], {})


def test_without_a_broker_results_cannot_be_read() -> None:
    with pytest.raises(UnusableResult):
        load_arguments(dump_arguments((FIRST,), {}))


@pytest.mark.parametrize("text", ['[[{"$result":5}],{}]', '[[{"$result":["a"]}],{}]'])
def test_a_damaged_reference_is_refused(text: str) -> None:
    with pytest.raises(BrokenPayload):
        load_arguments(text, read)


def test_a_result_holds_no_reference() -> None:
    with pytest.raises(BrokenPayload):
        load_value('{"$result":"first"}')

"""A job's call is shown as it would be written in Python."""

from __future__ import annotations

import pytest

from django_jobs.jobs.call_text import format_call
from django_jobs.serialization.arguments import dump_arguments
from tests.support.builders import make_job


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "shop.tasks.ship()"),
        (("Ada", 3), {}, "shop.tasks.ship('Ada', 3)"),
        ((), {"loud": True, "to": None}, "shop.tasks.ship(loud=True, to=None)"),
        (([1, "a"],), {"by": {"k": 1.5}}, "shop.tasks.ship([1, 'a'], by={'k': 1.5})"),
    ],
)
def test_arguments_stand_as_they_were_given(args: tuple, kwargs: dict, text: str) -> None:
    assert format_call(make_job(arguments=dump_arguments(args, kwargs))) == text


def test_arguments_that_cannot_be_read_are_shown_as_they_are_stored() -> None:
    text = format_call(make_job(arguments="{broken"))

    assert text == "shop.tasks.ship with arguments that can't be read: {broken"

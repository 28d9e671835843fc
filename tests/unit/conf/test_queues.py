"""Queues and their weights, as settings and variables write them."""

from __future__ import annotations

import pytest

from django_jobs.conf.options import BackendOptions
from django_jobs.conf.queues import QueueWeight, parse_queue, parse_queues


@pytest.mark.parametrize(
    "given",
    [
        "critical:100, low",
        {"critical": 100, "low": 1},
        [("critical", 100), "low"],
        ["critical:100", ("low", 1)],
        (QueueWeight("critical", 100), QueueWeight("low")),
    ],
)
def test_queues_may_be_written_in_several_ways(given: object) -> None:
    options = BackendOptions.from_dict("default", {"queues": given})
    assert options.queues == (QueueWeight("critical", 100), QueueWeight("low", 1))


def test_a_queue_without_a_weight_weighs_one() -> None:
    assert parse_queue("low") == QueueWeight("low", 1)


@pytest.mark.parametrize("name", ["a", "x" * 100, "mails.eu-west_1"])
def test_letters_digits_and_three_signs_make_a_queue_name(name: str) -> None:
    assert parse_queue(f"{name}:3") == QueueWeight(name, 3)


@pytest.mark.parametrize("name", ["", "two words", "näh", "x" * 101, "a/b", "{a}", "a\nb"])
def test_other_queue_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"queue name .* is not allowed: use 1 to 100 letters"):
        parse_queue(name)


@pytest.mark.parametrize("weight", ["0", "1001", "-1", "1.5", "", "x", "²", "1e2", "9" * 5000])
def test_weights_are_whole_numbers_from_1_to_1000(weight: str) -> None:
    with pytest.raises(ValueError, match="weight of queue 'low' must be a whole number from 1 to"):
        parse_queue(f"low:{weight}")


def test_a_queue_that_is_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="queue 'low' is named twice"):
        parse_queues("low:1,default:2,low:3")

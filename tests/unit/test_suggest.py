"""An unknown name is answered with the nearest one that is known."""

from __future__ import annotations

from django_jobs.suggest import unknown_name


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    sentence = unknown_name("option", "retrys", ["retry", "timeout"])
    assert sentence == "Unknown option 'retrys'. Did you mean 'retry'? Valid: retry, timeout."


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert "Did you mean 'timeout'?" in unknown_name("option", "TIMEOUT", ["retry", "timeout"])


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    assert unknown_name("option", "zzz", ["retry"]) == "Unknown option 'zzz'. Valid: retry."


def test_where_nothing_is_valid_the_sentence_says_so() -> None:
    assert unknown_name("option", "zzz", []) == "Unknown option 'zzz'. Valid: none."

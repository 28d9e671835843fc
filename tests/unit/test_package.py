"""Names that the package does not have: some are found elsewhere in it."""

from __future__ import annotations

import pytest

import django_jobs


def test_an_import_of_an_error_from_the_package_says_where_it_is() -> None:
    with pytest.raises(ImportError, match=r"from django_jobs\.errors import Fail"):
        from django_jobs import Fail  # noqa: F401


def test_an_error_is_no_attribute_of_the_package() -> None:
    assert not hasattr(django_jobs, "RetryLater")
    with pytest.raises(AttributeError, match=r"from django_jobs\.errors import RetryLater"):
        django_jobs.RetryLater  # noqa: B018


@pytest.mark.parametrize("name", ["nothing", "datetime"])
def test_other_names_are_unknown(name: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(django_jobs, name)

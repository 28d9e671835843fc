"""A plugin of pytest, which finds it by itself: which backend the jobs of a test have."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

NAME = "jobs_backend"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the option `jobs_backend` of pytest.ini."""
    text = 'backend that the jobs of each test have, such as "dummy", with django_jobs'
    parser.addini(NAME, text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark `jobs_backend`."""
    text = "give the jobs of this test that backend of django_jobs, with these options"
    config.addinivalue_line("markers", f"{NAME}(kind, **options): {text}")


@pytest.fixture(autouse=True)
def _backend_of_jobs(request: pytest.FixtureRequest) -> Iterator[None]:
    mark = request.node.get_closest_marker(NAME)
    kind = request.config.getini(NAME)
    if mark is None and not kind:
        yield
        return
    # Not above: sites that have the package installed may have tests without Django.
    from django_jobs.testing import override_backend

    given = mark.args if mark else (kind,)
    with override_backend(*given, **(mark.kwargs if mark else {})):
        yield


@pytest.fixture
def dummy_jobs(_backend_of_jobs: None) -> Iterator[None]:
    """Keep the jobs of this test: none runs before `run_enqueued()`."""
    from django_jobs.testing import override_backend

    with override_backend("dummy"):
        yield


@pytest.fixture
def inline_jobs(_backend_of_jobs: None) -> Iterator[None]:
    """Run the jobs of this test where they are enqueued."""
    from django_jobs.testing import override_backend

    with override_backend("inline"):
        yield

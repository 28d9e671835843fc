"""Fixtures that every test may use: real Redis servers, a real browser."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import redis
from django.core.management.commands import flush
from django.core.management.sql import sql_flush
from pytest_timeout import Settings

from tests.support import redis_server as servers
from tests.support.certificates import Certificate
from tests.support.order import long_first
from tests.support.redis_server import RedisServer
from tests.support.reports import sendable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# The shell a developer runs the tests in may hold settings of their own site.
for name in [name for name in os.environ if name.startswith(("JOB_", "REDIS_"))]:
    del os.environ[name]

# Each of the processes that tests start would compile the package for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# A shell lets what it starts in the background ignore Ctrl-C, and nohup the end of the terminal. So
# would all processes of ours.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# For each connection, redis-py reads its version from files, which takes longer than to connect.
redis.utils.get_lib_version = cache(redis.utils.get_lib_version)

# A busy machine takes long for an example, which says nothing about the code.
UNHURRIED = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("unhurried", UNHURRIED)
hypothesis.settings.load_profile("unhurried")

KEPT = ('"auth_permission";', '"django_content_type";')

TEARDOWN_LIMIT = 60.0
"""Seconds that the end of each fixture may take if the test has failed."""

CHROMIUM = ("--no-sandbox", "--disable-background-networking", "--disable-sync", "--no-first-run")
BROWSER_DEADLINE = 60_000
"""Milliseconds after which whatever is waited for in a browser has failed to come."""

CHROMIUM_HINT = (
    "chromium is missing, so the browser tests cannot run. "
    "Install it with: sudo apt-get install -y --no-install-recommends chromium"
)


@pytest.hookimpl(trylast=True)  # after the tests were put in random order
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long tests first."""
    items[:] = long_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while thousands of tests are collected, as it takes as long again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Let no text of a test end the run."""
    return sendable((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Limit also the teardown of a test that has failed: pytest-timeout is over by then."""
    if signal.getitimer(signal.ITIMER_REAL)[0]:
        return (yield)
    limit = Settings(TEARDOWN_LIMIT, "signal", func_only=False, disable_debugger_detection=False)
    item.ihook.pytest_timeout_set_timer(item=item, settings=limit)
    signal.setitimer(signal.ITIMER_REAL, TEARDOWN_LIMIT, TEARDOWN_LIMIT)  # for each fixture
    try:
        return (yield)
    finally:
        item.ihook.pytest_timeout_cancel_timer(item=item)


@pytest.fixture(scope="session", autouse=True)
def _kept_tables() -> Iterator[None]:
    """Keep permissions and content types when rows are deleted after a test with transactions.

    Django would delete them too and store them again, which takes ten times as long as the rest.
    """

    def delete_others(*args: Any, **options: Any) -> list[str]:
        return [one for one in sql_flush(*args, **options) if not one.endswith(KEPT)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", delete_others)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *args, **options: None)
        yield


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """The server that all tests share; tests that kill or configure one use the factory."""
    server = _started()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty database on the shared server."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def redis_server_factory() -> Iterator[Callable[..., RedisServer]]:
    """Starts servers of the test's own, each with redis.conf lines: `factory("maxmemory 1mb")`."""
    started: list[RedisServer] = []

    def start(*options: str, certificate: Certificate | None = None) -> RedisServer:
        started.append(_started(*options, certificate=certificate))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium for one module: as long as it is open, its event loop is visible to all code."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=BROWSER_DEADLINE)
    executable = _chromium()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop lives in this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright.chromium.launch(
            executable_path=executable, args=[*CHROMIUM], timeout=BROWSER_DEADLINE
        )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh browser context: no cookies of other tests."""
    yield from _new_page(browser)


@pytest.fixture
def plain_page(browser: Browser) -> Iterator[Page]:
    """A page whose browser runs no script."""
    yield from _new_page(browser, java_script_enabled=False)


def _started(*options: str, certificate: Certificate | None = None) -> RedisServer:
    if not servers.is_installed():
        pytest.fail(servers.INSTALL_HINT, pytrace=False)
    server = RedisServer(options, certificate)
    server.start()
    return server


def _new_page(browser: Browser, **options: bool) -> Iterator[Page]:
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(BROWSER_DEADLINE)
    yield context.new_page()
    context.close()


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(CHROMIUM_HINT, pytrace=False)
    pytest.skip(CHROMIUM_HINT)

"""The tests' own servers and processes behave as the other tests rely on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.support import about_me, warm_python
from tests.support.order import long_first
from tests.support.paths import ROOT
from tests.support.processes import is_gone
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

Factory = Callable[..., RedisServer]


def test_a_killed_server_comes_back_with_its_data(redis_server_factory: Factory) -> None:
    server = redis_server_factory()
    with redis.Redis.from_url(server.url) as client:
        client.set("kept", "yes")

    server.kill9()
    server.start()

    with redis.Redis.from_url(server.unix_url) as client:
        assert client.get("kept") == b"yes"


def test_options_win_over_the_defaults(redis_server_factory: Factory) -> None:
    server = redis_server_factory("requirepass sesame", "appendonly no")

    with redis.Redis.from_url(server.url, password="sesame") as client:
        assert client.config_get("appendonly") == {"appendonly": "no"}


def test_a_server_that_cannot_start_shows_its_log(redis_server_factory: Factory) -> None:
    with pytest.raises(RuntimeError, match="no-such-option"):
        redis_server_factory("no-such-option yes")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_gets_an_empty_database(redis_url: str, turn: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        assert client.keys() == []
        client.set("left behind", turn)


def test_a_browser_is_at_hand(page: Page) -> None:
    page.set_content("<h1>Hello</h1>")
    assert page.inner_text("h1") == "Hello"


@pytest.mark.parametrize(
    "program",
    [("-m", about_me.__name__), ("-c", Path(about_me.__file__).read_text()), (about_me.__file__,)],
    ids=["module", "text", "file"],
)
def test_a_fork_is_what_a_new_process_would_be(program: tuple[str, ...], tmp_path: Path) -> None:
    folder = ROOT if "-m" in program else tmp_path
    environment = os.environ | {"SHOP": "flowers", "PYTHONPATH": "/nowhere"}
    command = (*program, "first", "second")
    forked = warm_python.run(command, folder, environment)
    new = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert forked.returncode == new.returncode == 7
    assert json.loads(forked.stdout) == json.loads(new.stdout)


def test_a_fork_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    program = tmp_path / "sleep.py"
    program.write_text("import time; print('here', flush=True); time.sleep(600)")
    log = tmp_path / "log"
    with log.open("w") as output:
        started = warm_python.python([str(program)], tmp_path, os.environ, output)
    assert isinstance(started, warm_python.Forked)
    wait_until(lambda: log.read_text() == "here\n")
    assert started.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        started.wait(0.01)
    started.kill()
    assert started.wait() == started.poll() == -signal.SIGKILL
    wait_until(lambda: not Path(f"/proc/{started.pid}").exists())
    assert is_gone(started.pid)


def test_what_only_a_new_interpreter_reads_gets_one(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as output:
        environment = os.environ | {"PYTHONHASHSEED": "1"}
        started = warm_python.python([about_me.__file__], tmp_path, environment, output)
    assert isinstance(started, subprocess.Popen)
    assert started.wait() == 7


def test_each_process_begins_with_its_share_of_the_long_tests(
    request: pytest.FixtureRequest,
) -> None:
    tests = [
        pytest.Function.from_parent(request.node.parent, name=name, callobj=lambda: None)
        for name in ("a", "b", "long1", "c", "d", "long2", "e", "f", "g", "long3")
    ]
    for test in tests:
        if test.name.startswith("long"):
            test.add_marker("long")
    names = [test.name for test in long_first(tests, 2)]
    assert names == ["long1", "long3", "a", "b", "c", "long2", "d", "e", "f", "g"]

"""The container set-up is valid, as far as that can be seen without a container engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from django_jobs.conf.queues import parse_queues
from django_jobs.conf.variables import JOB_QUEUES, VARIABLES
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer

COMPOSE = ROOT / "docker-compose.yml"
BIN = Path(sys.prefix) / "bin"
PASSWORD = "a#b c$d"

Service = dict[str, Any]


@pytest.fixture(scope="module")
def services() -> dict[str, Service]:
    """The services as compose sees them, with anchors and merges resolved."""
    loaded: dict[str, Service] = yaml.safe_load(COMPOSE.read_text())["services"]
    return loaded


def test_the_compose_file_follows_the_compose_specification() -> None:
    command = [
        str(BIN / "check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_web_and_worker_are_one_image_with_one_environment(services: dict[str, Service]) -> None:
    web, worker = services["web"], services["worker"]
    assert web["image"] == worker["image"]
    assert web["environment"] == worker["environment"]
    assert web["environment"]["JOB_BACKEND"] == "redis"
    assert worker["command"][:3] == ["python", "example_project/manage.py", "runworker"]


def test_the_workers_serve_all_queues_between_them(services: dict[str, Service]) -> None:
    commands = services["worker"]["command"] + services["pictures"]["command"]
    served = {one.partition(":")[0] for flag, one in pairwise(commands) if flag == "-q"}
    assert served == {queue.name for queue in parse_queues(JOB_QUEUES.default)}
    assert services["pictures"]["command"][-2:] == ["--concurrency", "1"]
    assert services["pictures"]["mem_limit"]


def test_no_service_has_more_rights_than_it_needs(services: dict[str, Service]) -> None:
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert service["tmpfs"]
        assert "build" in service or service["user"]


def test_the_environment_names_only_variables_that_exist(services: dict[str, Service]) -> None:
    ours = {name for name in services["web"]["environment"] if name.startswith(("JOB_", "REDIS_"))}
    assert ours <= {variable.name for variable in VARIABLES}


def test_a_stopped_container_waits_longer_than_running_jobs_may_take(
    services: dict[str, Service],
) -> None:
    for name in ("web", "worker"):
        service = services[name]
        grace = int(service["stop_grace_period"].removesuffix("s"))
        assert grace > float(service["environment"]["JOB_SHUTDOWN_TIMEOUT"])


def test_everything_waits_for_healthy_databases(services: dict[str, Service]) -> None:
    for name in ("redis", "db"):
        assert services[name]["healthcheck"]["test"]
        assert services["migrate"]["depends_on"][name] == {"condition": "service_healthy"}
    for name in ("web", "worker"):
        finished = {"condition": "service_completed_successfully"}
        assert services[name]["depends_on"]["migrate"] == finished


def test_each_worker_has_a_health_check_of_its_own(services: dict[str, Service]) -> None:
    for name in ("worker", "pictures"):
        kind, *command = services[name]["healthcheck"]["test"]
        assert (kind, command) == (
            "CMD",
            ["python", "example_project/manage.py", "jobs", "check", "--live"],
        )


def test_data_outlives_its_container(services: dict[str, Service]) -> None:
    named = yaml.safe_load(COMPOSE.read_text())["volumes"]
    for name in ("redis", "db", "web", "worker"):
        volume = services[name]["volumes"][0].partition(":")[0]
        assert volume in named
    assert services["web"]["volumes"] == services["worker"]["volumes"]


def test_no_password_stands_in_the_file() -> None:
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    used = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text())) - {"PORT"}
    assert used == set(example)
    required = re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text())
    assert sorted(required) == ["POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRET_KEY"]


def test_one_command_writes_all_secrets_at_random(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    for name in (".env.example", "scripts/make-env"):
        shutil.copy(ROOT / name, tmp_path / name)
    command = [tmp_path / "scripts/make-env"]
    # What an interrupted run has left.
    (tmp_path / ".env.new").touch(0o644)

    subprocess.run(command, check=True, capture_output=True)

    written = (tmp_path / ".env").read_text()
    values = dict(line.split("=", 1) for line in written.splitlines() if not line.startswith("#"))
    secrets = {values[name] for name in ("REDIS_PASSWORD", "POSTGRES_PASSWORD", "SECRET_KEY")}
    assert len(secrets) == 3
    assert all(re.fullmatch(r"[\w-]{48}", one) for one in secrets)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert values["SITE_URL"] == "http://localhost:8000"
    # The databases were made with these: they are not written over.
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (again.returncode, (tmp_path / ".env").read_text()) == (1, written)
    assert "nothing was changed" in again.stderr


def test_redis_publishes_no_port(services: dict[str, Service]) -> None:
    assert "ports" not in services["redis"]
    assert "ports" not in services["db"]


@pytest.fixture
def redis_port(
    services: dict[str, Service], redis_server: RedisServer, tmp_path: Path
) -> Iterator[int]:
    """The port of the compose file's redis, started here by its own command."""
    port = free_port()
    command = [part.replace("$$", "$") for part in services["redis"]["command"]]
    command[-1] = command[-1].replace("redis-server -", f"redis-server - --port {port}")
    environment = {"PATH": os.environ["PATH"], "REDIS_PASSWORD": PASSWORD}
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b"Ready to accept connections" in line:
                break
        yield port
        process.kill()


def health(service: Service, port: int, password: str) -> int:
    """The exit status of the compose file's health check for redis."""
    _, check = service["healthcheck"]["test"]
    check = check.replace("redis-cli", f"redis-cli -p {port}")
    environment = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": password}
    return subprocess.run(["/bin/sh", "-c", check], env=environment, check=False).returncode


def test_redis_asks_for_the_password_and_its_health_check_knows_it(
    services: dict[str, Service], redis_port: int
) -> None:
    assert health(services["redis"], redis_port, PASSWORD) == 0
    assert health(services["redis"], redis_port, "wrong") != 0


def test_redis_keeps_what_it_is_given(redis_port: int) -> None:
    with redis.Redis(port=redis_port, password=PASSWORD) as client:
        assert client.config_get("appendonly", "maxmemory-policy") == {
            "appendonly": "yes",
            "maxmemory-policy": "noeviction",
        }


def test_no_list_of_processes_shows_the_password(services: dict[str, Service]) -> None:
    started, *standard_input = services["redis"]["command"][-1].splitlines()
    assert started.startswith("exec redis-server - ")
    assert "PASSWORD" not in started
    assert 'requirepass "$$REDIS_PASSWORD"' in standard_input
    assert "PASSWORD" not in str(services["redis"]["healthcheck"])


def test_the_dockerfile_passes_its_linter() -> None:
    command = [BIN / "hadolint", ROOT / "Dockerfile"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_image_runs_as_a_normal_user_and_serves_with_gunicorn() -> None:
    instructions = (ROOT / "Dockerfile").read_text().replace("\\\n", "").splitlines()
    (user,) = (line.split()[1] for line in instructions if line.startswith("USER "))
    assert int(user.partition(":")[0]) > 0
    (command,) = (line for line in instructions if line.startswith("CMD "))
    assert json.loads(command.removeprefix("CMD "))[0] == "gunicorn"


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    copied = {
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
    }
    assert copied == allowed
    assert [path for path in copied if not (ROOT / path).exists()] == []

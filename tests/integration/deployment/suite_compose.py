"""The files of `jobs compose` run in a real engine: `make test-deploy`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.deployment.docker import Engine, running_engine
from tests.integration.deployment.project import DeployedProject
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

PYTHON = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
IMAGES = (PYTHON, "redis:8")
LIMIT = 900.0
pytestmark = pytest.mark.timeout(LIMIT + 300)
SECRETS = "REDIS_PASSWORD=a#b-c_d\nSECRET_KEY=only-for-this-test\nDATA=/data/media\n"


@dataclass(frozen=True)
class Site:
    """A site that runs in containers."""

    project: DeployedProject
    engine: Engine

    def compose(self, *words: str) -> str:
        return self.engine.docker("compose", "--project-directory", self.project.folder, *words)

    def in_worker(self, *words: str) -> str:
        return self.compose("exec", "-T", "worker", *words)

    def notes(self) -> list[str]:
        read = "import os; print(open('/data/media/notes').read())"
        return self.in_worker("python", "-c", read).split()


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with running_engine(IMAGES) as found:
        try:
            found.docker("compose", "version")
        except AssertionError:
            pytest.skip("This machine's docker has no plugin for Compose.")
        yield found


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site after the commands of docs/howto/containers.md."""
    project = DeployedProject.create(tmp_path_factory.mktemp("compose") / "my site")
    project.printed("compose", "--name", "shop", "--write")
    (project.folder / ".env").write_text(f"{SECRETS}PORT=8000\n")
    site = Site(project, engine)
    try:
        pull = ("--pull", "never") if engine.stands_in else ()
        site.compose("up", "--build", "--wait", "--detach", *pull)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{site.compose('logs')}") from None
    yield site
    site.compose("down", "--volumes")


def test_compose_accepts_the_file(site: Site) -> None:
    assert "web" in site.compose("config", "--services").split()


def test_compose_accepts_the_files_with_postgresql(
    engine: Engine, postgres: DeployedProject, tmp_path: Path
) -> None:
    generated = tmp_path / "docker-compose.yml"
    (tmp_path / ".env").write_text("REDIS_PASSWORD=x\nPOSTGRES_PASSWORD=y\nSECRET_KEY=z\n")
    text = postgres.printed("compose")
    generated.write_text(
        text[text.index("docker-compose.yml\n") :].replace("docker", "# docker", 1)
    )
    for path in (generated, ROOT / "docker-compose.yml"):
        environment = ("--env-file", tmp_path / ".env")
        engine.docker("compose", *environment, "--file", path, "config", "--quiet")


def test_a_job_of_the_site_runs_in_the_worker(site: Site) -> None:
    site.engine.get("http://127.0.0.1:8000/enqueue/first/")
    wait_until(lambda: "first" in site.notes(), lambda: site.compose("logs"))


def test_all_services_are_healthy(site: Site) -> None:
    states = site.compose("ps", "--format", "{{.Service}} {{.Health}}").split("\n")
    assert "worker healthy" in states
    assert "redis healthy" in states


RIGHTS = """
import os
print("user", os.getuid())
print([line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")])
try:
    open("/app/x", "w")
except OSError as error:
    print(error.strerror)
"""


def test_the_containers_have_no_rights_and_no_writable_disk(site: Site) -> None:
    found = site.in_worker("python", "-c", RIGHTS)
    assert "user 1000" in found
    assert "['0000000000000000']" in found
    assert "Read-only file system" in found


def test_no_list_of_processes_shows_the_password(site: Site) -> None:
    assert "a#b-c_d" not in site.compose("top")


def test_queued_jobs_survive_a_restart_of_redis_and_of_the_worker(site: Site) -> None:
    site.compose("stop", "worker")
    site.engine.get("http://127.0.0.1:8000/enqueue/kept/")
    site.compose("restart", "redis")
    site.compose("up", "--detach", "--wait", "--no-build", "worker")
    wait_until(lambda: "kept" in site.notes(), lambda: site.compose("logs"))


def test_more_workers_start_next_to_the_first(site: Site) -> None:
    site.compose("up", "--detach", "--wait", "--no-build", "--scale", "worker=2", "worker")
    wait_until(
        lambda: (
            site.in_worker("python", "manage.py", "jobs", "workers", "--json").count('"id"') == 2
        ),
        lambda: site.compose("ps"),
    )

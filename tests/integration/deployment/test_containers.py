"""`manage.py jobs compose`, `kubernetes` and `procfile` print files that fit the project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from django_jobs.conf.options import BackendOptions
from tests.integration.deployment.project import SECRET, DeployedProject

BIN = Path(sys.prefix) / "bin"


def printed_files(text: str) -> dict[str, str]:
    """The printed files by their names."""
    parts = re.split(r"(?m)^# /.*/(Dockerfile|\.dockerignore|docker-compose\.yml)\n", text)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("kind", ["plain", "postgres"])
def test_the_compose_file_follows_the_specification(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    project: DeployedProject = request.getfixturevalue(kind)
    path = tmp_path / "docker-compose.yml"
    path.write_text(printed_files(project.printed("compose"))["docker-compose.yml"])
    schema = ("--builtin-schema", "vendor.compose-spec")
    command = [str(BIN / "check-jsonschema"), *schema, str(path)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ("db" in yaml.safe_load(path.read_text())["services"]) is (kind == "postgres")


def compose_services(project: DeployedProject, *arguments: str) -> dict[str, Any]:
    text = printed_files(project.printed("compose", *arguments))["docker-compose.yml"]
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    return services


def test_web_server_and_worker_are_one_image_with_one_environment(
    plain: DeployedProject,
) -> None:
    services = compose_services(plain, "-q", "low:2", "--image", "registry/shop:3")
    web, worker = services["web"], services["worker"]
    assert web["image"] == worker["image"] == "registry/shop:3"
    assert web["environment"] == worker["environment"]
    assert web["environment"]["JOB_BACKEND"] == "redis"
    assert worker["command"] == ["python", "manage.py", "runworker", "-q", "low:2"]
    assert web["command"][:5] == ["python", "-m", "gunicorn", "--bind", "0.0.0.0:8000"]
    assert services["migrate"]["command"] == ["python", "manage.py", "migrate"]
    assert worker["healthcheck"]["test"][:4] == ["CMD", "python", "manage.py", "jobs"]


@pytest.fixture(scope="module")
def services(postgres: DeployedProject) -> dict[str, Any]:
    """The services of a project with PostgreSQL."""
    return compose_services(postgres)


def test_no_container_has_more_rights_than_it_needs(services: dict[str, Any]) -> None:
    for service in services.values():
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True


def test_only_the_web_server_publishes_a_port(services: dict[str, Any]) -> None:
    published = {name: one["ports"] for name, one in services.items() if "ports" in one}
    assert published == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_data_outlives_its_container(services: dict[str, Any]) -> None:
    assert services["redis"]["volumes"] == ["redisdata:/data"]
    assert services["db"]["volumes"] == ["dbdata:/var/lib/postgresql/data"]
    assert "--appendonly yes" in services["redis"]["command"][-1]


def test_everything_waits_for_healthy_databases_and_migrations(services: dict[str, Any]) -> None:
    healthy = {"condition": "service_healthy"}
    assert services["migrate"]["depends_on"] == {"db": healthy, "redis": healthy}
    for name in ("web", "worker"):
        migrated = {"migrate": {"condition": "service_completed_successfully"}}
        assert services[name]["depends_on"] == migrated


def test_a_stopped_container_waits_longer_than_running_jobs_may_take(
    services: dict[str, Any],
) -> None:
    for name in ("web", "worker"):
        grace = int(services[name]["stop_grace_period"].removesuffix("s"))
        assert grace > BackendOptions().shutdown_timeout


def test_the_dockerfile_passes_its_linter(project: DeployedProject, tmp_path: Path) -> None:
    for requirements in (True, False):
        if not requirements:
            (project.folder / "requirements.txt").unlink()
        path = tmp_path / "Dockerfile"
        path.write_text(printed_files(project.printed("compose"))["Dockerfile"])
        command = [BIN / "hadolint", path]
        checked = subprocess.run(command, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_dockerfile_of_the_project_is_not_replaced(project: DeployedProject) -> None:
    (project.folder / "Dockerfile").write_text("FROM scratch\n")
    assert list(printed_files(project.printed("compose"))) == ["docker-compose.yml"]


def by_kind_and_name(text: str) -> dict[tuple[str, str], Any]:
    """The manifests of a file."""
    documents = yaml.safe_load_all(text)
    return {(one["kind"], one["metadata"]["name"]): one for one in documents}


def test_the_manifests_have_all_that_a_cluster_needs(plain: DeployedProject) -> None:
    found = by_kind_and_name(plain.printed("kubernetes"))
    assert list(found) == [
        ("Deployment", "shop-web"),
        ("Service", "shop"),
        ("PodDisruptionBudget", "shop-web"),
        ("Deployment", "shop-worker"),
        ("PodDisruptionBudget", "shop-worker"),
        ("CronJob", "shop-migrate"),
    ]
    for role in ("web", "worker"):
        labels = found["Deployment", f"shop-{role}"]["spec"]["selector"]["matchLabels"]
        budget = found["PodDisruptionBudget", f"shop-{role}"]["spec"]["selector"]["matchLabels"]
        template = found["Deployment", f"shop-{role}"]["spec"]["template"]
        assert labels == budget == template["metadata"]["labels"]
    assert found["Service", "shop"]["spec"]["selector"] == {
        "app.kubernetes.io/name": "shop",
        "app.kubernetes.io/component": "web",
    }
    assert found["CronJob", "shop-migrate"]["spec"]["suspend"] is True


def test_pods_run_without_rights_and_have_time_to_stop(plain: DeployedProject) -> None:
    found = by_kind_and_name(plain.printed("kubernetes"))
    pods = [found["Deployment", f"shop-{role}"]["spec"]["template"] for role in ("web", "worker")]
    pods.append(found["CronJob", "shop-migrate"]["spec"]["jobTemplate"]["spec"]["template"])
    for pod in (one["spec"] for one in pods):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["envFrom"] == [{"secretRef": {"name": "shop-env"}}]
    assert pods[1]["spec"]["terminationGracePeriodSeconds"] == 45


def test_a_worker_answers_the_probes_of_its_pod(plain: DeployedProject) -> None:
    one, several = (
        by_kind_and_name(text)["Deployment", "shop-worker"]["spec"]["template"]["spec"]
        for text in plain.each(["kubernetes"], ["kubernetes", "--processes", "2"])
    )
    for pod, options in ((one, []), (several, ["--processes", "2"])):
        (container,) = pod["containers"]
        assert container["command"][3:] == [*options, "--probe", "0.0.0.0:7433"]
        assert container["ports"] == [{"name": "probe", "containerPort": 7433}]
        assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "probe"}
        assert container["livenessProbe"]["httpGet"] == {"path": "/live", "port": "probe"}


def test_the_procfile_names_the_processes_of_the_site(plain: DeployedProject) -> None:
    text = plain.printed("procfile", "--processes", "2")
    lines = dict(re.findall(r"(?m)^([a-z]+): (.*)$", text))
    assert list(lines) == ["release", "web", "worker"]
    assert lines["worker"] == "python manage.py runworker --processes 2"
    assert lines["release"] == "python manage.py migrate --noinput"
    assert " --bind 0.0.0.0:$PORT " in lines["web"]
    # Nothing else could be read as a process.
    assert re.findall(r"(?m)^[A-Za-z0-9_-]+:\s*.+$", text) == [
        f"{name}: {command}" for name, command in lines.items()
    ]


HOSTILE_WEB = "/opt/a\\ b/web --motd '$HOME $(HOME) 100% \"x\" # y: z'"
WORDS = ["/opt/a b/web", "--motd", '$HOME $(HOME) 100% "x" # y: z']


def test_special_characters_arrive_in_each_kind_of_file(hostile: DeployedProject) -> None:
    web = ("--web", HOSTILE_WEB)
    procfile, compose, kubernetes = hostile.each(
        *((kind, *web) for kind in ("procfile", "compose", "kubernetes"))
    )
    (line,) = re.findall(r"(?m)^web: (.*)$", procfile)
    assert shlex.split(line) == WORDS

    services = yaml.safe_load(printed_files(compose)["docker-compose.yml"])["services"]
    assert [word.replace("$$", "$") for word in services["web"]["command"]] == WORDS

    deployment = by_kind_and_name(kubernetes)["Deployment", "shop-web"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert [word.replace("$$(", "$(") for word in container["command"]] == WORDS


def test_no_file_has_a_secret_or_a_hole(postgres: DeployedProject) -> None:
    secrets = {
        "SECRET_KEY": SECRET,
        "REDIS_PASSWORD": SECRET,
        "REDIS_URL": f"redis://user:{SECRET}@example.com/0",
        "JOB_BACKEND": "redis",
        "JOB_DASHBOARD_PASSWORD": SECRET,
    }
    kinds = ["systemd"], ["procfile"], ["compose"], ["kubernetes"]
    for text in postgres.each(*kinds, **secrets):
        assert SECRET not in text
        assert "UNKNOWN VALUE" not in text
        assert "{{" not in text
        assert "&quot;" not in text
        assert "\n\n\n" not in text
        assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_a_name_that_yaml_would_read_as_something_else_stays_a_text(
    plain: DeployedProject,
) -> None:
    for text in plain.each(*(["kubernetes", "--name", name] for name in ("on", "null", "123"))):
        for manifest in by_kind_and_name(text).values():
            labels = manifest["metadata"].get("labels", {})
            assert all(isinstance(label, str) for label in labels.values())


PLACES = {
    "procfile": ["Procfile"],
    "compose": ["Dockerfile", ".dockerignore", "docker-compose.yml"],
    "kubernetes": ["kubernetes.yaml"],
}


def test_files_are_written_into_the_project_and_never_over_others(
    project: DeployedProject,
) -> None:
    places = [project.folder / name for names in PLACES.values() for name in names]
    calls = [[kind, "--write"] for kind in PLACES]
    written = project.each(*calls)
    assert "".join(written) == "".join(f"Wrote {place}.\n" for place in places)

    project.answers.clear()
    for answer, names in zip(project.each(*calls), PLACES.values(), strict=True):
        assert f"{project.folder / names[-1]} is there already, with this content." in answer

    places[0].write_text("mine\n")
    refused = project.jobs("procfile", "--write")
    assert refused.returncode == 1
    assert f"{places[0]} is there already and differs" in refused.stderr
    assert places[0].read_text() == "mine\n"


def test_nothing_is_written_if_one_place_is_taken(project: DeployedProject, tmp_path: Path) -> None:
    there = tmp_path / "units"
    there.mkdir()
    (there / "shop-worker.service").write_text("mine\n")
    refused = project.jobs("systemd", "--write", "--directory", str(there))
    assert refused.returncode == 1
    assert "Nothing was written." in refused.stderr
    assert [path.name for path in there.iterdir()] == ["shop-worker.service"]


def test_a_folder_that_is_not_there_is_named(plain: DeployedProject, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    refused = plain.jobs("procfile", "--write", "--directory", str(lost))
    assert refused.returncode == 1
    assert f"{lost}/Procfile cannot be written: No such file or directory." in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--web", "gunicorn 'oops"], "--web: No closing quotation"),
        (["--web", "a\nb"], "has a control character"),
        (["--backend", "defualt"], "Did you mean 'default'?"),
        (["-q", "no good"], "the queue name 'no good' is not allowed"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(
    plain: DeployedProject, arguments: list[str], said: str
) -> None:
    refused = plain.jobs("procfile", *arguments)
    assert refused.returncode != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_backend_of_another_package_is_refused(plain: DeployedProject) -> None:
    backend = "django_tasks.backends.immediate.ImmediateBackend"
    refused = plain.jobs("systemd", JOB_BACKEND=backend)
    assert refused.returncode == 1
    assert "is no backend of django_jobs" in refused.stderr

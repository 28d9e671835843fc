"""The wheel is complete: it works alone in a fresh environment."""

from __future__ import annotations

import re
import shutil
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from scripts.add_address import main as add_address
from tests.repository.helpers import build, run
from tests.support.paths import ROOT

PACKAGE = ROOT / "django_jobs"
DATA = {".lua", ".html", ".txt", ".css", ".js", ".svg", ".po", ".mo", ".typed"}
DEPLOYMENT = PACKAGE / "management" / "deployment" / "templates"  # files with any suffix, or none
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REPOSITORY = "https://example.com/owner/project"
TAG = f"v{PROJECT['version']}"

CHECK = """
import django
from django.conf import settings
from django.core.management import call_command
from django_jobs.conf import tasks_from_env

backport = ["django_tasks"] if django.VERSION < (6, 0) else []
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *backport, "django_jobs"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": ":memory:",
            "OPTIONS": {"transaction_mode": "IMMEDIATE"},
        }
    },
    TASKS=tasks_from_env(),
)
django.setup()
call_command("check")
"""


def test_the_wheel_holds_every_file_that_the_code_reads(installed: Path) -> None:
    (copy,) = installed.glob("lib/*/site-packages/django_jobs")
    wanted = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*")
        if path.suffix in DATA | {".py"} or (path.is_file() and DEPLOYMENT in path.parents)
    }
    assert [name for name in sorted(wanted) if not (copy / name).is_file()] == []
    assert {"py.typed", "management/deployment/templates/Procfile"} <= wanted


def test_the_source_distribution_holds_tests_documentation_and_changelog(
    source_archive: Path,
) -> None:
    with tarfile.open(source_archive) as sources:
        held = {name.partition("/")[2] for name in sources.getnames()}
    folders = ("benchmarks", "deploy", "django_jobs", "docs", "requirements", "scripts", "tests")
    wanted = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted += [*ROOT.glob("*.md"), *(ROOT / name for name in ("LICENSE", "Makefile", ".ci/run"))]
    names = {str(path.relative_to(ROOT)) for path in wanted if "__pycache__" not in path.parts}
    assert names - held == set()
    assert not [name for name in held if "__pycache__" in name or "sqlite3" in name]


def test_the_wheel_is_the_same_without_the_source_distribution(wheel: Path, tmp_path: Path) -> None:
    def contents(path: Path) -> dict[str, bytes]:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    assert contents(wheel) == contents(build("wheel", tmp_path))


def test_the_tests_of_the_source_distribution_run(sources: Path) -> None:
    some = ("tests/unit/jobs", "tests/contract/test_claims.py", "tests/repository/test_shape.py")
    said = run(sys.executable, "-m", "pytest", "-q", "-n", "0", *some, cwd=sources)
    assert re.search(r"\b[1-9]\d* passed", said)
    assert "failed" not in said


def test_a_site_starts_on_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    output = run(installed / "bin" / "python", "-W", "error", "-c", CHECK, cwd=tmp_path)
    assert "System check identified no issues" in output


def test_the_metadata_says_what_is_supported() -> None:
    classifiers = set(PROJECT["classifiers"])
    assert {f"Framework :: Django :: {version}" for version in ("5.2", "6.0", "6.1")} <= classifiers
    assert "Typing :: Typed" in classifiers
    assert PROJECT["license"] == "BSD-3-Clause"
    assert PROJECT["name"] == "django-jobs-backends"


def test_the_changelog_has_the_version_with_a_date_below_what_is_unreleased() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert re.fullmatch(rf"\[{re.escape(PROJECT['version'])}\] - 20\d\d-\d\d-\d\d", headings[1])


@pytest.fixture(scope="module")
def released(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """The metadata of the wheel and of the source distribution, built as a release builds them."""
    checkout = tmp_path_factory.mktemp("release") / "checkout"
    shutil.copytree(sources, checkout)
    run(sys.executable, "scripts/add_address.py", f"{REPOSITORY}/", cwd=checkout)
    python = ("--python", sys.executable)
    run("uv", "build", "--no-build-isolation", "--out-dir", "dist", *python, cwd=checkout)
    (wheel,) = checkout.glob("dist/*.whl")
    (archive,) = checkout.glob("dist/*.tar.gz")
    with zipfile.ZipFile(wheel) as files, tarfile.open(archive) as source_files:
        (name,) = (name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        source = source_files.extractfile(f"{archive.name.removesuffix('.tar.gz')}/PKG-INFO")
        assert source
        return [message_from_bytes(text) for text in (files.read(name), source.read())]


def test_a_release_has_the_addresses_of_the_project(released: list[Message]) -> None:
    for metadata in released:
        addresses = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
        assert addresses == {
            "Repository": REPOSITORY,
            "Documentation": f"{REPOSITORY}/blob/{TAG}/docs/index.md",
            "Changelog": f"{REPOSITORY}/blob/{TAG}/CHANGELOG.md",
            "Issues": f"{REPOSITORY}/issues",
        }


def test_no_link_of_the_long_description_of_a_release_is_relative(released: list[Message]) -> None:
    for metadata in released:
        text = str(metadata.get_payload())
        targets = re.findall(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"', text)
        addresses = [link or picture for link, picture in targets]
        assert [one for one in addresses if not one.startswith("https://")] == []
        made = re.findall(rf"{REPOSITORY}/(blob|raw)/{TAG}/([^)\"#\s]+)", text)
        assert made
        assert [path for _, path in made if not (ROOT / path).is_file()] == []
        pictures = {Path(path).suffix for kind, path in made if kind == "raw"}
        assert pictures == {".png", ".svg", ".webp"}


def test_the_address_of_a_release_is_added_once_and_begins_with_https(
    sources: Path, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(sources, checkout)
    with pytest.raises(SystemExit, match="it has to begin with https"):
        add_address(checkout, "owner/project")
    add_address(checkout, REPOSITORY)
    with pytest.raises(SystemExit, match="this was done before"):
        add_address(checkout, REPOSITORY)


def test_pins_are_exact_and_hold_no_address() -> None:
    for pins in (ROOT / "requirements").glob("*.txt"):
        text = pins.read_text()
        assert "://" not in text
        requirements = [line for line in text.splitlines() if line[:1].isalnum()]
        assert requirements
        assert [line for line in requirements if "==" not in line] == []
        assert text.count("--hash=sha256:") >= len(requirements)

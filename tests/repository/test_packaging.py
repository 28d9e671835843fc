"""The wheel is complete: it works alone in a fresh environment."""

from __future__ import annotations

import re
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

from scripts.absolute_readme import absolute
from tests.repository.helpers import build, run
from tests.support.paths import ROOT

PACKAGE = ROOT / "django_jobs"
DATA = {".lua", ".html", ".txt", ".css", ".js", ".svg", ".po", ".mo", ".typed"}
DEPLOYMENT = PACKAGE / "management" / "deployment" / "templates"  # files with any suffix, or none
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

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


def test_links_of_the_long_description_can_be_made_absolute() -> None:
    readme = (ROOT / PROJECT["readme"]).read_text()
    text = absolute(readme, "https://example.com/project/", "v9.9")
    targets = re.findall(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"', text)
    addresses = [link or picture for link, picture in targets]
    assert [one for one in addresses if not one.startswith("https://")] == []
    made = re.findall(r"https://example\.com/project/(blob|raw)/v9\.9/([^)\"#\s]+)", text)
    assert made
    assert [path for _, path in made if not (ROOT / path).is_file()] == []
    assert {Path(path).suffix for kind, path in made if kind == "raw"} == {".png", ".svg", ".webp"}


def test_pins_are_exact_and_hold_no_address() -> None:
    for pins in (ROOT / "requirements").glob("*.txt"):
        text = pins.read_text()
        assert "://" not in text
        requirements = [line for line in text.splitlines() if line[:1].isalnum()]
        assert requirements
        assert [line for line in requirements if "==" not in line] == []
        assert text.count("--hash=sha256:") >= len(requirements)

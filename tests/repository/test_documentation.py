"""What the documentation shows is true: code runs, links lead somewhere, lists are whole."""

from __future__ import annotations

import ast
import os
import re
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from tests.support.paths import ROOT
from tests.support.processes import output_of_python

README = ROOT / "README.md"
PAGES = (
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").glob("*.md")),
    *sorted((ROOT / "benchmarks").glob("*.md")),
)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"# (\S+\.py)\n")
LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"')
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PUBLIC = ("", ".asgi", ".backends", ".logs", ".mail", ".recap", ".testing")

# What the README takes for granted: a site with an app for orders.
SITE = {
    "settings.py": """
        import django
        SECRET_KEY = "readme"
        ROOT_URLCONF = "urls"
        INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop"]
        INSTALLED_APPS += ["django_tasks"] if django.VERSION < (6, 0) else []
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
        LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
        if django.VERSION >= (6, 1):
            MAILERS = {"default": {"BACKEND": LOCMEM}}
        else:
            EMAIL_BACKEND = LOCMEM
        """,
    "urls.py": """
        from django.urls import include, path
        from shop.views import pay
        urlpatterns = [
            path("pay/<int:pk>/", pay),
            path("recap/", include("django_jobs.recap.urls")),
        ]
        """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models
        class Order(models.Model):
            email = models.EmailField()
        """,
    "shop/recap.py": """
        def recipients():
            return []
        def content(user, period):
            return None
        """,
}

# Runs what a person would: the view, the lines for a shell, a worker where there is one.
VISIT = """
import sys, time
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from django_jobs.backends import is_persistent
from django_jobs.compat import default_task_backend
from shop.models import Order

call_command("check", fail_level="ERROR")
call_command("migrate", run_syncdb=True, verbosity=0)
order, another_order = (Order.objects.create(email="ann@example.com") for _ in range(2))
page = Client(headers={"host": "localhost"}).get(f"/pay/{order.pk}/").content.decode()
for lines in sys.argv[1:]:
    exec(lines, {"order": order, "another_order": another_order})
if is_persistent():
    call_command("runworker", burst=True)
receipt = default_task_backend.get_result(page.split()[-1].rstrip("."))
deadline = time.monotonic() + 90
while not receipt.is_finished and time.monotonic() < deadline:
    time.sleep(0.01)
    receipt.refresh()
print(receipt.status.name, receipt.return_value)
"""


def code() -> tuple[dict[str, str], list[str]]:
    """The README's Python: what it names as files, and lines for a shell."""
    files: dict[str, str] = {}
    lines: list[str] = []
    for block in PYTHON.findall(README.read_text()):
        if named := FILE_NAME.match(block):
            files[named[1]] = files.get(named[1], "") + block
        else:
            lines.append(block)
    return files, lines


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A new project that holds what the README says."""
    files, _ = code()
    for name in SITE | files:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        given = "\n".join(line[8:] for line in SITE.get(name, "").splitlines())
        path.write_text(f"{given}\n{files.get(name, '')}")
    return tmp_path


def visit(site: Path, **environment: str) -> str:
    """Return the last line that the visit prints."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COVERAGE", "DJANGO_"))
    }
    paths = {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "DJANGO_SETTINGS_MODULE": "settings"}
    _, lines = code()
    return output_of_python(["-c", VISIT, *lines], site, {**inherited, **paths, **environment})


def test_the_quickstart_runs_a_job_in_a_thread_of_the_process(site: Path) -> None:
    said = visit(site, JOB_SHUTDOWN_TIMEOUT="5")
    assert "SUCCESSFUL 1" in said
    assert "2 jobs in its memory are lost" in said


def test_the_same_code_runs_on_redis_and_loses_nothing(site: Path, redis_url: str) -> None:
    said = visit(site, JOB_BACKEND="redis", REDIS_URL=redis_url)
    assert "SUCCESSFUL 1" in said
    assert "lost" not in said


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be linked to, as forges make them."""
    if page.suffix != ".md":
        return set()
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = []
    for target in ("".join(link) for link in LINK.findall(page.read_text())):
        if target.startswith(("http:", "https:")):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_picture_is_where_the_site_copies_them_from(page: Path) -> None:
    pictures = [picture for _, picture in LINK.findall(page.read_text()) if picture]
    folders = {(page.parent / picture).resolve().parent for picture in pictures}
    assert folders <= {ROOT / "docs" / "images"}


def test_the_site_has_every_page_once() -> None:
    contents = yaml.safe_load((ROOT / "docs/_toc.yml").read_text())
    entries = [entry["file"] for part in contents["subtrees"] for entry in part["entries"]]
    pages = [page.relative_to(ROOT).with_suffix("") for page in PAGES]
    pages.append(Path("tests/README"))
    assert sorted([contents["root"], *entries]) == sorted(map(str, pages))


def test_the_index_links_the_pages_in_the_order_of_the_site() -> None:
    index = ROOT / "docs/index.md"
    links = [(index.parent / link).resolve() for link, _ in LINK.findall(index.read_text())]
    contents = yaml.safe_load((ROOT / "docs/_toc.yml").read_text())
    for part in contents["subtrees"]:
        pages = [ROOT / f"{entry['file']}.md" for entry in part["entries"]]
        assert [link for link in links if link in pages] == pages, part["caption"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_all_code_is_python(page: Path) -> None:
    for block in PYTHON.findall(page.read_text()):
        # As in a notebook, where `await` may stand at the top.
        compile(block, str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("module", PUBLIC)
def test_the_reference_names_all_that_may_be_imported(module: str) -> None:
    reference = (ROOT / "docs/reference/api.md").read_text()
    names = import_module(f"django_jobs{module}").__all__
    inner = {"JobBackend", "our_backend", "our_backends", "prepare_process"}
    missing = [name for name in names if name not in reference and name not in inner]
    assert not missing, f"describe these in docs/reference/api.md: {missing}"


def test_the_reference_names_every_error() -> None:
    reference = (ROOT / "docs/reference/api.md").read_text()
    tree = ast.parse((ROOT / "django_jobs/errors.py").read_text())
    errors = [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    missing = [name for name in errors if name not in reference]
    assert not missing, f"describe these in docs/reference/api.md: {missing}"


def test_the_architecture_names_every_script_of_redis() -> None:
    page = (ROOT / "docs/explanation/architecture.md").read_text()
    scripts = (ROOT / "django_jobs/brokers/redis/scripts").glob("*.lua")
    missing = [path.stem for path in scripts if f"`{path.stem}`" not in page]
    assert not missing, f"describe these in docs/explanation/architecture.md: {missing}"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/explanation/architecture.md"])
def test_files_that_are_named_exist(page: str) -> None:
    package = ROOT / "django_jobs"
    named = set(
        re.findall(
            r"`([\w.]+(?:/[\w.]+)*/(?:[\w.]+\.(?:py|lua|html|md))?)`", (ROOT / page).read_text()
        )
    )
    places = (ROOT, package, package / "brokers", package / "brokers" / "redis")
    lost = [name for name in named if not any((place / name).exists() for place in places)]
    assert named
    assert not lost, f"correct these in {page}: {lost}"

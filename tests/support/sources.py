"""The modules of the repository, to be read by tests."""

from __future__ import annotations

from tests.support.paths import ROOT

MODULES = {
    str(path.relative_to(ROOT)): path.read_text()
    for top in ("django_jobs", "example_project", "scripts", "benchmarks")
    for path in (ROOT / top).rglob("*.py")
    if "migrations" not in path.parts and path.read_text().strip()
}

"""Type checkers of sites see tasks with and without django-stubs, and report what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.long

FOLDER = "tests/repository/types"
SITE, ITS_TESTS = f"{FOLDER}/site.py", f"{FOLDER}/site_tests.py"
ITS_WORKFLOWS = f"{FOLDER}/site_workflows.py"


@pytest.fixture(scope="module")
def without_stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed packages except django-stubs, as most sites have them."""
    folder = tmp_path_factory.mktemp("packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith("django-stubs") and package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    return folder


def check(*command: str | Path, **environment: str) -> None:
    """Run a type checker, which reports each marked line that is right, too."""
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def mypy(config: Path, text: str, *arguments: str, **environment: str) -> None:
    config.write_text(f"[mypy]\nstrict = True\nfollow_imports = silent\n{text}")
    cache = config.parent / "cache"
    command = (sys.executable, "-m", "mypy", "--config-file", config, "--cache-dir", cache)
    check(*command, *arguments, **environment)


def test_mypy_without_the_stubs_of_django(tmp_path: Path) -> None:
    mypy(tmp_path / "mypy.ini", "", "--no-site-packages", SITE, MYPYPATH=str(ROOT))


def test_mypy_with_the_stubs_of_django(tmp_path: Path) -> None:
    text = "plugins = mypy_django_plugin.main\n"
    files = (SITE, ITS_TESTS, ITS_WORKFLOWS)
    mypy(tmp_path / "mypy.ini", text, *files, DJANGO_SETTINGS_MODULE="tests.settings")


@pytest.mark.parametrize("has_stubs", [False, True], ids=["without stubs", "with stubs"])
def test_pyright(tmp_path: Path, without_stubs: Path, *, has_stubs: bool) -> None:
    packages = sysconfig.get_path("purelib") if has_stubs else str(without_stubs)
    config = tmp_path / "pyrightconfig.json"
    settings = {
        "include": [
            os.path.relpath(ROOT / path, tmp_path) for path in (SITE, ITS_TESTS, ITS_WORKFLOWS)
        ],
        "extraPaths": [str(ROOT), packages],
        "typeCheckingMode": "standard",
        "reportUnnecessaryTypeIgnoreComment": "error",
    }
    config.write_text(json.dumps(settings))
    # The interpreter below the virtual environment knows none of its packages.
    python = str(Path(sys.base_prefix) / "bin" / "python3")
    check(
        Path(sys.prefix) / "bin" / "pyright",
        *("--project", config, "--pythonpath", python),
        PYRIGHT_PYTHON_IGNORE_WARNINGS="1",
    )

"""Adds the address of the repository to pyproject.toml and README.md, as package indexes need it.

Usage: scripts/add_address.py ADDRESS

The release does this in its own checkout before it builds, as it knows the address. Links and
pictures lead to the tag of the version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = (".png", ".svg", ".webp")
RELATIVE = re.compile(r'(\]\(|(?:src|srcset)=")(?!https?:|#)([^)"\s]+)')


def main(folder: Path, repository: str) -> None:
    """Rewrite pyproject.toml and README.md in a folder, or say why that cannot be done.

    Args:
        folder: a checkout of the project.
        repository: the address of the repository on a forge that serves `blob/` and `raw/`.
    """
    if not repository.startswith("https://"):
        sys.exit(
            f"{repository!r} is not the address of a repository: it has to begin with https://."
        )
    settings, readme = folder / "pyproject.toml", folder / "README.md"
    project = tomllib.loads(settings.read_text())["project"]
    if "urls" in project:
        sys.exit("pyproject.toml has [project.urls] already, so this was done before.")
    repository, tag = repository.rstrip("/"), f"v{project['version']}"
    settings.write_text(settings.read_text() + urls(repository, tag))
    readme.write_text(absolute(readme.read_text(), repository, tag))


def urls(repository: str, tag: str) -> str:
    """Return the table of pyproject.toml that has the addresses of the project."""
    return f"""
[project.urls]
Repository = "{repository}"
Documentation = "{repository}/blob/{tag}/docs/index.md"
Changelog = "{repository}/blob/{tag}/CHANGELOG.md"
Issues = "{repository}/issues"
"""


def absolute(text: str, repository: str, tag: str) -> str:
    """Return the text with absolute links.

    Args:
        text: Markdown whose relative links begin at the root of the repository.
        repository: its address.
        tag: the tag or branch to link to.
    """

    def replace(found: re.Match[str]) -> str:
        kind = "raw" if found[2].endswith(IMAGES) else "blob"
        return f"{found[1]}{repository}/{kind}/{tag}/{found[2]}"

    return RELATIVE.sub(replace, text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: scripts/add_address.py ADDRESS")
    main(ROOT, sys.argv[1])

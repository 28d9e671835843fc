"""Makes the links and pictures of README.md absolute, as a page on an index needs them.

The release does this in its own checkout before it builds. The address is that of
`[project.urls]` in pyproject.toml, at the tag of the version.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMAGES = (".png", ".svg", ".webp")
RELATIVE = re.compile(r'(\]\(|(?:src|srcset)=")(?!https?:|#)([^)"\s]+)')


def main() -> None:
    """Rewrite README.md, or say which setting is missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    repository = project.get("urls", {}).get("Repository")
    if not repository:
        sys.exit(
            "pyproject.toml has no Repository in [project.urls], so the links of the long"
            " description would lead nowhere. Add the address of the repository."
        )
    readme = ROOT / "README.md"
    readme.write_text(absolute(readme.read_text(), repository, f"v{project['version']}"))


def absolute(text: str, repository: str, tag: str) -> str:
    """Return the text with absolute links.

    Args:
        text: Markdown whose relative links begin at the root of the repository.
        repository: the address of the repository on a forge that serves `blob/` and `raw/`.
        tag: the tag or branch to link to.
    """

    def replace(found: re.Match[str]) -> str:
        kind = "raw" if found[2].endswith(IMAGES) else "blob"
        return f"{found[1]}{repository.rstrip('/')}/{kind}/{tag}/{found[2]}"

    return RELATIVE.sub(replace, text)


if __name__ == "__main__":
    main()

"""An editor at the forms of Wagtail's admin."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import requests

from tests.integration.wagtail.running import DEADLINE, NAME, PASSWORD

HOME = 2
"""The page that Wagtail's migrations make."""

NO_COMMENTS = {
    "comments-TOTAL_FORMS": "0",
    "comments-INITIAL_FORMS": "0",
    "comments-MIN_NUM_FORMS": "0",
    "comments-MAX_NUM_FORMS": "",
}
NO_FOCAL_POINT = dict.fromkeys(
    ("focal_point_x", "focal_point_y", "focal_point_width", "focal_point_height"), ""
)
COLLECTION = {"collection": "1", "tags": ""}
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass
class Editor:
    """Somebody with every permission, who has logged in."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.post("/admin/login/", {"username": NAME, "password": PASSWORD})

    def get(self, path: str, **query: str) -> str:
        """Return a page of the admin."""
        response = self.session.get(f"{self.url}{path}", params=query, timeout=DEADLINE)
        response.raise_for_status()
        return response.text

    def post(
        self, path: str, fields: Mapping[str, str] = NOTHING, file: tuple[str, bytes] | None = None
    ) -> str:
        """Send a form, and return the address to which it led: a refused one leads nowhere."""
        self.get(path)
        response = self.session.post(
            f"{self.url}{path}",
            data={"csrfmiddlewaretoken": self.session.cookies["csrftoken"], **fields},
            files={"file": file} if file else None,
            allow_redirects=False,
            timeout=DEADLINE,
        )
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    # --- pages -------------------------------------------------------------------------------

    def add_draft(self, title: str, text: str, **more: str) -> int:
        """Add an article without publishing it, and return its number."""
        return _number(self._add(title, text, **more))

    def add(self, title: str, text: str, **more: str) -> None:
        """Add an article, and publish it."""
        self._add(title, text, **more, **{"action-publish": "1"})

    def _add(self, title: str, text: str, **more: str) -> str:
        return self.post(f"/admin/pages/add/articles/article/{HOME}/", _article(title, text, more))

    def change(self, article: int, title: str, text: str, **more: str) -> None:
        """Save a new draft of an article."""
        self.post(f"/admin/pages/{article}/edit/", _article(title, text, more))

    def publish(self, article: int, title: str, text: str, **more: str) -> None:
        """Save an article, and publish it."""
        self.change(article, title, text, **more, **{"action-publish": "1"})

    def unpublish(self, article: int) -> None:
        self.post(f"/admin/pages/{article}/unpublish/")

    def delete(self, article: int) -> None:
        self.post(f"/admin/pages/{article}/delete/")

    # --- files -------------------------------------------------------------------------------

    def upload_picture(self, title: str, content: bytes) -> int:
        """Upload a PNG picture, and return its number."""
        fields = {"title": title, "description": title, **COLLECTION, **NO_FOCAL_POINT}
        self.post("/admin/images/add/", fields, ("picture.png", content))
        return self._found("images", title)

    def upload_document(self, title: str, content: bytes) -> int:
        """Upload a text, and return its number."""
        fields = {"title": title, **COLLECTION}
        self.post("/admin/documents/add/", fields, ("text.txt", content))
        return self._found("documents", title)

    def _found(self, kind: str, title: str) -> int:
        """Find what was uploaded last."""
        listing = self.get(f"/admin/{kind}/", ordering="-created_at")
        assert title in listing
        numbers = re.findall(rf"/admin/{kind}/(?:edit/)?(\d+)/", listing)
        return max(map(int, numbers))


def _article(title: str, text: str, more: dict[str, str]) -> dict[str, str]:
    """Return the fields of the form of an article; the text as the rich text editor sends it."""
    block = {
        "key": "text",
        "text": text,
        "type": "unstyled",
        "depth": 0,
        "inlineStyleRanges": [],
        "entityRanges": [],
        "data": {},
    }
    return {
        "title": title,
        "slug": title.lower().replace(" ", "-"),
        "body": json.dumps({"blocks": [block], "entityMap": {}}),
        "picture": "",
        **NO_COMMENTS,
        **more,
    }


def _number(address: str) -> int:
    found = re.search(r"/pages/(\d+)/edit/", address)
    assert found, address
    return int(found[1])

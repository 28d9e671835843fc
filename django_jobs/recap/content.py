"""The content of a recap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecapItem:
    """A line of a section.

    Attributes:
        text: the text.
        url: a link for the text; a path such as `/posts/3/` is joined to `BASE_URL`.
        note: less important text, shown in small print.
    """

    text: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecapSection:
    """Items under a heading. A section without items is left out."""

    heading: str
    items: Sequence[RecapItem]


@dataclass(frozen=True, slots=True)
class RecapContent:
    """The content of one user's recap.

    Attributes:
        title: the heading of the email.
        sections: the sections, in order.
        intro: a sentence or two below the title.
        subject: the subject line; the title if empty.
    """

    title: str
    sections: Sequence[RecapSection]
    intro: str = ""
    subject: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there are no items, so that no email should be sent."""
        return not any(section.items for section in self.sections)

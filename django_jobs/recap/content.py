"""What a recap says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecapItem:
    """One line of a section.

    Attributes:
        text: what the reader should know.
        url: where to read more; a path such as `/posts/3/` is joined to `BASE_URL`.
        note: what is less important, shown in small print after the text.
    """

    text: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class RecapSection:
    """Items under a heading; a section without items is left out."""

    heading: str
    items: Sequence[RecapItem]


@dataclass(frozen=True, slots=True)
class RecapContent:
    """Everything one recap tells one user.

    Attributes:
        title: the heading of the mail.
        sections: what happened, in the order in which it should be read.
        intro: a sentence or two under the title.
        subject: the subject line, the title if empty.
    """

    title: str
    sections: Sequence[RecapSection]
    intro: str = ""
    subject: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say, so that no mail should be sent."""
        return not any(section.items for section in self.sections)

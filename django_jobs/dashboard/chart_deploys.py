"""What charts over time show of deploys: a line in each step that has some, and their labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from django.utils.translation import gettext as _

from django_jobs.metrics.history import History

from .charts import Mark

TOLD = 5
"""How many labels a tooltip names."""


class ChartDeploys:
    """The deploys of a history, by the step in which they were."""

    def __init__(self, history: History) -> None:
        self._labels: defaultdict[int, list[str]] = defaultdict(list)
        self.marks: list[Mark] = []
        begin = history.buckets[0].at if history.deploys else 0
        for at, label in history.deploys:
            place = (at - begin) / history.step
            index = min(int(place), len(history.buckets) - 1)
            if index not in self._labels:
                # One line is enough for a step, so their number is bounded.
                self.marks.append(Mark("deploy", min(place, len(history.buckets))))
            self._labels[index].append(label)
        self.count = len(history.deploys)

    def labels(self, index: int) -> str:
        """Return the labels of the deploys in one step, or ""."""
        return ", ".join(self._labels.get(index, ()))

    def hint(self, index: int, hint: str) -> str:
        """Return the tooltip of a step with its latest deploys, each in a line of its own."""
        return "\n".join((hint, *_told(self._labels.get(index, ()))))

    @property
    def text(self) -> str:
        """The latest deploys, for screen readers."""
        return ", ".join(_told([one for labels in self._labels.values() for one in labels]))


def _told(labels: Sequence[str]) -> list[str]:
    told = [_("Deploy: %(label)s") % {"label": label} for label in labels[-TOLD:]]
    return ["…", *told] if len(labels) > TOLD else told

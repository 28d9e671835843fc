"""The versions of the site's code that a parent starts workers with: new code comes by a reload."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from .channel import Channel
from .launcher import Launcher
from .restarts import RestartPauses

logger = logging.getLogger("django_jobs")

LOOK = 0.01
"""Seconds between two looks at processes that are to end."""

LONGEST_END = 5.0
"""Seconds to wait for the end of templates."""

LOST = "The template process is gone. The site is loaded again, and then the workers are replaced."


class Releases:
    """Loads the site's code again for a reload, and goes back if the new code does not work.

    Args:
        first: starts processes with the code that is loaded now.
        load: begins to load the code as it is on disk by then.

    Attributes:
        current: starts processes from now on.
    """

    def __init__(self, first: Launcher, load: Callable[[], Launcher]) -> None:
        self.current = first
        self._load = load
        self._next: Launcher | None = None
        self._older: list[Launcher] = []
        self._unused: list[Launcher] = []
        self._failures = RestartPauses()

    def have_failed(self, tries: int) -> bool:
        """Return whether so many tries in a row to replace what had died have failed."""
        return self._failures.failures >= tries and not self.is_loading

    @property
    def is_loading(self) -> bool:
        """Whether new code is being loaded."""
        return self._next is not None

    @property
    def channels(self) -> list[Channel]:
        """What all launchers are heard through."""
        return [channel for one in self._all() for channel in one.channels]

    def reload(self) -> None:
        """Load the code as it is now, instead of any that is still being loaded."""
        if self._next:
            self._drop(self._next)
        try:
            self._next = self._load()
        except OSError as error:
            self._next = None
            logger.error("Can't load the site at the moment: %s", error)

    def look(self) -> None:
        """Notice what was loaded, and what has ended."""
        for launcher in self._all():
            launcher.look()
        if self.current.has_served and not self.current.is_gone:
            self._failures.forget()
        if self._next and self._next.is_loaded:
            self._older.append(self.current)
            self.current, self._next = self._next, None
        elif self._next and self._next.is_gone:
            self._drop(self._next)
            self._next = None
            logger.error(
                "The site could not be loaded; what it wrote says why. The worker processes go on"
                " with the old code."
            )
        self._unused = [one for one in self._unused if not one.has_exited()]

    def mend(self) -> None:
        """Load the code again if what starts processes has died, with pauses after failures."""
        if self.current.is_gone and not self._next and self._failures.is_over:
            logger.warning(LOST)
            self._failures.failed()  # until one of its processes has served
            self.reload()

    def go_back(self) -> bool:
        """Start processes with the code from before the last reload, if the new one never worked.

        Returns:
            Whether there was such code.
        """
        sound = self._last_sound
        if not sound or self.current.has_served:
            return False
        self._drop(self.current)
        self.current = sound
        self._older.remove(sound)
        return True

    @property
    def _last_sound(self) -> Launcher | None:
        """The newest of the older ones whose processes have served."""
        sound = [one for one in self._older if one.has_served and not one.is_gone]
        return sound[-1] if sound else None

    def keep(self, in_use: Collection[Launcher]) -> None:
        """Let go of code that no process runs any more, and that is not needed to go back to."""
        spare = None if self.current.has_served else self._last_sound
        for launcher in set(self._older).difference(in_use, [spare]):
            self._older.remove(launcher)
            self._drop(launcher)

    def close(self) -> None:
        """End all processes that are kept to start others."""
        for launcher in self._all():
            self._drop(launcher)
        end = time.monotonic() + LONGEST_END
        while not all(one.has_exited() for one in self._unused) and time.monotonic() < end:
            time.sleep(LOOK)

    def _all(self) -> list[Launcher]:
        return [*self._older, self.current, *([self._next] if self._next else [])]

    def _drop(self, launcher: Launcher) -> None:
        launcher.close()
        self._unused.append(launcher)

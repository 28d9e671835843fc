"""Why there is no new picture, in sentences for the person who asked for it."""

from __future__ import annotations


class PictureRefused(Exception):
    """Trying again would end the same way."""


class PictureUnavailable(Exception):
    """The other side did not answer as it should; later it may."""

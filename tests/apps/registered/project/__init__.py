"""The package of a site's settings and URLs, which is no installed app."""

from __future__ import annotations

"""Settings under which Django's own tests of its Tasks framework run."""

from __future__ import annotations

import sys

from tests.integration.conformance.sources import tests_of_django
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

sys.path.insert(0, str(tests_of_django()))

INSTALLED_APPS = [*INSTALLED_APPS, "tasks"]

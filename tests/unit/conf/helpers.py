"""What the tests of settings share."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_jobs.conf.options import BackendOptions
from django_jobs.conf.redis_options import RedisOptions


def refusal(options: dict, kind: type[BackendOptions] = RedisOptions) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        kind.from_dict("default", options)
    return str(caught.value)

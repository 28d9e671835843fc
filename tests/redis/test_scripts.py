"""Redis can read each script: Lua limits how many variables a block and a function may have."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from django_jobs.brokers.redis.lua_constants import with_constants
from django_jobs.brokers.redis.lua_parts import FOLDER, source, with_parts

NAMES = sorted(
    Path(str(path)).stem
    for path in FOLDER.iterdir()
    if path.name.endswith(".lua") and path.name not in {"clock.lua", "common.lua"}
)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_can_be_loaded(client: redis.Redis, name: str) -> None:
    text = source("clock") + source("common") + with_parts(source(name))

    assert client.script_load(with_constants(text))

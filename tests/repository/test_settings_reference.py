"""The reference says what settings and options the code takes, and in which ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import environ
import pytest
import yaml

from django_jobs.conf import tasks_from_env
from django_jobs.conf.options import BackendOptions, ThreadPoolOptions
from django_jobs.conf.redis_options import RedisOptions
from django_jobs.conf.variables import VARIABLES
from django_jobs.validation import ranges
from django_jobs.validation.validators import format_duration
from tests.support.paths import ROOT

REFERENCE = ROOT / "docs" / "reference"
PAGE = REFERENCE / "settings.md"


def code(value: object) -> str:
    return f"`{value}`" if value else "–"


def shown_default(field: Field[Any]) -> str:
    match field.default:
        case str() as text:
            return f'`"{text}"`'
        case value:
            return f"`{value!r}`"


def shown_range(field: Field[Any]) -> str:
    convert = field.metadata["convert"]
    return str(convert) if is_dataclass(convert) else "–"


def own_fields(kind: type[BackendOptions]) -> Iterator[Field[Any]]:
    """The fields that a class adds to the common ones, or gives another default."""
    common = {field.name: field.default for field in fields(BackendOptions)}
    for field in fields(kind):
        if kind is BackendOptions or common.get(field.name, ...) != field.default:
            yield field


def variable_rows() -> list[str]:
    return [f"| `{v.name}` | {v.kind.value} | {code(v.default)} | {v.purpose} |" for v in VARIABLES]


def option_rows(kind: type[BackendOptions]) -> list[str]:
    return [
        f"| `{f.name}` | `{f.type.replace('|', 'or')}` | {shown_default(f)} |"
        f" {shown_range(f)} | {f.metadata['purpose']} |"
        for f in own_fields(kind)
    ]


def documented_rows(heading: str, page: Path = PAGE) -> list[str]:
    section = page.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_page_lists_every_environment_variable() -> None:
    assert documented_rows("Environment variables") == variable_rows()


def example_values() -> dict[str, str]:
    """The commented lines of .env.example, which show the defaults."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    settings = (line.removeprefix("#") for line in lines if re.match(r"#[A-Z]", line))
    return dict(setting.split("=", 1) for setting in settings)


def test_the_example_of_an_environment_has_every_variable() -> None:
    site = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["web"]
    chosen = {*site["environment"], "REDIS_PROVIDER"}
    assert set(example_values()) == {variable.name for variable in VARIABLES} - chosen


def test_the_example_of_an_environment_shows_the_defaults() -> None:
    def options_with(values: dict[str, str]) -> RedisOptions:
        variables = {"JOB_BACKEND": "redis", **values}
        env = type("GivenEnv", (environ.Env,), {"ENVIRON": variables})()
        return RedisOptions.from_dict("default", tasks_from_env(env)["default"]["OPTIONS"])

    assert options_with(example_values()) == options_with({})
    for variable in VARIABLES:
        if not variable.option:
            assert example_values().get(variable.name, "") in {"", variable.default}


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Options of every backend", BackendOptions),
        ("Options of the thread pool", ThreadPoolOptions),
        ("Options of Redis", RedisOptions),
    ],
)
def test_the_page_lists_every_option(heading: str, kind: type[BackendOptions]) -> None:
    assert documented_rows(heading) == option_rows(kind)


def test_the_page_lists_the_range_of_every_option_of_a_task() -> None:
    longest = format_duration(ranges.LONGEST_TIME)
    away = f"an aware `datetime`, or a `timedelta`, at most {longest} away"
    assert documented_rows("Ranges", REFERENCE / "api.md") == [
        f"| `priority` | {ranges.PRIORITY} | – |",
        f"| `run_after` | {away} | at once |",
        f"| `timeout` | {ranges.TIMEOUT} | no limit |",
        f"| `expires` | {ranges.EXPIRES} | never |",
        f"| `result_ttl` | {ranges.RESULT_TTL} | the backend's |",
        f"| `Retry(attempts)` | {ranges.ATTEMPTS} | – |",
        f"| `Retry(wait)` | {ranges.WAIT}, or a sequence of them | Sidekiq's curve |",
        f"| `max_attempts` | {ranges.ATTEMPTS} | the backend's |",
        f"| `Unique(keep_for)` | {ranges.KEEP_FOR} | free at the end |",
        f"| `fair_weight` | {ranges.FAIR_WEIGHT} | – |",
        f"| `Limit(n)` | {ranges.LIMIT} | – |",
        f"| `Rate(n)` | {ranges.RATE} | – |",
        f"| `Rate(per)` | {ranges.PERIOD} | – |",
        f"| `Retry(jitter)` | {ranges.JITTER} | 0.15, and 0 for the curve |",
    ]

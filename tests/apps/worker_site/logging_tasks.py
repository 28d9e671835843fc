"""Tasks that write to the log, from every place that their code may run in."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asgiref.sync import sync_to_async

from django_jobs import Retry, task

logger = logging.getLogger("shop.stock")


@task
def log_from_function() -> None:
    logger.info("from the function")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(contextvars.copy_context().run, logger.info, "from a thread").result()


@task
async def log_from_coroutine() -> None:
    logger.info("from the coroutine")
    await asyncio.gather(_log_in_task(), asyncio.to_thread(logger.info, "from to_thread"))
    await sync_to_async(logger.info)("from sync_to_async")


async def _log_in_task() -> None:
    await asyncio.sleep(0)
    logger.info("from an asyncio task")


@task
def log_with_extra() -> None:
    logger.info("with extra", extra={"task": "mine", "job_id": "mine", "order": {"id": 7}})


@task(retry=Retry(attempts=1))
def log_and_fail() -> None:
    warnings.warn("old API", FutureWarning, stacklevel=1)
    try:
        raise KeyError("stock")
    except KeyError:
        logger.exception("caught")
    raise ValueError("no luck")


class Unprintable:
    def __str__(self) -> str:
        raise RuntimeError("no text")


@task
def log_hostile_values() -> None:
    circle: list[Any] = []
    circle.append(circle)
    logger.info("one\nline \ud800", extra={"value": float("nan")})
    logger.info("circle", extra={"value": circle})
    logger.info("keys", extra={"value": {(1, 2): 3}})
    logger.info("unprintable", extra={"value": Unprintable()})
    logger.info("argument %s", Unprintable())
    logger.info("too many %s", 1, 2)  # noqa: PLE1205

"""Asks a worker's port for probes, as an orchestrator does."""

from __future__ import annotations

import urllib.error
import urllib.request

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.support.ports import HOST, free_port
from tests.support.waiting import DEADLINE, wait_until

Answer = tuple[int, str]


class Probe:
    """Asks the probes of one worker."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"{HOST}:{self.port}"

    def ask(self, page: str) -> Answer:
        try:
            with urllib.request.urlopen(f"http://{self.address}/{page}", timeout=DEADLINE) as told:
                return told.status, told.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except urllib.error.URLError as error:
            return 0, str(error.reason)

    def metrics(self) -> dict[str, Metric]:
        status, text = self.ask("metrics")
        assert status == 200
        return {family.name: family for family in text_string_to_metric_families(text)}

    def wait_for(self, page: str, answer: Answer) -> None:
        wait_until(lambda: self.ask(page) == answer, lambda: f"/{page} says {self.ask(page)}")

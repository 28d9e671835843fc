"""The page for people who come from Sidekiq: its example runs there, and tests show each row."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import load_command_class

from tests.repository.shown_rows import ShownTables
from tests.repository.test_coming_from import DEADLINE, DONE
from tests.support.paths import ROOT
from tests.support.processes import output_of
from tests.support.waiting import wait_until

PAGE = ROOT / "docs" / "howto" / "sidekiq.md"
FILE = re.compile(r"^```ruby\n# before/(\S+\.rb)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BANK = """
module Bank
  def self.write(line)
    File.write("written", "#{line}\\n", mode: "a")
  end

  def self.book(order, cents)
    unless File.exist?("asked")
      File.write("asked", "")
      raise Errno::ECONNREFUSED, "the bank does not answer"
    end
    write("charged #{order} with #{cents}")
  end
end
"""
HINT = "This test needs Sidekiq: apt-get install ruby-sidekiq"
COMMAND = re.compile(r"`manage\.py ((?:runworker|jobs)[^`]*)`")


@pytest.fixture
def sidekiq() -> str:
    """The program that runs jobs of Sidekiq."""
    found = shutil.which("sidekiq")
    if found:
        return found
    if os.environ.get("CI"):
        pytest.fail(HINT, pytrace=False)
    pytest.skip(HINT)


def test_each_row_of_the_page_has_its_tests() -> None:
    ShownTables.read(PAGE, "sidekiq.yml").check()


@pytest.mark.long
def test_the_example_runs_with_sidekiq(sidekiq: str, tmp_path: Path, redis_url: str) -> None:
    files = dict(FILE.findall(PAGE.read_text())) | {"bank.rb": BANK}
    assert set(files) == {"bank.rb", "jobs.rb", "orders.rb"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    environment = os.environ | {"REDIS_URL": redis_url}
    written, log = tmp_path / "written", tmp_path / "log"

    def lines() -> list[str]:
        return sorted(written.read_text().splitlines()) if written.exists() else []

    worker = [sidekiq, "-r", "./jobs.rb", "-c", "1"]
    with (
        log.open("w") as output,
        subprocess.Popen(
            worker, cwd=tmp_path, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            output_of(["ruby", "-r", "./orders.rb", "-e", "place(7)"], tmp_path, environment)
            wait_until(
                lambda: len(lines()) >= len(DONE) or process.poll() is not None,
                f"the jobs have not run, see {log}",
                DEADLINE,
            )
        finally:
            process.terminate()
    assert lines() == DONE, log.read_text()


def test_the_commands_of_the_page_exist() -> None:
    commands = COMMAND.findall(PAGE.read_text())
    assert len(commands) > 5
    for command in commands:
        name, *arguments = shlex.split(command)
        parser = load_command_class("django_jobs", name).create_parser("manage.py", name)
        parser.parse_args(arguments)

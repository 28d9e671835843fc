"""The page for people who come from Sidekiq: its examples run there, and tests show each row."""

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
FILE = re.compile(
    r"^```ruby\n# (?:(sidekiq|activejob)/)?(\S+\.rb)\n(.*?)^```", re.MULTILINE | re.DOTALL
)
# Prints names of the page that the installed version should have, and has not.
NAMES = """
require "active_job"
require "active_job/test_helper"
require "sidekiq"
require "sidekiq/testing"

class Job
  include Sidekiq::Job
end

has = {
  Job => %w[
    perform_async perform_in perform_bulk
    sidekiq_options sidekiq_retry_in sidekiq_retries_exhausted
  ],
  Sidekiq::Testing => %w[fake!],
  ActiveJob::Base => %w[perform_later perform_now set queue_as retry_on discard_on],
}
version = ActiveJob.version.release
if version >= Gem::Version.new("7.1")
  has[ActiveJob] = %w[perform_all_later]
  has[ActiveJob::Base] += %w[after_discard]
end
if version >= Gem::Version.new("7.2")
  has[ActiveJob::Base] += %w[enqueue_after_transaction_commit]
end
has.each { |owner, names| names.each { |name| puts name unless owner.respond_to?(name) } }
puts "executions" unless ActiveJob::Base.method_defined?(:executions)
puts "assert_enqueued_with" unless ActiveJob::TestHelper.method_defined?(:assert_enqueued_with)
puts "DeserializationError" unless ActiveJob.const_defined?(:DeserializationError)
"""
HINT = "This test needs Sidekiq and ActiveJob: apt-get install ruby-sidekiq ruby-activejob"
COMMAND = re.compile(r"`manage\.py ((?:runworker|jobs)[^`]*)`")


@pytest.fixture
def sidekiq() -> str:
    """The program that runs jobs of Sidekiq, where ActiveJob is installed, too."""
    found, library = shutil.which("sidekiq"), ["ruby", "-e", 'require "active_job"']
    if found and subprocess.call(library, stderr=subprocess.DEVNULL) == 0:
        return found
    if os.environ.get("CI"):
        pytest.fail(HINT, pytrace=False)
    pytest.skip(HINT)


def test_each_row_of_the_page_has_its_tests() -> None:
    ShownTables.read(PAGE, "sidekiq.yml").check()


@pytest.mark.long
@pytest.mark.parametrize("library", ["sidekiq", "activejob"])
def test_the_example_runs_with_it(
    library: str, sidekiq: str, tmp_path: Path, redis_url: str
) -> None:
    found = FILE.findall(PAGE.read_text())
    files = {name: text for owner, name, text in found if owner in ("", library)}
    assert set(files) == {"bank.rb", "jobs.rb", "orders.rb"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    environment = os.environ | {"REDIS_URL": redis_url}
    written, log = tmp_path / "bank.txt", tmp_path / "log"

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


@pytest.mark.long
@pytest.mark.usefixtures("sidekiq")
def test_the_names_of_the_page_exist(tmp_path: Path) -> None:
    assert output_of(["ruby", "-W0", "-e", NAMES], tmp_path, os.environ) == ""


def test_the_commands_of_the_page_exist() -> None:
    commands = COMMAND.findall(PAGE.read_text())
    assert len(commands) > 5
    for command in commands:
        name, *arguments = shlex.split(command)
        parser = load_command_class("django_jobs", name).create_parser("manage.py", name)
        parser.parse_args(arguments)

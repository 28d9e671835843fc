"""Records the moving pictures of the README: the dashboard of the example site, in Chromium.

A worker runs real jobs of the site, one of which fails; only the counts of the day before are made
up. Usage: `make record`.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

from tests.integration.dashboard.history import TaskRow, live_through
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
MANAGE = [sys.executable, str(ROOT / "example_project" / "manage.py")]
CHROMIUM = "/usr/bin/chromium"
QUIET = subprocess.DEVNULL

SIZE = {"width": 1000, "height": 640}
SHOWN_FOR = 1800
"""Milliseconds for which one frame is shown."""

DAY = 24 * 60
TASKS: tuple[TaskRow, ...] = (
    ("django_jobs.mail.tasks.deliver", "mailers", 90, 180, 0.02, "smtplib.SMTPServerDisconnected"),
    ("feedback.tasks.notify_followers", "mailers", 12, 350, 0.0, ""),
    ("accounts.tasks.send_join_link", "mailers", 30, 140, 0.01, "smtplib.SMTPServerDisconnected"),
    (
        "accounts.tasks.fetch_picture",
        "low",
        8,
        1400,
        0.08,
        "accounts.pictures.errors.PictureUnavailable",
    ),
)

FAIL = """
from django.contrib.auth.models import User
from accounts.models import profile_of
from accounts.pictures.update import request_picture
from accounts.tasks import fetch_picture
from django_jobs import Retry
once = fetch_picture.using(retry=Retry(attempts=1))
for member in User.objects.order_by("pk")[3:6]:
    address = f"https://pictures.invalid/{member.email.partition('@')[0]}.png"
    request_picture(profile_of(member), address)
    once.enqueue(member.pk, address)
"""
WORK = """
from accounts.tasks import send_join_link
send_join_link.bulk_enqueue([[f"reader{number}@example.com"] for number in range(4000)])
"""


def main() -> None:
    """Record the pictures for both colour schemes."""
    for scheme in ("light", "dark"):
        with running_site() as address:
            frames = record(address, scheme)
        target = IMAGES / f"dashboard-moving-{scheme}.webp"
        first, *others = frames
        first.save(
            target, save_all=True, append_images=others, duration=SHOWN_FOR, loop=0, quality=72,
            method=6, minimize_size=True,
        )  # fmt: skip
        print(f"{target}: {len(frames)} frames, {target.stat().st_size // 1024} KB")


@contextmanager
def running_site() -> Iterator[str]:
    """Run the example site with a Redis and a worker of its own, and yield its address."""
    with ExitStack() as cleaning:
        directory = cleaning.enter_context(tempfile.TemporaryDirectory())
        server = RedisServer()
        server.start()
        cleaning.callback(server.stop)
        live_through(server.url, "jobs", minutes=DAY, every=5, tasks=TASKS)
        port = free_port()
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "example.settings",
            "DEBUG": "1",
            "PORT": str(port),
            "JOB_BACKEND": "redis",
            "REDIS_URL": server.url,
            "DATABASE_URL": f"sqlite:///{directory}/db.sqlite3",
        }
        manage("demo")
        for command in (["runworker", "-c", "5"], ["runserver", f"127.0.0.1:{port}", "--noreload"]):
            process = subprocess.Popen([*MANAGE, *command], stdout=QUIET, stderr=QUIET)
            cleaning.callback(process.wait)
            cleaning.callback(process.terminate)
        manage("shell", "-c", FAIL)
        yield f"http://127.0.0.1:{port}"


def manage(*arguments: str) -> None:
    """Run a command of the example site."""
    subprocess.run([*MANAGE, *arguments], check=True, stdout=QUIET)


def record(address: str, scheme: str) -> list[Image.Image]:
    """Find a failed job, read its error and retry it, and look at the other pages."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]
        sign_in(page, address)
        wait_for_dead_jobs(page, f"{address}/jobs/")
        film = Film(page)
        film.click(page.locator("#tile-dead a"))
        film.click(page.locator("table.jobs th a").first)
        film.show(page.locator("#attempts"))
        film.click(page.get_by_role("button", name="Retry"))
        film.shoot()
        manage("shell", "-c", WORK)
        page.get_by_role("link", name="Queues").click()
        film.click(page.get_by_role("link", name="Workers"))
        film.click(page.get_by_role("link", name="Metrics"))
        film.shoot()
        browser.close()
        return film.frames


def sign_in(page: Page, address: str) -> None:
    """Sign in as the admin of the demo data, once the site answers."""
    wait_until(lambda: answers(page, f"{address}/sign-in/"), "the site")
    page.locator("[name=username]").fill("admin@example.com")
    page.locator("[name=password]").fill("larder-admin")
    page.get_by_role("button", name="Sign in").click()


def answers(page: Page, address: str) -> bool:
    """Return whether the site answers at the address."""
    try:
        page.goto(address)
    except Exception as error:  # playwright's own class of errors is not public
        if "ERR_CONNECTION_REFUSED" in str(error):
            return False
        raise
    return True


def wait_for_dead_jobs(page: Page, address: str) -> None:
    """Wait until the jobs have failed, and the worker of the made-up counts is forgotten."""

    def ready() -> bool:
        page.goto(f"{address}workers/")
        made_up = page.get_by_text("shop-web-1").count()
        page.goto(address)
        return not made_up and page.locator("#tile-dead a").inner_text() == "3"

    wait_until(ready, "three dead jobs")


class Film:
    """Frames of a page, in which a dot shows what is clicked next."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []

    def click(self, target: Locator) -> None:
        """Take a frame with a dot on the target, and click it."""
        target.scroll_into_view_if_needed()
        self.shoot(target)
        target.click()
        self.page.wait_for_load_state("networkidle")

    def show(self, part: Locator) -> None:
        """Take a frame that begins with a part of the page."""
        self.shoot()
        part.evaluate("part => part.scrollIntoView()")
        self.shoot()
        self.page.evaluate("scrollTo(0, 0)")

    def shoot(self, target: Locator | None = None) -> None:
        """Take a frame."""
        box = target.bounding_box() if target else None
        if box:
            self.page.evaluate(
                DOT, [box["x"] + min(box["width"] / 2, 60), box["y"] + box["height"] / 2]
            )
        self.page.evaluate(HIDE_PATHS, str(ROOT))
        picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(picture)


DOT = """([x, y]) => {
  const dot = document.createElement("div");
  Object.assign(dot.style, {
    position: "fixed", left: `${x - 13}px`, top: `${y - 13}px`, width: "26px", height: "26px",
    borderRadius: "50%", background: "rgba(255, 149, 0, .45)", border: "2px solid #ff9500",
    boxSizing: "border-box", zIndex: 9999, pointerEvents: "none",
  });
  document.body.append(dot);
}"""

# Tracebacks hold the path of this clone.
HIDE_PATHS = """root => {
  for (const part of document.querySelectorAll("pre")) {
    if (part.textContent.includes(root)) {
      part.textContent = part.textContent.replaceAll(root, "/srv/feedback");
    }
  }
}"""


if __name__ == "__main__":
    main()

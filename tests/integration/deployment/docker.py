"""A Docker engine for the tests: the one of this machine, or one of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.deployment.debian import chroot, debian_tar, require, run, site_packages
from tests.support.paths import ROOT
from tests.support.waiting import wait_until

NAMESPACE = f"django-jobs-{os.getpid()}"
PLUGIN = ROOT / ".dev" / "docker-compose"
"""Where a Compose plugin may be, if the machine's Docker has none."""


@dataclass(frozen=True)
class Engine:
    """A Docker engine.

    Attributes:
        variables: that `docker` needs to speak to it.
        inside: words before a command that reaches the ports of its containers.
        stands_in: whether its images are stand-ins, made of Debian's packages.
    """

    variables: dict[str, str]
    inside: tuple[str, ...]
    stands_in: bool

    def docker(self, *words: str | Path) -> str:
        return run("docker", *words, **self.variables)

    def get(self, address: str) -> str:
        """Fetch a page of a published port."""
        program = f"import urllib.request as u; print(u.urlopen({address!r}, timeout=60).read())"
        return run(*self.inside, "python3", "-c", program)


@contextmanager
def running_engine(images: Sequence[str]) -> Iterator[Engine]:
    """Yield an engine that has these images, or skip the tests and say why.

    Args:
        images: that are made from Debian's packages if the engine is one of our own.
    """
    require("docker")
    with ExitStack() as stack:
        if _answers({}):
            engine = Engine({}, (), stands_in=False)
        else:
            engine = stack.enter_context(_own_engine())
        if engine.stands_in:
            _import_stand_ins(engine, images, Path(stack.enter_context(_scratch())))
        yield engine


def _answers(variables: dict[str, str]) -> bool:
    words = ["docker", "info", "--format", "{{json .ServerVersion}}"]
    done = subprocess.run(
        words, env=os.environ | variables, capture_output=True, text=True, check=False
    )
    return done.returncode == 0 and bool(json.loads(done.stdout or '""'))


@contextmanager
def _scratch() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="docker-") as folder:
        yield folder


@contextmanager
def _own_engine() -> Iterator[Engine]:
    """Start an engine in a network of its own, so that the machine stays as it is."""
    require("dockerd", "ip", "nsenter", "mmdebstrap")
    with _scratch() as name, ExitStack() as stack:
        folder = Path(name)
        run("ip", "netns", "add", NAMESPACE)
        stack.callback(run, "ip", "netns", "del", NAMESPACE)
        inside = ("nsenter", f"--net=/var/run/netns/{NAMESPACE}")
        run(*inside, "ip", "link", "set", "lo", "up")
        variables = {
            "DOCKER_HOST": f"unix://{folder}/docker.sock",
            "DOCKER_CONFIG": str(_configuration(folder)),
        }
        # Not `ip netns exec`, which hides the control groups.
        places = ("data-root", "exec-root")
        options = [f"--{place}={folder / place}" for place in places]
        log = stack.enter_context((folder / "log").open("w"))
        process = subprocess.Popen(
            [*inside, "dockerd", *options, "-H", variables["DOCKER_HOST"], "-p", folder / "pid"],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        stack.callback(_stop, process, folder)
        wait_until(
            lambda: _answers(variables) or process.poll() is not None,
            (folder / "log").read_text,
        )
        if process.poll() is not None:
            pytest.skip(f"dockerd does not run here: {(folder / 'log').read_text()[-500:]}")
        yield Engine(variables, inside, stands_in=True)


def _configuration(folder: Path) -> Path:
    """Make a configuration of `docker` with the plugin for Compose."""
    configuration = folder / "configuration"
    plugins = configuration / "cli-plugins"
    plugins.mkdir(parents=True)
    known = (PLUGIN, Path("/usr/libexec/docker/cli-plugins/docker-compose"))
    for plugin in known:
        if plugin.exists():
            shutil.copy(plugin, plugins / "docker-compose")
    return configuration


def _stop(process: subprocess.Popen[bytes], folder: Path) -> None:
    process.terminate()
    process.wait(60)
    for mounted in folder.glob("exec-root/netns/*"):
        subprocess.run(["umount", str(mounted)], check=False)


def _import_stand_ins(engine: Engine, images: Sequence[str], folder: Path) -> None:
    """Import a small Debian under the names of images, which cannot be pulled without a network."""
    root = folder / "root"
    root.mkdir()
    run("tar", "--extract", "--file", debian_tar(), "--directory", root)
    site_packages(root / "usr" / "local" / "lib" / "python3.11" / "dist-packages")
    (root / "usr" / "bin" / "python").symlink_to("python3")
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink()
    _own(root, "data", "redis")
    run("tar", "--create", "--file", folder / "image.tar", "--directory", root, ".")
    shutil.rmtree(root)
    for image in images:
        # The working directory of the image of Redis, in which it keeps its data.
        change = ("--change", "WORKDIR /data")
        engine.docker("import", *change, folder / "image.tar", image)


def _own(root: Path, folder: str, user: str) -> None:
    """Make a folder that belongs to a user of that Debian."""
    (root / folder).mkdir()
    chroot(root, "chown", f"{user}:{user}", f"/{folder}")

"""Unknown bytes that should become a small square picture."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import accounts
from accounts.pictures.errors import PictureRefused
from accounts.pictures.image import square_webp
from tests.integration.example.pictures import bomb, picture


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(600, 400), (30, 900), (1, 1)])
def test_pictures_become_square(kind: str, size: tuple[int, int]) -> None:
    with Image.open(BytesIO(square_webp(picture(kind, size)))) as made:
        assert (made.format, made.size) == ("WEBP", (256, 256))


def test_the_middle_is_kept() -> None:
    wide = Image.new("RGB", (900, 300), "red")
    wide.paste("blue", (300, 0, 600, 300))
    target = BytesIO()
    wide.save(target, "PNG")
    with Image.open(BytesIO(square_webp(target.getvalue()))) as made:
        red, _, blue = made.convert("RGB").getpixel((10, 128))  # type: ignore[misc]
        assert blue > 200 > 60 > red


def test_a_picture_taken_sideways_is_turned_upright() -> None:
    lying = Image.new("RGB", (200, 200), "red")
    lying.paste("blue", (0, 0, 200, 100))
    exif = Image.Exif()
    exif[0x0112] = 3
    target = BytesIO()
    lying.save(target, "JPEG", exif=exif)
    with Image.open(BytesIO(square_webp(target.getvalue()))) as made:
        red, _, blue = made.convert("RGB").getpixel((128, 20))  # type: ignore[misc]
        assert red > 200 > 60 > blue


def test_nothing_of_the_file_but_its_pixels_survives() -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home, 5 Larder Lane"
    target = BytesIO()
    Image.new("RGB", (300, 300), "red").save(target, "JPEG", exif=exif, comment=b"my secret")
    made = square_webp(target.getvalue() + b"<script>alert(1)</script>")
    for trace in (b"Larder Lane", b"my secret", b"script"):
        assert trace not in made
    with Image.open(BytesIO(made)) as image:
        assert not image.getexif()


@pytest.mark.parametrize("side", [2_001, 15_000, 60_000])
def test_a_decompression_bomb_is_refused_by_its_header(side: int) -> None:
    with pytest.raises(PictureRefused, match="more than 4 million pixels"):
        square_webp(bomb(side))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x89PNG\r\n\x1a\n",
        picture()[:200],
        picture("JPEG")[:300],
        bomb(300),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    ],
    ids=["nothing", "svg", "png signature", "cut png", "cut jpeg", "png without data", "eps"],
)
def test_a_broken_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="not a picture we can read"):
        square_webp(data)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16", "CMYK"])
def test_every_kind_of_pixels_can_be_made_small(mode: str) -> None:
    target = BytesIO()
    Image.new(mode, (900, 700)).save(target, "JPEG" if mode == "CMYK" else "PNG")
    with Image.open(BytesIO(square_webp(target.getvalue()))) as made:
        assert made.size == (256, 256)


UNPACK = """
import resource, sys
from accounts.pictures.image import square_webp

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
square_webp(sys.stdin.buffer.read())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "JPEG"])
def test_a_small_file_takes_little_memory(kind: str) -> None:
    """The largest picture that is let in, in a process of its own: memory is never given back."""
    data = picture(kind, (2000, 2000))
    environment = {**os.environ, "PYTHONPATH": str(Path(accounts.__file__).parent.parent)}
    command = [sys.executable, "-c", UNPACK]
    run = subprocess.run(command, input=data, env=environment, capture_output=True, check=True)
    assert int(run.stdout) < 100 * 1024  # KB

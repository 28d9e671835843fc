"""Each text of the dashboard and the recap is translated into each of their languages."""

from __future__ import annotations

import ast
import gettext
import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils.translation.template import templatize
from pytest_django import Settings

from django_jobs.backends.base import JobBackend
from tests.integration.dashboard.addresses import PAGES
from tests.integration.dashboard.in_each_state import fill
from tests.support.builders import make_jobs
from tests.support.paths import ROOT

APPS = {name: ROOT / "django_jobs" / name for name in ("dashboard", "recap")}
LANGUAGES = {"de": "Warteschlangen", "ja": "キュー"}

SINGLE, PLURAL = {"_", "gettext", "gettext_lazy", "gettext_noop"}, {"ngettext", "ngettext_lazy"}
WITH_CONTEXT = {"pgettext", "pgettext_lazy"}
STRING = r"""u?('(?:\\.|[^'])*'|"(?:\\.|[^"])*")"""
IN_TEMPLATES = re.compile(rf" (?:n?gettext|_)\({STRING}(?:, ?{STRING})?", re.DOTALL)
PLACES = re.compile(r"%\((\w+)\)s")

Text = tuple[str, ...]
"""A text with its plural, if it has one, and "" or its context before."""


def in_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            texts = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
            if node.func.id in SINGLE and texts:
                yield ("", texts[0])
            elif node.func.id in PLURAL:
                yield ("", *texts[:2])
            elif node.func.id in WITH_CONTEXT:
                yield tuple(texts[:2])


def in_template(source: str) -> Iterator[Text]:
    """Django turns templates into something like Python for xgettext, which is read here, too."""
    for texts in IN_TEMPLATES.findall(templatize(source)):
        yield ("", *(ast.literal_eval(text) for text in texts if text))


def texts_of_the_code(app: str) -> set[Text]:
    python = (found for path in APPS[app].rglob("*.py") for found in in_python(path.read_text()))
    templates = [path for path in APPS[app].rglob("*") if path.suffix in {".html", ".txt"}]
    html = (found for path in templates for found in in_template(path.read_text()))
    return {*python, *html}


def entries(app: str, language: str) -> Iterator[tuple[Text, list[str], str]]:
    """Each entry of a language's file: its texts, their translations, and all that stands there."""
    path = APPS[app] / "locale" / language / "LC_MESSAGES" / "django.po"
    for block in path.read_text().split("\n\n")[1:]:
        found: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if not line.startswith("#"):
                keyword, _, text = line.rpartition(' "') if line[0] != '"' else (name, "", line[1:])
                name = keyword
                found[name] = found.get(name, "") + ast.literal_eval(f'"{text}')
        context = found.pop("msgctxt", "")
        originals = [text for name, text in found.items() if name.startswith("msgid")]
        translated = [text for name, text in found.items() if name.startswith("msgstr")]
        yield (context, *originals), translated, block


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_each_text_of_the_code_is_translated(app: str, language: str) -> None:
    known = {texts for texts, _, _ in entries(app, language)}
    assert len(known) > {"dashboard": 300, "recap": 25}[app]
    missing = texts_of_the_code(app) - known
    assert not missing, f"run make messages, then translate in {APPS[app]}/locale: {missing}"


def test_each_translation_is_still_used(app: str, language: str) -> None:
    unused = {texts for texts, _, _ in entries(app, language)} - texts_of_the_code(app)
    assert not unused, f"run make messages, which removes these: {unused}"


def test_no_translation_is_missing_or_fuzzy(app: str, language: str) -> None:
    for texts, translated, block in entries(app, language):
        assert all(translated), texts
        assert "fuzzy" not in block.partition("msgid")[0], texts
        assert not block.startswith("#~"), texts


def test_each_translation_has_the_placeholders_of_its_text(app: str, language: str) -> None:
    for (_, *texts), translated, _ in entries(app, language):
        places = set(PLACES.findall(" ".join(texts)))
        for text in translated:
            assert set(PLACES.findall(text)) <= places, text
        assert set(PLACES.findall(" ".join(translated))) == places, texts


def test_compiled_translations_equal_their_source(app: str, language: str) -> None:
    path = APPS[app] / "locale" / language / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for (context, text, *plural), translated, _ in entries(app, language):
        if plural:
            said = {compiled.ngettext(text, plural[0], number) for number in (1, 2)}
        elif context:
            said = {compiled.pgettext(context, text)}
        else:
            said = {compiled.gettext(text)}
        assert said == set(translated)


def test_pages_are_translated(
    language: str, operator: Client, redis_backend: JobBackend, settings: Settings
) -> None:
    settings.LANGUAGE_CODE = language
    fill(redis_backend)
    redis_backend.broker.push(make_jobs(1234))
    for address in PAGES:
        html = operator.get(address.path).content.decode()
        assert f'<html lang="{language}" dir="ltr"' in html
        assert LANGUAGES[language] in html, address.name
    grouped = {"de": "1.238", "ja": "1,238"}[language]
    queues = next(one for one in PAGES if one.name == "queues")
    assert grouped in operator.get(queues.path).content.decode()

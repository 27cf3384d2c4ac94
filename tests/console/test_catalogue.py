"""Every text that a person reads has a Chinese translation, and the catalogue holds nothing else."""

from __future__ import annotations

import ast
import re
import string
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

import dujiang
from dujiang.console.templating import ISLAND_TEXTS

SOURCE = Path(dujiang.__file__).parent
CATALOGUES = sorted((SOURCE / "foundation" / "locale" / "zh").glob("*.po"))


def texts_of_python(file: Path) -> set[str]:
    calls = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
    marked = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "_" and call.args]
    found = [call.args[0].value for call in marked if isinstance(call.args[0], ast.Constant)]
    return {text for text in found if isinstance(text, str)}


def texts_of_template(file: Path) -> set[str]:
    tree = Environment(autoescape=True).parse(file.read_text("utf-8"))
    calls = [call for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name) and call.node.name == "_"]
    return {call.args[0].value for call in calls if call.args and isinstance(call.args[0], nodes.Const)}


@cache
def all_texts() -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(SOURCE.rglob("*.py")):
        found.update(dict.fromkeys(texts_of_python(file), str(file.relative_to(SOURCE))))
    for file in sorted(SOURCE.rglob("*.html")):
        found.update(dict.fromkeys(texts_of_template(file), str(file.relative_to(SOURCE))))
    return found


def translations(file: Path) -> dict[str, str]:
    with file.open("rb") as stream:
        return {str(one.id): str(one.string) for one in read_po(stream, locale="zh") if one.id}


def placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


@cache
def translated() -> dict[str, str]:
    return {text: chinese for file in CATALOGUES for text, chinese in translations(file).items()}


def test_every_text_has_a_translation() -> None:
    missing = {text: where for text, where in all_texts().items() if not translated().get(text)}
    assert missing == {}


def test_no_translation_is_left_over() -> None:
    unused = {text for text in translated() if text not in all_texts()}
    assert unused == set()


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_placeholders_are_the_same(file: Path) -> None:
    wrong = [text for text, chinese in translations(file).items() if placeholders(text) != placeholders(chinese)]
    assert wrong == []


@pytest.mark.parametrize("file", CATALOGUES, ids=lambda file: file.stem)
def test_catalogue_has_no_exclamation_marks_and_nothing_fuzzy(file: Path) -> None:
    with file.open("rb") as stream:
        messages = [one for one in read_po(stream, locale="zh") if one.id]
    assert [one.id for one in messages if one.fuzzy or "！" in str(one.string) or "!" in str(one.string)] == []


def test_one_text_has_one_translation() -> None:
    seen: dict[str, str] = {}
    different = []
    for file in CATALOGUES:
        for text, chinese in translations(file).items():
            if seen.setdefault(text, chinese) != chinese:
                different.append((text, seen[text], chinese))
    assert different == []


def test_texts_in_scripts_are_handed_over() -> None:
    used: set[str] = set()
    for file in (SOURCE / "console" / "static" / "js").glob("*.js"):
        used |= set(re.findall(r"""\bt\("([^"]+)"\)""", file.read_text("utf-8")))
    assert used - {"Nothing found"} <= set(ISLAND_TEXTS)
    assert used


def raised_texts(file: Path) -> set[str]:
    """What checks of models raise in plain words, which nobody can translate."""
    functions = [node for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.FunctionDef)]
    checks = [one for one in functions if any("_validator" in ast.unparse(part) for part in one.decorator_list)]
    raised = [node.exc for one in checks for node in ast.walk(one) if isinstance(node, ast.Raise)]
    calls = [one for one in raised if isinstance(one, ast.Call) and ast.unparse(one.func) == "ValueError" and one.args]
    return {ast.unparse(one) for one in calls if not ast.unparse(one.args[0]).startswith("_(")}


def test_whatever_a_definition_or_question_is_refused_for_has_a_translation() -> None:
    found = {str(file.relative_to(SOURCE)): raised_texts(file) for file in sorted(SOURCE.rglob("*.py"))}
    assert {name: texts for name, texts in found.items() if texts} == {}

"""Every verb × each of its words and options × what somebody may type: a sentence and an exit code; never a fault of ours."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args, get_type_hints

import pytest
import typer

from dujiang.cli import app
from dujiang.cli.reference import verbs
from dujiang.workspace import Workspace

DIGITS: Final = "9" * 5_000
TEXTS: Final = ("", DIGITS, "[/red]<b>😀';--", "１２３", "u0000000000000")
NUMBERS: Final = ("NaN", "-1", "1e9", "9" * 30)
DAYS: Final = ("2026-13-40", "tomorrow", "", "0001-01-01", "9999-12-31")
FILES: Final = ("missing.csv", "binary.csv", "broken.yaml", "list.yaml", "empty.csv", "folder")
NEVER_ENDING: Final = ("demo", "simulate", "prove", "serve", "init")
"""Verbs that would do long work or serve; of these only numbers and days are tried, and all have to be refused."""
ONLY_ONCE: Final = ("folder", "as_json", "help")
REFUSED: Final = (
    ("ask", "no-such"), ("ask", "{broken.yaml}"), ("ask", "{list.yaml}"), ("ask", "{binary.csv}"),
    ("dashboard", "no-such"), ("dashboard", "no-such", "--share", "7"), ("dashboard", "--unshare", "x"),
    ("definitions", "list", "no-such"), ("definitions", "show", "channel", "no-such"), ("definitions", "show", "no", "x"),
    ("definitions", "plan", "{missing.csv}"), ("definitions", "plan", "{binary.csv}"), ("definitions", "plan", "{folder}"),
    ("definitions", "apply", "{broken.yaml}"), ("definitions", "apply", "{list.yaml}"),
    ("export", "secrets", "{missing.csv}"), ("export", "people", "{folder}"),
    ("group", "person", "no-such"), ("group", "rename", "no-such", "x"), ("group", "segment", "no-such"),
    ("hours", "no-such"), ("hours", "--group", "no-such"), ("hours", "--segment", "no-such"),
    ("identity", "decide", "no-such", "x"), ("identity", "decide", "join", "x", "y"), ("identity", "decide", "bar", "x"),
    ("identity", "dry-run", "{missing.csv}"), ("identity", "dry-run", "{binary.csv}"), ("identity", "graph", "no-such"),
    ("identity", "release", "no-such"), ("identity", "reject", "no-such"), ("identity", "revoke", "no-such"),
    ("identity", "restore", "no-such"), ("identity", "seams", "no-such"), ("identity", "take-out", "no-such", "x"),
    ("identity", "unmerge", "no-such", "x"),
    ("import", "{missing.csv}"), ("import", "{binary.csv}"), ("import", "{empty.csv}"), ("import", "{folder}"),
    ("import", "{orders.csv}", "--mapping", "no-such"), ("import", "{orders.csv}", "--encoding", "base64"),
    ("import", "{orders.csv}", "--day", "2026-13-40"), ("imports", "draft", "{orders.csv}", "--like", "no-such"),
    ("imports", "draft", "{binary.csv}"), ("imports", "draft", "{orders.csv}", "--column", "x"),
    ("imports", "redo", "no-such"), ("imports", "undo", "no-such"),
    ("init", "{folder}/new", "--time-zone", "Mars/Olympus"), ("init", "{folder}/new", "--currency", "no such"),
    ("keys", "admin", "king"), ("keys", "collect", "no-such"), ("keys", "revoke", "no-such"),
    ("life", "changes", "--limit", "-1"), ("life", "changes", "--first", "2026-11-01"), ("life", "flow", "--period", "someday"),
    ("metric", "no-such"), ("metric", "gmv", "--by", "no-such"), ("metric", "gmv", "--compare", "often"),
    ("people", "--limit", "-1"), ("people", "--limit", "9" * 30),
    ("predict", "score", "no-such"), ("present", "2026-13-40"), ("relations", "no-such"), ("relations", "--limit", "-1"),
    ("report", "deliveries", "no-such"), ("report", "fetch", "no-such"), ("report", "preview", "no-such"),
    ("report", "send", "no-such"),
    ("segment", "apply", "{missing.csv}"), ("segment", "apply", "{broken.yaml}"), ("segment", "apply", "{binary.csv}"),
    ("segment", "compare", "no-such"), ("segment", "count", "{list.yaml}"), ("segment", "count", "{binary.csv}"),
    ("segment", "export", "no-such", "{missing.csv}"), ("segment", "show", "no-such"), ("segment", "source", "no-such"),
    ("suggestions", "accept", "no-such"), ("suggestions", "later", "no-such"), ("suggestions", "reject", "no-such"),
    ("suggestions", "reopen", "no-such"), ("suggestions", "list", "--state", "no-such"),
    ("suggestions", "list", "--limit", "-1"), ("suggestions", "list", "--person", "no-such"),
    ("tag", "consent", "no-such", "granted"), ("tag", "history", "no-such", "x"), ("tag", "of", "no-such"),
    ("tag", "remove", "no-such", "x"), ("tag", "set", "no-such", "x"), ("tag", "show", "no-such"),
    ("value", "concentration", "--period", "someday"), ("value", "matrix", "--last", "2026-11-01"),
)  # fmt: skip


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """An empty workspace that every verb of this module finds open, because opening takes longer than refusing."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DUJIANG_KEYS_FOLDER", str(folder / "keys"))
        workspace = Workspace.create(folder / "brand")
        patched.setattr(Workspace, "open", lambda _folder, *_more: workspace)
        patched.setattr(Workspace, "close", lambda _self: None)
        yield workspace
    workspace.close()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is worked in, with files that are not what they should be."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "broken.yaml").write_text("kind: [}\n", "utf-8")
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n", "utf-8")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "orders.csv").write_text("订单编号,下单时间\nN1,2026-11-01 10:00:00\n", "utf-8")
    (tmp_path / "folder").mkdir()
    return tmp_path


def commands(group: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every verb with its command."""
    group = group or typer.main.get_command(app)
    for name, one in sorted(group.commands.items()):
        if hasattr(one, "commands"):
            yield from commands(one, (*path, name))
        else:
            yield (*path, name), one


COMMANDS: Final = tuple(commands())


def kinds(command: Any) -> dict[str, type]:
    """What each parameter takes: Path, int, datetime or str."""
    hints = get_type_hints(inspect.unwrap(command.callback))
    found = {}
    for one in command.params:
        inner = {hints.get(one.name)} | set(get_args(hints.get(one.name)))
        inner |= {deeper for each in inner for deeper in get_args(each)}
        found[one.name] = next((kind for kind in (bool, Path, datetime, int) if kind in inner), str)
    return found


def calls(words: tuple[str, ...], command: Any, files: Path, every: bool) -> Iterator[list[str]]:
    """The verb with one wrong word or option at a time: each with every value, or with one value."""
    known = kinds(command)
    plain = {Path: str(files / "orders.csv"), int: "7", datetime: "2026-11-01", str: "no-such", bool: ""}
    values = {Path: [str(files / one) for one in FILES], int: NUMBERS, datetime: DAYS, str: TEXTS, bool: ()}
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    for place, one in enumerate(command.params, len(words[-1])):
        if one.name in ONLY_ONCE or (words[-1] in NEVER_ENDING and known[one.name] not in (int, datetime)):
            continue
        tried = values[known[one.name]]
        for value in tried if every else tried[place % max(len(tried), 1) :][:1]:
            given = [
                value if each is one else plain[known[each.name]] for each in arguments if each.required or each is one
            ]
            option = [] if one in arguments else [f"{one.opts[0]}={value}"]
            yield [*words, *option, "--", *given]


def faults(told: Any) -> list[str]:
    """What is wrong with how a call ended, whatever was typed."""
    lines = [line for line in told.err.splitlines() if line.strip()]
    usage = [line for line in lines if re.match(r"Usage|Try|[╭│╰]", line)]
    return [
        name
        for name, wrong in (
            ("fault of ours", told.code not in (0, 1, 2)),
            ("traceback", "Traceback" in told.err + told.out),
            ("says nothing", bool(told.code) and not lines),
            ("more than a sentence", bool(told.code) and not usage and len(lines) > 1),
            ("output besides the error", bool(told.code) and bool(told.out)),
        )
        if wrong
    ]


def test_every_verb_is_tried() -> None:
    assert {" ".join(words) for words, _command in COMMANDS} == {one.removeprefix("dujiang ") for one in verbs()}


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "every"])
@pytest.mark.parametrize(
    ("words", "command"), COMMANDS, ids=lambda one: " ".join(one) if isinstance(one, tuple) else ""
)
def test_no_word_breaks_a_verb(
    run: Any, shared: Workspace, files: Path, words: tuple[str, ...], command: Any, every: bool
) -> None:
    wrong = []
    for call in calls(words, command, files, every):
        told = run(*call)
        found = faults(told)
        if words[-1] in NEVER_ENDING and (not told.code or (files / "demo-brand").exists()):
            found.append("begun")
        if found:
            wrong.append(([one[-60:] for one in call], told.code, found, told.err[-200:]))
    assert wrong == []


@pytest.mark.parametrize("call", REFUSED, ids=" ".join)
def test_what_is_wrong_is_refused_in_one_sentence(
    run: Any, shared: Workspace, files: Path, call: tuple[str, ...]
) -> None:
    told = run(*(re.sub(r"\{([\w.]+)\}", lambda found: str(files / found[1]), one) for one in call))
    assert told.code in (1, 2), told
    assert faults(told) == [], told
    assert not (files / "folder" / "new").exists()

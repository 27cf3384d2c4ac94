"""Every verb: JSON that is JSON, Chinese tables by default, errors that help, help for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dujiang.cli.reference import markdown, verbs

READING = [
    ("status",),
    ("doctor",),
    ("present",),
    ("refresh",),
    ("rebuild",),
    ("metric",),
    ("metric", "gmv", "buyers", "--by", "channel"),
    ("metric", "visits", "community_activity", "--standing"),
    ("people",),
    ("relations",),
    ("identity", "quality"),
    ("identity", "decisions"),
    ("identity", "holds"),
    ("identity", "ignored"),
    ("identity", "trend"),
    ("identity", "decide", "distrust", "nobody", "--dry-run"),
    ("suggestions", "list"),
    ("tag", "list"),
    ("tag", "show", "paid_total"),
    ("segment", "list"),
    ("life", "flow"),
    ("life", "changes"),
    ("life", "map"),
    ("value", "matrix"),
    ("value", "concentration"),
    ("hours",),
    ("predict", "show"),
    ("predict", "ltv"),
    ("group", "show"),
    ("imports", "list"),
    ("keys", "list"),
    ("definitions", "list"),
    ("definitions", "list", "channel"),
    ("definitions", "show", "channel", "tmall"),
]
VERBS = [verb.split()[1:] for verb in verbs()]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_every_verb_has_help_in_both_languages(run: Any, words: list[str]) -> None:
    shown = run(*words, "--help")
    assert shown.code == 0
    assert any("\u4e00" <= letter <= "\u9fff" for letter in shown.out)
    assert "--json" in shown.out


def test_verbs_are_those_that_were_promised() -> None:
    first = {words[0] for words in VERBS}
    promised = "init demo serve import export refresh rebuild status metric people definitions simulate doctor"
    assert first >= set(promised.split())


def test_reading_in_json_and_in_tables(run: Any, brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in READING:
        shown = run(*words, "-w", brand, "--json")
        assert shown.code == 0, (words, shown.err)
        json.loads(shown.out)
        table = run(*words, "-w", brand)
        assert table.code == 0, (words, table.err)
        assert table.out.strip()
        if words != ("definitions", "show", "channel", "tmall"):
            assert any("\u4e00" <= letter <= "\u9fff" for letter in table.out), words


def test_people_read_money_shares_and_reasons_and_no_codes(run: Any, brand: Path) -> None:
    buyer = run("people", "-w", brand, "--json").json["people"]
    person = max(buyer, key=lambda one: one["paid_minor"])["person"]
    one = run("people", person, "-w", brand).out
    assert "same_record" not in one
    assert "True" not in one
    assert "手机号" in one
    paid = run("tag", "of", person, "-w", brand, "--json").json["paid_total"]
    shown = run("tag", "of", person, "-w", brand).out
    assert str(paid) not in shown
    assert "¥" in shown
    assert "¥" in run("tag", "show", "paid_total", "-w", brand).out
    quality = run("identity", "quality", "-w", brand)
    assert "not_joining" not in quality.out
    assert "档案完整度" in quality.out
    assert "活跃小时" not in run("hours", "-w", brand).out
    segment = run("segment", "list", "-w", brand, "--json").json[0]["name"]
    assert run("hours", "--segment", segment, "-w", brand, "--json").json["hours"] >= 0
    assert run("hours", "--segment", "nobody_knows_it", "-w", brand).code != 0
    assert run("hours", "--group", "nobody_knows_it", "-w", brand).code != 0
    assert "因定义变动" in run("segment", "show", segment, "-w", brand).out
    assert "分群" in run("group", "person", person, "-w", brand).out
    assert "没有这位用户的预测" in run("predict", "score", person, "-w", brand).out
    refused = run("tag", "set", person, "paid_total", "5", "-w", brand)
    assert (refused.code, "tag.computed" in refused.err) == (1, True)
    refused = run("tag", "consent", person, "granted", "--medium", "pigeon", "-w", brand)
    assert (refused.code, "consent.bad_medium" in refused.err) == (2, True)


def test_a_tree_that_was_copied_is_counted_as_its_definition_is(run: Any, brand: Path, tmp_path: Path) -> None:
    segment = run("segment", "list", "-w", brand, "--json").json[0]["name"]
    defined, alone, wrong = (tmp_path / name for name in ("defined.yaml", "alone.json", "wrong.json"))
    defined.write_text(run("segment", "source", segment, "-w", brand).out, "utf-8")
    tree = run("segment", "source", segment, "-w", brand, "--json").json["spec"]["condition"]
    alone.write_text(json.dumps(tree), "utf-8")
    counted = run("segment", "count", defined, "-w", brand, "--json").json[segment]
    assert run("segment", "count", alone, "-w", brand, "--json").json == {"alone.json": counted}
    wrong.write_text("{}", "utf-8")
    refused = run("segment", "count", wrong, "-w", brand)
    assert (refused.code, "definition.not_mapping" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "zh"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "fr_FR.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "zh"),
        ({"LC_ALL": "C", "LANG": "en_GB"}, "en"),
        ({"DUJIANG_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"DUJIANG_LANG": "zh", "LANG": "en_US.UTF-8"}, "zh"),
    ],
)
def test_the_terminals_language(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: str
) -> None:
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    told = run("status", "-w", tmp_path)
    assert ("There is no workspace" in told.err) == (language == "en")
    assert ("没有工作区" in told.err) == (language == "zh")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("metric", "no_such"), 1, "metric.unknown"),
        (("metric", "gmv", "--period", "someday"), 2, "time.unknown_preset"),
        (("metric", "gmv", "--first", "2026-11-01"), 2, "metric.half_period"),
        (("metric", "gmv", "--first", "2026-11-02", "--last", "2026-11-01"), 2, "time.period_backwards"),
        (("metric", "gmv", "--by", "no_such"), 2, "metric.no_dimension"),
        (("metric", "gmv", "--compare", "often"), 2, "--compare"),
        (("imports", "undo", "imp_nothing"), 1, "import.unknown"),
        (("keys", "revoke", "key_nothing"), 1, "access.unknown_key"),
        (("keys", "collect", "nothing"), 1, "definition.unknown"),
        (("keys", "admin", "king"), 2, "king"),
        (("definitions", "show", "channel", "nothing"), 1, "definition.unknown"),
        (("export", "people", "/no/such/folder/people.csv"), 1, "cli.system"),
        (("import", "/no/such/file.csv"), 2, "file.csv"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_errors_help(run: Any, empty: Path, words: tuple[str, ...], code: int, said: str) -> None:
    folder = () if words == ("nonsense",) else ("-w", str(empty))
    told = run(*words, *folder)
    assert (told.code, told.out) == (code, "")
    assert said in told.err
    assert "Traceback" not in told.err


def test_files_that_are_no_definitions(run: Any, empty: Path, tmp_path: Path) -> None:
    wrong = {"a.yaml": (b"kind: [}", "definition"), "b.yaml": ("kind: 渠道".encode("gb18030"), "file.not_text")}
    for name, (content, said) in wrong.items():
        (tmp_path / name).write_bytes(content)
        told = run("definitions", "plan", tmp_path / name, "-w", empty)
        assert told.code == 2
        assert said in told.err


def test_a_folder_with_other_files_is_left_alone(run: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", "utf-8")
    assert run("init", tmp_path).code == 2
    assert run("demo", tmp_path, "--no-serve").code == 2
    assert {one.name for one in tmp_path.iterdir()} == {"mine.txt"}


def test_texts_in_brackets_are_shown_as_they_are(run: Any, empty: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(
        'kind: channel\nname: c\ntitle: {zh: "[/red]甲[bold]"}\nspec: {group: own}\n', "utf-8"
    )
    assert run("definitions", "apply", tmp_path / "c.yaml", "-w", empty).code == 0
    assert "[/red]甲[bold]" in run("definitions", "list", "channel", "-w", empty).out


def test_a_fault_of_ours_is_one_sentence(run: Any, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dujiang.workspace import Workspace

    def broken(_self: Workspace) -> None:
        raise RuntimeError("something inside")

    monkeypatch.setattr(Workspace, "status", broken)
    told = run("status", "-w", empty)
    assert (told.code, told.out) == (70, "")
    assert "cli.unexpected" in told.err
    assert "something inside" not in told.err
    monkeypatch.setenv("DUJIANG_DEBUG", "1")
    with pytest.raises(RuntimeError, match="something inside"):
        run("status", "-w", empty)


def test_progress_is_not_in_the_output(run: Any, brand: Path) -> None:
    done = run("rebuild", "-w", brand)
    assert len(done.out.splitlines()) == 1
    assert "archive" not in done.out


def test_help_does_not_load_the_engine() -> None:
    code = "import sys, dujiang.cli; print([m for m in ('duckdb', 'ibis', 'numba', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def program(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The installed program in a process of its own."""
    file = Path(sys.executable).with_name("dujiang")
    return subprocess.run([file, *words], capture_output=True, text=True, env=os.environ | environment, check=False)


def test_the_program_tells_its_version() -> None:
    import dujiang

    done = program("--version")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, dujiang.__version__, "")


def test_the_program_keeps_json_and_errors_apart(tmp_path: Path) -> None:
    done = program("init", str(tmp_path / "brand"), "--json", DUJIANG_KEYS_FOLDER=str(tmp_path / "keys"))
    assert json.loads(done.stdout)["folder"] == str(tmp_path / "brand")
    failed = program("status", "-w", str(tmp_path / "nothing"), "--json")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "workspace.none" in failed.stderr


def test_the_shell_completes_verbs() -> None:
    # Which shell started the tests is not ours to know: it is named instead of found out.
    shown = program("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert shown.returncode == 0
    assert "_DUJIANG_COMPLETE=complete_bash" in shown.stdout
    asked = {"_DUJIANG_COMPLETE": "complete_bash", "COMP_WORDS": "dujiang re", "COMP_CWORD": "1"}
    assert program(**asked).stdout.split() == ["rebuild", "refresh", "relations", "report"]


def test_the_workspace_comes_from_the_environment(run: Any, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUJIANG_WORKSPACE", str(empty))
    assert run("status", "--json").json["persons"] == 0


def test_the_reference_is_current() -> None:
    file = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"
    assert file.read_text("utf-8") == markdown(), "run: python -m dujiang.cli.reference > docs/reference/cli.md"


def test_the_present_is_shown_and_set(run: Any, brand: Path) -> None:
    set_ = run("present", "2026-10-01", "-w", brand, "--json")
    assert set_.code == 0, set_.err
    assert json.loads(set_.out)["today"] == "2026-10-01"
    assert "2026-10-01" in run("present", "-w", brand).out
    assert json.loads(run("status", "-w", brand, "--json").out)["today"] == "2026-10-01"
    wrong = run("present", "2026-13-01", "-w", brand)
    assert (wrong.code, "2026-13-01" in wrong.err) == (2, True)
    assert run("present", "today", "-w", brand).code == 0


def test_a_setting_that_nobody_reads_is_named(run: Any, brand: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUJIANG_SERVE_FOO", "1")
    wrong = run("status", "-w", brand)
    assert (wrong.code, "serve.foo" in wrong.err, "settings.unknown" in wrong.err) == (2, True, True)
    assert "Extra" not in wrong.err

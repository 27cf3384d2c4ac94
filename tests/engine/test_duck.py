"""The engine's file: who reads and writes, what stays outside, and what happens when it is damaged."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest
from engine_kit import Archive, answers, at, order, refresher, rows

from dujiang.engine import schema
from dujiang.engine.contract import ALL
from dujiang.engine.duck import Engine, EngineDamaged
from dujiang.engine.schema import count, fingerprint
from dujiang.foundation.errors import Conflict, InvariantBroken, NotFound, Unavailable


def open_at(folder: Path) -> Engine:
    return Engine.open(folder / "engine" / "dujiang.duckdb", memory_mb=256, threads=1)


def test_a_new_file_has_every_table_of_the_contract(engine: Engine) -> None:
    assert engine.rebuild_reason == "new"
    with engine.read() as con:
        for table in ALL.values():
            found = con.sql(f"FROM {table.name}").to_arrow_table().schema
            assert found.names == table.columns.names


def test_a_reader_keeps_its_state_while_others_write(engine: Engine) -> None:
    with engine.read() as reader:
        assert count(reader, "orders") == 0
        answers(engine, order("A", moment=at()))
        assert count(reader, "orders") == 0
    assert len(rows(engine, "orders")) == 1


def test_what_fails_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(RuntimeError), engine.write() as con:
        con.execute("INSERT INTO orders (order_key) VALUES (1)")
        raise RuntimeError
    assert rows(engine, "orders") == []


def test_writers_wait_for_each_other(engine: Engine) -> None:
    def insert() -> None:
        with engine.write() as con:
            con.execute("INSERT INTO orders (order_key) SELECT count(*) FROM orders")

    writers = [threading.Thread(target=insert) for _writer in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [row["order_key"] for row in rows(engine, "orders")] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY orders TO '/tmp/orders.csv'",
        "ATTACH '/tmp/other.duckdb' AS other",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '64GB'",
        "RESET lock_configuration",
    ],
)
def test_questions_reach_nothing_outside(engine: Engine, question: str) -> None:
    with pytest.raises(InvariantBroken) as caught, engine.read() as con:
        con.execute(question)
    assert caught.value.code == "engine.failed"
    assert isinstance(caught.value.__cause__, duckdb.PermissionException | duckdb.InvalidInputException)
    assert "SELECT" not in str(caught.value)
    assert "/" not in str(caught.value)


def test_a_question_over_tables_of_the_contract(engine: Engine) -> None:
    answers(engine, order("A", moment=at(), paid_minor=500), order("B", moment=at(), paid_minor=700))
    orders = engine.table("orders")
    assert engine.query(orders.aggregate(paid=orders["paid_minor"].sum()))["paid"].to_pylist() == [1200]
    with pytest.raises(NotFound, match="no table shops"):
        engine.table("shops")


def test_a_question_that_takes_too_long_is_stopped(engine: Engine) -> None:
    with engine.write() as con:
        con.execute("INSERT INTO orders (order_key) FROM range(20000)")
    orders = engine.table("orders")
    others = orders.view()
    question = (
        orders.cross_join(others)
        .filter(orders["order_key"] * others["order_key"] % 7 == -1)
        .select(orders["order_key"])
    )
    with pytest.raises(Unavailable) as caught:
        engine.query(question, seconds_max=0.01)
    assert caught.value.code == "engine.too_long"


def test_what_was_committed_is_there_after_opening_again(tmp_path: Path) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", moment=at()))
    engine.close()
    engine = open_at(tmp_path)
    assert engine.rebuild_reason is None
    assert len(rows(engine, "orders")) == 1
    engine.close()


@pytest.mark.parametrize("damage", ["garbage", "cut", "header"])
def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: str) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", moment=at()))
    engine.close()
    data = bytearray(engine.file.read_bytes())
    if damage == "garbage":
        data[:] = b"\x5a" * len(data)
    elif damage == "cut":
        del data[len(data) // 3 :]
    else:
        data[4096 * 1 + 16] ^= 0xFF
        data[4096 * 2 + 16] ^= 0xFF
    engine.file.write_bytes(data)
    engine = open_at(tmp_path)
    assert engine.rebuild_reason == "damaged"
    assert rows(engine, "orders") == []
    assert engine.file.with_name(engine.file.name + ".damaged").exists()
    engine.close()


def test_a_log_that_makes_no_sense_loses_nothing_of_the_file(tmp_path: Path) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", moment=at()))
    engine.close()
    engine.file.with_name(engine.file.name + ".wal").write_bytes(b"\x5a" * 300)
    engine = open_at(tmp_path)
    assert [row["order_no"] for row in rows(engine, "orders")] == ["A"]
    engine.close()


def test_damage_that_shows_only_when_read_has_a_name_of_its_own(tmp_path: Path) -> None:
    engine = open_at(tmp_path)
    answers(engine, *(order(str(n), moment=at(), paid_minor=n * 7919) for n in range(3000)))
    engine.close()
    data = bytearray(engine.file.read_bytes())
    for place in range(4096 * 3, len(data), 4096):
        data[place + 100] ^= 0xFF
    engine.file.write_bytes(data)
    engine = open_at(tmp_path)
    if engine.rebuild_reason is None:
        with pytest.raises(EngineDamaged), engine.read() as con:
            for table in ALL:
                con.sql(f"FROM {table}").to_arrow_table()
    engine.set_aside()
    assert engine.rebuild_reason == "damaged"
    assert rows(engine, "orders") == []
    engine.close()


def test_a_file_of_another_contract_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", moment=at()))
    engine.close()
    monkeypatch.setattr("dujiang.engine.duck.layout", lambda: "of another version")
    engine = open_at(tmp_path)
    assert engine.rebuild_reason == "outdated"
    assert rows(engine, "orders") == []
    engine.close()


def test_another_process_cannot_open_it(engine: Engine) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom dujiang.engine.duck import Engine\n"
        "from dujiang.foundation.errors import Conflict\n"
        "try:\n    Engine.open(Path(sys.argv[1]), memory_mb=256, threads=1)\n"
        "except Conflict as error:\n    print(error.code)\n"
    )
    found = subprocess.run([sys.executable, "-c", script, str(engine.file)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "engine.in_use"
    assert Conflict.status == 409


def test_replacing_shows_the_new_state_at_once(engine: Engine) -> None:
    answers(engine, order("A", moment=at()))
    engine.replace(lambda fresh: answers(fresh, order("B", moment=at()), order("C", moment=at())))
    assert engine.rebuild_reason is None
    assert {row["order_no"] for row in rows(engine, "orders")} == {"B", "C"}
    answers(engine, order("D", moment=at()))
    assert len(rows(engine, "orders")) == 3


def test_replacing_that_fails_leaves_the_old_state(engine: Engine) -> None:
    def fail(fresh: Engine) -> None:
        answers(fresh, order("B", moment=at()))
        raise RuntimeError

    answers(engine, order("A", moment=at()))
    with pytest.raises(RuntimeError):
        engine.replace(fail)
    assert [row["order_no"] for row in rows(engine, "orders")] == ["A"]
    assert {file.name for file in engine.file.parent.iterdir()} <= {"dujiang.duckdb", "dujiang.duckdb.wal"}


def test_replacing_waits_for_readers_and_gives_up(engine: Engine) -> None:
    answers(engine, order("A", moment=at()))
    with engine.read() as con:
        with pytest.raises(Unavailable) as caught:
            engine.replace(lambda fresh: None, seconds_max=0.01)
        assert count(con, "orders") == 1
    assert caught.value.code == "engine.busy"
    assert len(rows(engine, "orders")) == 1


def test_a_process_killed_while_rebuilding_leaves_the_old_state(tmp_path: Path) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", moment=at()))
    engine.close()
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom dujiang.engine.duck import Engine\n"
        "engine = Engine.open(Path(sys.argv[1]), memory_mb=256, threads=1)\n"
        "def build(fresh):\n"
        "    with fresh.write() as con:\n        con.execute('INSERT INTO orders (order_key) FROM range(1000)')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "engine.replace(build)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(engine.file)], capture_output=True, check=False)
    assert killed.returncode == -9
    engine = open_at(tmp_path)
    assert [row["order_no"] for row in rows(engine, "orders")] == ["A"]
    engine.replace(lambda fresh: answers(fresh, order("B", moment=at())))
    assert [row["order_no"] for row in rows(engine, "orders")] == ["B"]
    engine.close()


def test_a_process_killed_between_load_and_refresh_loses_no_note(tmp_path: Path) -> None:
    engine = open_at(tmp_path)
    answers(engine, order("A", "user:1", moment=at(), status="valid"))
    refresher(engine).load(Archive(seq=10).batch("later", order("B", "user:1", moment=at(5), status="valid")))
    engine.close()
    engine = open_at(tmp_path)
    refresher(engine).refresh()
    assert {row["order_no"]: row["nth"] for row in rows(engine, "orders")} == {"A": 1, "B": 2}
    engine.close()


def test_equal_rows_have_equal_fingerprints_in_any_order(engine: Engine) -> None:
    def prints() -> dict[str, tuple[int, int]]:
        with engine.read() as con:
            return fingerprint(con, ["orders"])

    def fill(*keys: int) -> None:
        with engine.write() as con:
            con.execute("DELETE FROM orders")
            con.execute("INSERT INTO orders (order_key) SELECT unnest(?)", [list(keys)])

    fill(1, 2, 3)
    one = prints()
    fill(3, 1, 2)
    assert prints() == one
    fill(1, 2, 4)
    assert prints() != one
    fill(1, 2, 3, 3)
    assert prints() != one


def test_the_layout_changes_with_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema.layout()
    monkeypatch.setattr(schema, "ALL", {name: table for name, table in ALL.items() if name != "visit"})
    assert schema.layout() != before

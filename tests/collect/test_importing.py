"""Files from upload to batch and back: idempotent, complete, and nothing in clear."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dujiang.collect.archive import Archive
from dujiang.collect.exports import uploads as uploads_module
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser, presets
from dujiang.collect.importing import ImportService
from dujiang.collect.sift import Settled, Sift
from dujiang.engine.duck import Engine
from dujiang.engine.refresh import Refresher
from dujiang.foundation.bounds import Bounds
from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.foundation.errors import DujiangError
from dujiang.foundation.progress import Cancelled
from dujiang.store.audit import Audit
from dujiang.store.database import Database
from dujiang.store.keyring import Keyring
from dujiang.store.manifest import Manifest
from dujiang.store.vault import Vault

HEADER = [
    "订单编号",
    "下单时间",
    "支付时间",
    "订单状态",
    "商品金额",
    "运费",
    "优惠金额",
    "实付金额",
    "会员号",
    "手机号",
    "备注",
]
PHONE = "13987650512"


class NoOne:
    """Identity is not asked here."""

    def resolve(self, con: object, *, full: bool) -> None:
        raise AssertionError


def order(number: int, **cells: str) -> list[str]:
    row = dict.fromkeys(HEADER, "") | {
        "订单编号": f"W{number}", "下单时间": "2026-11-10 10:00:00", "支付时间": "2026-11-10 10:01:00", "订单状态": "已完成",
        "商品金额": "100.00", "运费": "0", "优惠金额": "10.00", "实付金额": "90.00", "会员号": f"M{number}",
    } | cells  # fmt: skip
    return [row[name] for name in HEADER]


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode("utf-8-sig")


@dataclass
class Shop:
    """An import service with everything behind it."""

    service: ImportService
    engine: Engine
    vault: Vault
    db: Database
    manifest: Manifest
    clock: FixedClock
    definitions: list[Definition] = field(default_factory=list)

    def bring(self, data: bytes, name: str = "小程序订单.csv", **options: Any) -> Any:
        upload = self.service.upload(io.BytesIO(data), name)
        self.clock.advance(timedelta(minutes=5))
        return self.service.run(upload, **options)

    def facts(self, what: str = "count(distinct key)", family: str = "order") -> Any:
        with self.engine.read() as con:
            return con.execute(f"select {what} from fact_{family}").fetchone()[0]


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock, keyring: Keyring) -> Iterator[Shop]:
    db = Database.open(f"sqlite:///{tmp_path / 'dujiang.db'}")
    engine = Engine.open(tmp_path / "engine" / "dujiang.duckdb", memory_mb=512, threads=1)
    archive, manifest, vault = Archive(tmp_path / "archive"), Manifest(db), Vault(db, keyring)
    types = IdentifierTypes.of(presets())
    refresher = Refresher(engine, NoOne(), types, ZoneInfo("Asia/Shanghai"), 30)
    made = Shop(None, engine, vault, db, manifest, clock)  # type: ignore[arg-type]

    def take_in(settled: Settled) -> None:
        refresher.load((part.family, archive.read(part)) for part in settled.parts)

    made.service = ImportService(
        folder=tmp_path / "imports",
        db=db,
        manifest=manifest,
        vault=vault,
        sift=Sift(engine, archive, manifest, db, clock, 30),
        definitions=lambda kind: {one.key: one for one in made.definitions if one.kind == kind},
        tokeniser=lambda: Tokeniser(keyring.token, types),
        clock=clock,
        zone=ZoneInfo("Asia/Shanghai"),
        after=take_in,
        undone=lambda batch: refresher.retract([batch]) and None,
    )
    made.service.folder.mkdir()
    yield made
    engine.close()
    db.close()


def code_of(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(DujiangError) as caught:
        call(*arguments, **options)
    return caught.value.code


def test_a_file_becomes_facts_and_a_record(shop):
    result = shop.bring(table([order(1), order(2), order(3, 订单编号="")]), actor="运营")
    assert (result.rows, result.accepted, result.duplicate, result.rejected) == (3, 2, 0, 1)
    assert (result.mapping, result.channel, result.source) == ("own.orders", "wechat_mini", "wechat_mini-files")
    assert (result.facts, result.problems) == ({"order": 2}, {"id.missing": 1})
    assert str(result.first_day) == str(result.last_day) == "2026-11-10"
    assert shop.facts("sum(paid_minor)") == 18000
    assert shop.service.get(result.id) == result
    assert shop.service.list() == [result]
    assert shop.service.uploads() == []
    (entry,) = Audit(shop.db).list()
    assert (entry.actor, entry.action, entry.object) == ("运营", "import.run", result.id)


def test_received_is_accepted_and_rejected_and_duplicate(shop):
    rows = [order(1), order(1), order(2, 实付金额="x"), order(3), order(4, 下单时间="2026-02-30")]
    result = shop.bring(table(rows))
    (count,) = shop.manifest.counts(result.source)
    assert (count.received, count.accepted, count.rejected, count.duplicate) == (5, 2, 2, 1)
    assert (result.rows, result.accepted, result.rejected, result.duplicate) == (5, 2, 2, 1)


def test_the_same_file_again_changes_nothing(shop):
    first = shop.bring(table([order(1), order(2)]))
    again = shop.bring(table([order(1), order(2)]))
    assert (again.accepted, again.duplicate, again.facts) == (0, 2, {})
    assert shop.facts("count(*)") == 2
    assert again.id != first.id


def test_an_overlapping_file_adds_what_is_new_and_what_changed(shop):
    shop.bring(table([order(1), order(2)]))
    later = shop.bring(table([order(2), order(3)]))
    assert (later.accepted, later.duplicate) == (1, 1)
    changed = shop.bring(table([order(3, 实付金额="80.00")]))
    assert changed.accepted == 1
    assert shop.facts() == 3
    assert shop.facts("count(*)") == 4
    older = shop.bring(table([order(3)]))
    assert older.duplicate == 1, "an older export does not take back what a later one said"


def test_running_an_upload_twice_gives_the_first_result(shop):
    upload = shop.service.upload(io.BytesIO(table([order(1)])), "自有订单.csv")
    first = shop.service.run(upload)
    assert shop.service.run(upload) == first
    assert len(shop.service.list()) == 1


def test_undo_and_redo(shop):
    kept = shop.bring(table([order(1)]))
    wrong = shop.bring(table([order(2), order(3)]))
    undone = shop.service.undo(wrong.id, actor="运营", reason="错店铺")
    assert undone.result.undone
    assert undone.leaning == ()
    assert shop.facts() == 1
    assert code_of(shop.service.undo, wrong.id) == "batch.retracted"
    assert not shop.service.redo(wrong.id).undone
    assert shop.facts() == 3
    assert code_of(shop.service.redo, wrong.id) == "batch.not_retracted"
    assert [one.action for one in Audit(shop.db).list()][:2] == ["import.redo", "import.undo"]
    assert shop.service.get(kept.id).changed_at is None


def test_what_was_undone_can_be_imported_again(shop):
    wrong = shop.bring(table([order(1)]))
    shop.service.undo(wrong.id)
    assert shop.bring(table([order(1)])).accepted == 1
    assert shop.facts() == 1


def test_undo_names_later_imports_that_leaned_on_it(shop):
    first = shop.bring(table([order(1), order(2)]))
    second = shop.bring(table([order(2), order(3)]))
    assert [one.id for one in shop.service.undo(first.id).leaning] == [second.id]


def test_an_import_without_news_cannot_be_undone(shop):
    shop.bring(table([order(1)]))
    assert code_of(shop.service.undo, shop.bring(table([order(1)])).id) == "import.nothing_new"


def test_error_file_tells_line_and_reason_and_nothing_personal(shop):
    rows = [order(1), order(2, 订单编号="", 手机号=PHONE, 备注=f"=打 {PHONE}"), order(3, 实付金额="九十")]
    result = shop.bring(table(rows))
    path = shop.service.errors_file(result.id)
    assert path is not None
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert PHONE not in raw.decode("utf-8-sig")
    header, *lines = csv.reader(io.StringIO(raw.decode("utf-8-sig")))
    assert header[5:] == HEADER
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("3", "订单编号", "id.missing"),
        ("4", "实付金额", "number.unreadable"),
    ]
    assert lines[0][-1].startswith("'=")
    assert "九十" in lines[1][4]


def test_no_bad_rows_no_error_file(shop):
    result = shop.bring(table([order(1)]))
    assert (result.has_errors, shop.service.errors_file(result.id)) == (False, None)


def test_clear_values_lie_in_the_vault_only(shop, tmp_path, keyring):
    shop.bring(table([order(1, 手机号=PHONE, 备注=f"回电 {PHONE}")]))
    node = keyring.token("mobile", f"+86{PHONE}")
    assert shop.vault.reveal([node]) == {node: f"+86{PHONE}"}
    for folder in ("archive", "engine", "imports"):
        files = [file for file in (tmp_path / folder).rglob("*") if file.is_file()]
        assert not [file for file in files if PHONE.encode() in file.read_bytes()]
    assert PHONE not in str(shop.facts("any_value(properties)"))


def test_cancelling_leaves_nothing_behind(shop, tmp_path):
    def stop(step: str, done: int, total: int) -> None:
        raise Cancelled

    upload = shop.service.upload(io.BytesIO(table([order(1), order(2, 订单编号="")])), "自有订单.csv")
    with pytest.raises(Cancelled):
        shop.service.run(upload, progress=stop)
    assert shop.service.list() == []
    assert shop.manifest.parts() == []
    assert list((tmp_path / "archive").rglob("*.parquet")) == []
    assert [one.id for one in shop.service.uploads()] == [upload]
    assert not list(shop.service.folder.glob("*.csv"))
    assert shop.service.run(upload).accepted == 1


def test_a_failing_commit_leaves_nothing_behind(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("dujiang.collect.exports.run.insert_record", lambda tx, result: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        shop.bring(table([order(1, 手机号=PHONE), order(2, 订单编号="")]))
    assert shop.manifest.parts() == []
    assert list((tmp_path / "archive").rglob("*.parquet")) == []
    assert not list(shop.service.folder.glob("*.csv"))


def test_preview_knows_a_file_that_was_imported(shop):
    first = shop.bring(table([order(1)]))
    upload = shop.service.upload(io.BytesIO(table([order(1)])), "b.csv")
    seen = shop.service.preview(upload)
    assert seen.imported_before == first.id
    assert (seen.mapping, seen.checked, seen.good) == ("own.orders", 1, 1)
    shop.service.undo(first.id)
    assert shop.service.preview(upload).imported_before == ""
    assert shop.manifest.counts(first.source)[0].received == 1, "a preview counts nothing"


def test_a_mapping_of_ones_own(shop):
    shop.definitions += load_yaml(
        """
kind: mapping
name: tea_tastings
spec:
  group: activity
  channel: store
  match: {required: [场次, 时间, 会员], minimum: 3}
  outputs:
    - family: event
      fields: {at: 时间, message_id: {join: [场次, 会员]}, kind: {constant: track}, name: {constant: tasting_attended}}
      identifiers: [{column: 会员, type: member_no}]
---
kind: source
name: tastings
spec: {type: files, channel: store}
"""
    )
    result = shop.bring(table([["1", "2026-11-10 10:00", "M1"]], ["场次", "时间", "会员"]), "t.csv")
    assert (result.mapping, result.channel, result.source, result.facts) == (
        "tea_tastings",
        "store",
        "tastings",
        {"event": 1},
    )


def test_day_account_and_shop_said_at_import(shop):
    rows = [["1", "10.00", "1", "1"]]
    data = table(rows, ["素材ID", "消耗", "展示数", "点击数"])
    result = shop.bring(data, "m.csv", mapping="oceanengine.materials", day="2026-11-10", account="主账户")
    assert result.accepted == 1
    assert shop.facts("any_value(account || ' ' || day)", "spend") == "oceanengine/主账户 2026-11-10"
    assert code_of(shop.bring, data, "m.csv", mapping="oceanengine.materials", day="soon") == "import.bad_day"


@pytest.mark.parametrize(
    ("data", "options", "code"),
    [
        (b"", {}, "file.empty"),
        (table([["1", "2"]], ["甲", "乙"]), {}, "import.no_mapping"),
        (table([["2026-11-10", "1", "2"]], ["日期", "订单数", "成交金额"]), {}, "import.no_channel"),
        (table([order(1)]), {"mapping": "taobao.orders"}, "mapping.missing_columns"),
        (table([order(1)]), {"mapping": "no.such"}, "mapping.unknown"),
        (b"<html></html>", {"mapping": "own.orders"}, "file.not_a_table"),
    ],
)
def test_what_cannot_be_imported_says_why(shop, data, options, code):
    assert code_of(shop.bring, data, "a.csv", **options) == code
    assert shop.service.list() == []


@pytest.mark.parametrize("name", ["upl_../../etc", "", "x", "upl_" + "0" * 26])
def test_unknown_uploads_and_imports(shop, name):
    assert code_of(shop.service.preview, name) == "upload.unknown"
    assert code_of(shop.service.run, name) == "upload.unknown"
    assert code_of(shop.service.get, name) == "import.unknown"
    shop.service.discard(name)


def test_uploads_are_bounded_and_harmless(shop, monkeypatch):
    upload = shop.service.upload(io.BytesIO(b"a,b\n"), "../../订单<1>.csv")
    assert shop.service.uploads()[0].file_name == "订单_1_.csv"
    shop.service.discard(upload)
    assert list(shop.service.folder.iterdir()) == []
    monkeypatch.setattr(uploads_module, "BOUNDS", Bounds(import_bytes_max=10))
    assert code_of(shop.service.upload, io.BytesIO(b"x" * 11), "a.csv") == "file.too_large"
    assert list(shop.service.folder.iterdir()) == []


def test_lines_of_two_channels_with_one_number_are_two_orders(shop):
    shop.bring(table([order(1)]), channel="wechat_mini")
    shop.bring(table([order(1)]), channel="site")
    assert shop.facts() == 2

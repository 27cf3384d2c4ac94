from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update

from dujiang.foundation.clock import FixedClock
from dujiang.foundation.definitions import Definition, plan
from dujiang.foundation.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from dujiang.foundation.progress import Cancelled
from dujiang.store.audit import Audit, record
from dujiang.store.command import Actor, Command, Commands, Outcome
from dujiang.store.database import Database
from dujiang.store.definitions import DefinitionStore
from dujiang.store.jobs import ATTEMPTS_MAX, LEASE_SECONDS, Jobs
from dujiang.store.leases import Leases
from dujiang.store.outbox import Outbox, publish
from dujiang.store.tables import audit, outbox

NOW = datetime(2026, 11, 11, 2, tzinfo=UTC)
ADMIN = Actor("admin", "admin")


# ── outbox ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_consumer_hears_everything_in_order_until_it_acknowledges(database: Database) -> None:
    with database.transaction() as tx:
        for number in range(3):
            publish(tx, "person.merged", {"number": number}, key=str(number))
    reader = Outbox(database)
    assert [message.payload["number"] for message in reader.read("a", limit=2)] == [0, 1]
    assert [message.payload["number"] for message in reader.read("a")] == [0, 1, 2]
    reader.acknowledge("a", reader.read("a")[1].sequence)
    assert [(message.key, message.topic) for message in reader.read("a")] == [("2", "person.merged")]
    assert len(reader.read("b")) == 3


def test_an_acknowledgement_never_goes_back(database: Database) -> None:
    with database.transaction() as tx:
        for number in range(3):
            publish(tx, "t", {"number": number})
    reader = Outbox(database)
    last, first = reader.read("a")[-1].sequence, reader.read("a")[0].sequence
    reader.acknowledge("a", last)
    reader.acknowledge("a", first)
    assert reader.read("a") == []


def test_what_was_undone_is_never_heard(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as tx:
        publish(tx, "t", {})
        raise ZeroDivisionError
    assert Outbox(database).read("a") == []


def test_messages_become_visible_in_the_order_of_their_numbers(database: Database) -> None:
    reader, seen = Outbox(database), []

    def write(name: str) -> None:
        for number in range(15):
            with database.transaction() as tx:
                publish(tx, name, {"number": number})

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(seen) < 30:
        for message in reader.read("a", 5):
            seen.append(message.sequence)
            reader.acknowledge("a", message.sequence)
    for thread in threads:
        thread.join()
    assert len(seen) == 30
    assert seen == sorted(seen)


def test_pruning_takes_only_what_everybody_has_heard(database: Database) -> None:
    with database.transaction() as tx:
        for _ in range(3):
            publish(tx, "t", {})
    reader = Outbox(database)
    sequences = [message.sequence for message in reader.read("a")]
    assert reader.prune() == 0
    reader.acknowledge("a", sequences[2])
    reader.acknowledge("b", sequences[0])
    assert reader.prune() == 1
    assert [message.sequence for message in reader.read("b")] == sequences[1:]
    with database.transaction() as tx:
        tx.execute(delete(outbox))
        publish(tx, "t", {})
    assert reader.read("b")[0].sequence > sequences[2]


# ── leases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_one_holds_a_lease_and_its_successor_has_a_higher_token(database: Database, clock: FixedClock) -> None:
    leases = Leases(database, clock)
    first = leases.acquire("loader", "a", 10)
    assert first is not None
    assert leases.acquire("loader", "b", 10) is None
    assert leases.acquire("other", "b", 10) is not None
    clock.advance(timedelta(seconds=10))
    second = leases.acquire("loader", "b", 10)
    assert second is not None
    assert second.token > first.token


def test_renewing_prolongs_until_the_lease_is_lost(database: Database, clock: FixedClock) -> None:
    leases = Leases(database, clock)
    held = leases.acquire("loader", "a", 10)
    assert held is not None
    clock.advance(timedelta(seconds=9))
    held = leases.renew(held, 10)
    assert held is not None
    clock.advance(timedelta(seconds=9))
    assert leases.acquire("loader", "b", 10) is None
    clock.advance(timedelta(seconds=1))
    assert leases.renew(held, 10) is None


def test_a_holder_that_overslept_cannot_write(database: Database, clock: FixedClock) -> None:
    leases = Leases(database, clock)
    old = leases.acquire("loader", "a", 10)
    assert old is not None
    clock.advance(timedelta(seconds=11))
    new = leases.acquire("loader", "b", 10)
    assert new is not None
    with pytest.raises(Conflict) as caught, database.transaction() as tx:
        leases.guard(tx, old)
    assert caught.value.code == "lease.lost"
    with database.transaction() as tx:
        leases.guard(tx, new)


def test_a_released_lease_is_free_and_releasing_a_lost_one_harms_nobody(database: Database, clock: FixedClock) -> None:
    leases = Leases(database, clock)
    old = leases.acquire("loader", "a", 10)
    assert old is not None
    leases.release(old)
    new = leases.acquire("loader", "b", 10)
    assert new is not None
    leases.release(old)
    assert leases.acquire("loader", "c", 10) is None


# ── audit ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def fill_audit(database: Database) -> None:
    with database.transaction() as tx:
        for number in range(4):
            record(tx, actor="ann", action="a.b", object=str(number), at=NOW, after={"n": number}, reason="because")


def test_deeds_are_listed_newest_first_in_pages(database: Database) -> None:
    fill_audit(database)
    log = Audit(database)
    page = log.list(limit=3)
    assert [entry.object for entry in page] == ["3", "2", "1"]
    assert [entry.object for entry in log.list(before=page[-1].sequence)] == ["0"]
    assert (page[0].actor, page[0].after, page[0].before, page[0].at) == ("ann", {"n": 3}, None, NOW)
    assert log.verify().entries == 4
    assert log.verify().ok
    assert log.head()[0] == 4


@pytest.mark.parametrize(
    "change",
    [{"actor": "bob"}, {"reason": ""}, {"after": {"n": 9}}, {"before": 0}, {"at": NOW + timedelta(microseconds=1)}],
)
def test_a_changed_deed_is_named(database: Database, change: dict[str, object]) -> None:
    fill_audit(database)
    with database.transaction() as tx:
        tx.execute(update(audit).where(audit.c.sequence == 3).values(change))
    (problem,) = Audit(database).verify().problems
    assert problem.values == {"sequence": 3}


def test_a_removed_deed_and_two_that_changed_places_are_named(database: Database) -> None:
    fill_audit(database)
    with database.transaction() as tx:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            tx.execute(update(audit).where(audit.c.sequence == old).values(sequence=new))
    assert Audit(database).verify().problems[0].values == {"sequence": 2}
    with database.transaction() as tx:
        tx.execute(delete(audit).where(audit.c.sequence == 1))
    assert Audit(database).verify().problems[0].values == {"sequence": 1}


# ── definitions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def definition(name: str = "web", **values: object) -> Definition:
    return Definition.model_validate({"kind": "source", "name": name} | values)


def test_applying_makes_a_version_an_audit_entry_and_a_message(database: Database, clock: FixedClock) -> None:
    store = DefinitionStore(database, clock)
    assert store.apply(plan({}, [definition(), definition("app")]), actor="ann", note="first") == 2
    changed = definition(owner="bob")
    assert store.apply(plan(store.current(), [changed, definition("app")]), actor="bob") == 1
    assert store.get("source", "web") == changed
    assert list(store.current("source")) == [("source", "app"), ("source", "web")]
    assert store.current("metric") == {}
    assert [(one.number, one.actor, one.note) for one in store.versions("source", "web")] == [
        (2, "bob", ""),
        (1, "ann", "first"),
    ]
    assert [entry.action for entry in Audit(database).list()] == [
        "definition.update",
        "definition.create",
        "definition.create",
    ]
    last = Outbox(database).read("x")[-1]
    assert (last.topic, last.key, last.payload["version"]) == ("definition.changed", "source/web", 2)


def test_a_plan_that_is_out_of_date_changes_nothing(database: Database, clock: FixedClock) -> None:
    store = DefinitionStore(database, clock)
    late = plan(store.current(), [definition("app"), definition(owner="late")])
    store.apply(plan({}, [definition(owner="early")]), actor="a")
    with pytest.raises(Conflict) as caught:
        store.apply(late, actor="b")
    assert caught.value.code == "definition.changed_meanwhile"
    assert store.current() == {("source", "web"): definition(owner="early")}


def test_a_definition_that_never_was_is_not_found(database: Database, clock: FixedClock) -> None:
    store = DefinitionStore(database, clock)
    for ask in (store.get, store.versions):
        with pytest.raises(NotFound, match="source/nothing"):
            ask("source", "nothing")


# ── commands ────────────────────────────────────────────────────────────────────────────────────────────────────────


def command(**changes: object) -> Command:
    values = {"action": "key.create", "object": "k", "actor": ADMIN, "request": {"name": "n"}, "key": "once"}
    return Command(**(values | changes))  # type: ignore[arg-type]


def test_a_repeated_command_works_once_and_answers_the_same(database: Database, clock: FixedClock) -> None:
    commands, runs = Commands(database, clock), []

    def work(tx: object) -> Outcome:
        runs.append(tx)
        return Outcome({"id": len(runs)}, after={"x": 1}, messages=[("key.created", {"id": 1}, "k")])

    first, second = commands.run(command(), work), commands.run(command(), work)
    assert (first.result, first.replayed) == ({"id": 1}, False)
    assert (second.result, second.replayed) == ({"id": 1}, True)
    assert len(runs) == len(Audit(database).list()) == len(Outbox(database).read("x")) == 1
    assert commands.run(command(key=""), work).result == {"id": 2}


@pytest.mark.parametrize("changes", [{"request": {"name": "m"}}, {"object": "l"}, {"action": "key.revoke"}])
def test_a_key_with_another_request_is_refused(
    database: Database, clock: FixedClock, changes: dict[str, object]
) -> None:
    commands = Commands(database, clock)
    commands.run(command(), lambda tx: Outcome())
    with pytest.raises(Conflict) as caught:
        commands.run(command(**changes), lambda tx: Outcome())
    assert caught.value.code == "command.key_reused"


def test_a_failed_command_leaves_nothing_and_can_be_sent_again(database: Database, clock: FixedClock) -> None:
    commands = Commands(database, clock)

    def fails(tx: object) -> Outcome:
        raise NotFound("x.y", "nothing")

    with pytest.raises(NotFound):
        commands.run(command(), fails)
    assert Audit(database).list() == []
    assert commands.run(command(), lambda tx: Outcome(1)).result == 1


def test_a_command_needs_its_role_and_an_unknown_action_is_nobodys(database: Database, clock: FixedClock) -> None:
    commands = Commands(database, clock)
    for action, actor in (("key.create", Actor("op", "operator")), ("no.such", ADMIN)):
        with pytest.raises(NotAllowed):
            commands.run(command(action=action, actor=actor), lambda tx: Outcome())
    with pytest.raises(InvalidInput):
        commands.run(command(key="x" * 256), lambda tx: Outcome())


def test_old_repetitions_are_forgotten(database: Database, clock: FixedClock) -> None:
    commands = Commands(database, clock)
    commands.run(command(), lambda tx: Outcome(1))
    assert commands.prune() == 0
    clock.advance(timedelta(days=8))
    assert commands.prune() == 1
    assert commands.run(command(), lambda tx: Outcome(2)).result == 2


# ── jobs ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def jobs(database: Database, clock: FixedClock) -> Jobs:
    return Jobs(database, clock)


def test_a_job_runs_reports_and_ends(jobs: Jobs) -> None:
    made = jobs.create("import", {"file": "f"}, "ann")
    assert jobs.take("p1", ["other"]) is None
    taken = jobs.take("p1", ["import", "other"])
    assert taken is not None
    assert (taken.id, taken.state, taken.holder, taken.attempts) == (made.id, "running", "p1", 1)
    jobs.progress(made.id, "read", 5, 10)
    assert (jobs.get(made.id).step, jobs.get(made.id).done, jobs.get(made.id).total) == ("read", 5, 10)
    assert jobs.finish(made.id, {"rows": 10}).result == {"rows": 10}
    with pytest.raises(Conflict):
        jobs.fail(made.id, "x.y", "s", {})
    assert [job.id for job in jobs.list(state="done", kind="import")] == [made.id]


def test_a_failed_job_keeps_its_error(jobs: Jobs) -> None:
    job = jobs.start(jobs.create("import", {}, "ann").id, "p1")
    failed = jobs.fail(job.id, "order.no_number", "Row {row}.", {"row": 7})
    assert (failed.state, failed.error_code, failed.error_values) == ("failed", "order.no_number", {"row": 7})
    with pytest.raises(Conflict):
        jobs.start(job.id, "p1")


def test_a_job_whose_process_died_is_taken_up_again_but_not_for_ever(jobs: Jobs, clock: FixedClock) -> None:
    made = jobs.create("import", {}, "ann")
    for attempt in range(1, ATTEMPTS_MAX + 1):
        taken = jobs.take(f"p{attempt}", ["import"])
        assert taken is not None
        assert taken.attempts == attempt
        assert jobs.take("other", ["import"]) is None
        clock.advance(timedelta(seconds=LEASE_SECONDS))
    assert jobs.take("last", ["import"]) is None
    assert (jobs.get(made.id).state, jobs.get(made.id).error_code) == ("failed", "job.died")


def test_a_report_keeps_a_job_alive(jobs: Jobs, clock: FixedClock) -> None:
    made = jobs.start(jobs.create("import", {}, "ann").id, "p1")
    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
    jobs.progress(made.id, "read", 1, 0)
    clock.advance(timedelta(seconds=LEASE_SECONDS - 1))
    assert jobs.take("p2", ["import"]) is None


def test_cancelling_stops_a_waiting_job_at_once_and_a_running_one_at_its_next_report(
    jobs: Jobs, clock: FixedClock
) -> None:
    waiting, running = jobs.create("import", {}, "ann"), jobs.create("import", {}, "ann")
    assert jobs.cancel(waiting.id).state == "cancelled"
    jobs.start(running.id, "p1")
    report = jobs.reporter(running.id)
    report("read", 1, 10)
    assert jobs.cancel(running.id).cancel_asked
    clock.advance(timedelta(seconds=1))
    with pytest.raises(Cancelled):
        report("read", 2, 10)
    assert jobs.stopped(running.id).state == "cancelled"
    assert jobs.cancel(running.id).state == "cancelled"
    with pytest.raises(NotFound):
        jobs.get("job_nothing")


# ── transactions ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_sees_one_moment(database: Database) -> None:
    count = text("SELECT count(*) FROM outbox")
    with database.read() as rx:
        assert rx.execute(count).scalar() == 0
        with database.transaction() as tx:
            publish(tx, "t", {})
        assert rx.execute(count).scalar() == 0
    with database.read() as rx:
        assert rx.execute(count).scalar() == 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable) as caught, database.read() as rx:
        rx.execute(delete(outbox))
    assert caught.value.code == "store.read_only"
    with database.transaction() as tx:
        publish(tx, "t", {})

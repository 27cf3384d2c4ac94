"""The loops of a running workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.ids import person_id
from dujiang.store.journal import Entry
from dujiang.workspace import Workspace
from dujiang.workspace.handlers import HANDLERS
from dujiang.workspace.worker import Worker


def received(workspace: Workspace, at: datetime) -> int:
    body = json.dumps({"batch": [{"type": "track", "event": "Seen", "messageId": at.isoformat(), "userId": "u1"}]})
    return workspace.journal.append_many(
        [Entry("site_web", "test", at, "/v1/batch", "application/json", body.encode(), 1)]
    )[0]


def test_a_job_is_done_and_its_result_kept(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    job = workspace.jobs.create("rebuild", {}, "test")
    Worker(workspace, HANDLERS).run(workspace.jobs.start(job.id, "test"))
    done = workspace.jobs.get(job.id)
    assert done.state == "done"
    assert done.result
    assert done.result["persons"] == workspace.status().persons


def test_a_job_that_fails_says_why(opened: Callable[[], Workspace]) -> None:
    workspace = opened()

    def fail(*_: object) -> None:
        raise InvalidInput("test.bad", "The value {value} is bad.", value=3)

    job = workspace.jobs.create("import", {}, "test")
    Worker(workspace, {"import": fail}).run(workspace.jobs.start(job.id, "test"))
    failed = workspace.jobs.get(job.id)
    assert (failed.state, failed.error_code, failed.error_values) == ("failed", "test.bad", {"value": 3})


def test_a_defect_in_a_job_is_not_shown_to_people(opened: Callable[[], Workspace]) -> None:
    workspace = opened()

    def fail(*_: object) -> None:
        raise RuntimeError("secret path")

    job = workspace.jobs.create("import", {}, "test")
    Worker(workspace, {"import": fail}).run(workspace.jobs.start(job.id, "test"))
    failed = workspace.jobs.get(job.id)
    assert failed.error_code == "job.unexpected"
    assert "secret" not in failed.error_sentence


def test_a_cancelled_job_stops_at_its_next_report(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    job = workspace.jobs.create("rebuild", {}, "test")
    running = workspace.jobs.start(job.id, "test")
    workspace.jobs.cancel(job.id)
    Worker(workspace, HANDLERS).run(running)
    assert workspace.jobs.get(job.id).state == "cancelled"


def test_the_journal_forgets_what_is_archived_and_old(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    now = workspace.clock.now()
    received(workspace, now - timedelta(days=9))
    newest = received(workspace, now)
    workspace.refresh()
    waiting = received(workspace, now - timedelta(days=8))  # old, but not loaded yet
    workspace.keep_house()
    kept = [row.sequence for row in workspace.journal.read(newest - 1, 100)]
    assert kept == [newest, waiting]
    assert workspace.journal.verify().first == newest
    assert workspace.journal.verify().problems == ()


def test_a_definition_of_dujiangs_can_be_changed_and_has_a_history(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    gmv = workspace.definitions.get("metric", "gmv")
    assert list(workspace.definitions.versions("metric", "gmv")) == []
    changed = gmv.model_copy(update={"owner": "林小满"})
    workspace.definitions.apply(workspace.definitions.plan([changed]), actor="test", note="owner")
    assert workspace.definitions.get("metric", "gmv").owner == "林小满"
    assert [version.number for version in workspace.definitions.versions("metric", "gmv")] == [1]
    assert datetime.now(UTC) >= workspace.definitions.versions("metric", "gmv")[0].at


def seen(workspace: Workspace, name: str, **who: str) -> None:
    at = datetime(2026, 11, 16, 2, tzinfo=UTC)
    event = {"type": "track", "event": "Seen", "messageId": name, "timestamp": at.isoformat()} | who
    body = json.dumps({"batch": [event]}).encode()
    workspace.journal.append_many([Entry("site_web", "test", at, "/v1/batch", "application/json", body, 1)])
    workspace.refresh()


def test_a_merge_is_announced_with_its_evidence_and_audited(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    seen(workspace, "m1", anonymousId="visitor-of-two-names")
    seen(workspace, "m2", userId="reader-77")
    (visitor,), (reader,) = (workspace.people.find(words) for words in ("visitor-of-two-names", "reader-77"))
    assert visitor != reader
    seen(workspace, "m3", anonymousId="visitor-of-two-names", userId="reader-77")
    told = [one for one in workspace.outbox.read("test", 1000) if one.topic == "person.merged"]
    assert [(one.payload["survivor"], one.payload["absorbed"]) for one in told] == [
        (person_id(visitor), person_id(reader))
    ]
    assert len(told[0].payload["evidence"]) == 2
    assert workspace.audit.list(1)[0].action == "person.resolve"
    assert workspace.people.find("reader-77") == [visitor]


def test_a_changed_identity_rule_asks_for_a_rebuild(opened: Callable[[], Workspace]) -> None:
    workspace = opened()
    gmv = workspace.definitions.get("metric", "gmv").model_copy(update={"owner": "林小满"})
    workspace.definitions.apply(workspace.definitions.plan([gmv]), actor="test")
    assert list(workspace.jobs.list(1)) == []
    mobile = workspace.definitions.get("identifier_type", "mobile")
    changed = mobile.model_copy(update={"spec": mobile.spec | {"limit": 1}})
    workspace.definitions.apply(workspace.definitions.plan([changed]), actor="test")
    assert [job.kind for job in workspace.jobs.list(1)] == ["rebuild"]
    assert workspace.identifier_types.limit("mobile") == 1

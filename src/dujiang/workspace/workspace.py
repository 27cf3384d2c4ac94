"""One brand's workspace, opened: every part wired by hand, in the order of the river."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from dujiang import __version__
from dujiang.collect import identifier_types, junk
from dujiang.collect.archive import Archive
from dujiang.collect.dead_letters import DeadLetters
from dujiang.collect.decode import Decoded
from dujiang.collect.identifiers import IdentifierTypes, Tokeniser
from dujiang.collect.ignored import IgnoredCount, ignored
from dujiang.collect.importing import ImportService
from dujiang.collect.intake import Intake
from dujiang.collect.loader import Load, Loader
from dujiang.collect.marks import BY_HAND, Consent, Marks, State, Tagged
from dujiang.collect.service import Completeness, EnteredTotal
from dujiang.collect.sift import Settled, Sift
from dujiang.engine.duck import Engine
from dujiang.engine.question import Persons, mark
from dujiang.engine.refresh import Refresher, RefreshReport
from dujiang.engine.timeline import Timeline
from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.clock import Clock, SystemClock
from dujiang.foundation.definitions import Definition, PlannedChange, Spec
from dujiang.foundation.errors import DujiangError, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.foundation.settings import CURRENCY, Settings, load_settings
from dujiang.foundation.timewindows import Period, zone
from dujiang.identity import breaker
from dujiang.identity.breaker import BreakerSpec
from dujiang.identity.decisions import IdentityDecisions
from dujiang.identity.desk import IdentityDesk
from dujiang.identity.history import QualityHistory
from dujiang.identity.known_junk import bar_known_junk
from dujiang.identity.linkage import service as linkage
from dujiang.identity.linkage.service import LinkageSpec, Suggestions
from dujiang.identity.service import Resolver
from dujiang.identity.watch import Watch
from dujiang.insight.questions.dashboards import Dashboards
from dujiang.insight.questions.reports import Reports
from dujiang.insight.questions.service import QuestionService
from dujiang.insight.service import MetricService, check_wanted
from dujiang.people.behaviour import AsOf
from dujiang.people.groups.service import GroupService
from dujiang.people.hours.service import HourService
from dujiang.people.identity_graph import IdentityGraphs
from dujiang.people.lifecycle.service import LifeCycleService
from dujiang.people.prediction.service import PredictionService
from dujiang.people.relations.service import RelationService
from dujiang.people.replay import replayed
from dujiang.people.segments.service import SegmentService
from dujiang.people.segments.tree import check_changes
from dujiang.people.service import PeopleService
from dujiang.people.tags.fields import MEDIA
from dujiang.people.tags.service import TagService
from dujiang.people.value.service import ValueService
from dujiang.store.access import Access
from dujiang.store.audit import Audit, record
from dujiang.store.command import Commands
from dujiang.store.database import Database
from dujiang.store.definitions import DefinitionStore
from dujiang.store.deliveries import Deliveries
from dujiang.store.jobs import Jobs
from dujiang.store.journal import Journal, JournalRow, Salvaged
from dujiang.store.keyring import Keyring
from dujiang.store.leases import Leases
from dujiang.store.manifest import JOURNAL_CURSOR, Manifest
from dujiang.store.outbox import Outbox
from dujiang.store.saved_views import SavedViews
from dujiang.store.shares import ShareLinks
from dujiang.store.vault import Vault
from dujiang.workspace import actions, builtin, checks, present, salvaging  # noqa: F401  (actions: importing makes them known)
from dujiang.workspace.announcing import Announcer, note
from dujiang.workspace.decoding import Decoding
from dujiang.workspace.definitions import Definitions
from dujiang.workspace.followers import followers, tag_kinds
from dujiang.workspace.layout import Layout, OwnerLock
from dujiang.workspace.memberships import Memberships
from dujiang.workspace.postroom import Postroom
from dujiang.workspace.present import Presence, Present, PresentSpec
from dujiang.workspace.refitting import refit
from dujiang.workspace.refreshing import Rebuilt, Refreshed, Refreshing
from dujiang.workspace.status import Finding, Status


@dataclass(frozen=True)
class CollectKey:
    """The source that a collection key writes to."""

    source: str
    key_id: str


class Workspace:
    """Everything a face (console, API, command line, notebook) needs, by attribute.

    Attributes:
        settings: what ``dujiang.toml`` and the environment say.
        definitions: everything defined, that of Dujiang and the brand's own.
        intake: takes tracking calls.
        imports: takes channel files.
        dead_letters: what could not be accepted, to be mended and replayed.
        completeness: is everything here that should be.
        identity_graphs: what a person is made of, as a graph.
        identity_desk: tries changes of the rules of identity, and prepares decisions.
        identity_watch: holds a source that suddenly joins far more people than it used to.
        identity_history: identity quality day by day.
        identity_decisions: what was decided by hand about who is who.
        suggestions: people who may be one because their records are alike.
        people: lists of people, and the page of one.
        life: stages of the life cycle.
        value: bands, the value matrix and concentration.
        hours: when people are active.
        relations: who belongs together without being one person.
        groups: people who behave alike.
        segments: groups of people by conditions.
        tags: what is said of each person in one value.
        metrics: the metric layer.
        questions: every analysis, asked in one language.
        dashboards: saved questions on grids.
        reports: what is sent by itself, when and to whom.
        postroom: queues reports that are due, and keeps what was delivered.
        shares: links that open a dashboard without signing in.
        views: pages with their choices that readers keep under a name.
        present: the day that is today for figures.
        predictions: fitted models, and what they say of people.
        access: accounts, sessions and keys.
        jobs: long work.
        audit: who did what.
    """

    def __init__(self, folder: Path, settings: Settings, clock: Clock) -> None:
        self.layout = Layout(folder)
        self.settings, self.clock = settings, clock
        self.zone = zone(settings.brand.time_zone)
        self._lock = OwnerLock(folder)
        self._closers: list[Callable[[], None]] = [self._lock.release]
        try:
            self._wire()
            self._recover()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(
        cls,
        folder: Path | str,
        *,
        name: str = "My brand",
        time_zone: str = "Asia/Shanghai",
        currency: str = "CNY",
        clock: Clock | None = None,
    ) -> Workspace:
        """Make an empty workspace in ``folder`` and open it.

        Raises:
            Conflict: ``workspace.exists``.
            InvalidInput: ``workspace.not_empty``, ``workspace.currency`` or ``time.unknown_zone``.
        """
        zone(time_zone)
        if not CURRENCY.fullmatch(currency):
            sentence = _("“{currency}” is no currency. Write its three capital letters, such as CNY.")
            raise InvalidInput("workspace.currency", sentence, currency=currency[:20])
        Layout(Path(folder)).create(name=name, time_zone=time_zone, currency=currency)
        return cls.open(folder, clock=clock)

    @classmethod
    def open(cls, folder: Path | str, *, clock: Clock | None = None) -> Workspace:
        """Open the workspace in ``folder``; answers that were lost or damaged are rebuilt on the way.

        Raises:
            NotFound: ``workspace.none``.
            Conflict: ``workspace.in_use`` while another process has it open.
        """
        layout = Layout(Path(folder))
        layout.check()
        return cls(Path(folder), load_settings(layout.settings), clock or SystemClock())

    def _wire(self) -> None:
        settings, clock, layout = self.settings, self.clock, self.layout
        self.key_folder = layout.key_folder(settings)
        self.keyring = Keyring.open(self.key_folder)
        self._closers.append(self.keyring.close)
        self.db = Database.open(layout.store_url(settings))
        self._closers.append(self.db.close)
        self.journal = Journal.open(self.db, self.keyring, clock)
        self._closers.append(self.journal.close)
        self.vault = Vault(self.db, self.keyring)
        self.manifest = Manifest(self.db)
        self.access = Access(self.db, clock, session_hours=settings.serve.session_hours)
        self.jobs = Jobs(self.db, clock)
        self.leases = Leases(self.db, clock)
        self.audit = Audit(self.db)
        self.outbox = Outbox(self.db)
        self.shares = ShareLinks(self.db, self.keyring, clock)
        self.views = SavedViews(self.db, clock)
        self.definitions = Definitions(DefinitionStore(self.db, clock), builtin.definitions())

        self.archive = Archive(layout.archive)
        self.engine = Engine.open(
            layout.engine / "dujiang.duckdb", memory_mb=settings.engine.memory_mb, threads=settings.engine.threads
        )
        self._closers.append(self.engine.close)
        self.identifier_types = self._identifier_types()
        self.commands = Commands(self.db, clock)
        self.identity_decisions = IdentityDecisions(
            self.db, clock, self.commands, after=lambda: self.refreshing.note_news()
        )
        self.identity_watch = Watch(self.db, self.identity_decisions, self._breaker_spec, clock)
        self.identity = self._resolver(self.identifier_types)
        now = self.present = Present(clock, self.zone, self._present_spec, self.engine)
        self.life = LifeCycleService(self.engine, self.definitions.current, self.zone, now)
        self.value = ValueService(self.engine, self.definitions.current)
        self.hours = HourService(self.engine)
        self.relations = RelationService(self.engine, self.definitions.current, self.zone, self.vault)
        self.predictions = PredictionService(self.engine, self.db, self.zone, clock, now)
        self.groups = GroupService(self.engine, self.db, self.definitions.current, self.zone, clock, now)
        self.timeline = Timeline.open(layout.engine / "timeline")
        refresher = Refresher(
            self.engine,
            self.identity,
            self.identifier_types,
            self.zone,
            settings.collect.session_gap_minutes,
            timeline=self.timeline,
            followers=followers(self),
            now=now.at,
            note=note,
        )
        announcer = Announcer(self.db, refresher.told, clock)
        self.refreshing = Refreshing(refresher, self.archive, self.manifest, self.engine, clock, announcer)
        self.refreshing.on_refresh(now.forget)
        memberships = Memberships(self.engine, refresher, self.archive, self.manifest, self.db, clock)
        self.refreshing.on_refresh(memberships)
        self.identity_history = QualityHistory(self.db, self.engine, clock, self.zone)
        self.refreshing.on_refresh(self.identity_history)
        self._refresher = refresher
        self.definitions.on_change(self._renew_identifier_types)
        self.definitions.on_change(self.refreshing.note_news)
        self.definitions.guard(lambda after, changes: check_changes(after, [one.key for one in changes]))
        self.sift = Sift(
            self.engine, self.archive, self.manifest, self.db, clock, settings.collect.duplicate_window_days
        )
        self.identity_desk = IdentityDesk(
            self.engine,
            self.identity_decisions,
            lambda: self.definitions.current("identifier_type").values(),
            clock.now,
        )
        self.suggestions = Suggestions(
            self.db,
            self.engine,
            self.vault,
            self.identity_decisions,
            lambda: self.identifier_types,
            self._linkage_spec,
            clock,
        )
        self._wire_collect()
        self.identity_graphs = IdentityGraphs(self.engine, self.zone, self.vault)
        self.people = PeopleService(self.engine, self.zone, self.vault, self.tokeniser, self._replayed)
        self.tags = TagService(self.engine, self.definitions.current, now, self._as_of, self._replayed)
        self.definitions.guard(lambda _after, changes: self.tags.check(changes))
        self.definitions.on_change(self.refreshing.renew)
        self.segments = SegmentService(
            self.engine,
            lambda: self.definitions.current(retired=True),
            lambda: tag_kinds(self),
            self.zone,
            now,
            self.timeline,
        )
        self.metrics = MetricService(self.engine, self._metric_definitions, self.zone, now, mark)
        self.definitions.guard(lambda after, changes: check_wanted(after) if _of_numbers(changes) else None)
        self.refreshing.on_refresh(self._prepare_numbers)
        self.questions = QuestionService(
            self.engine,
            self.timeline,
            self.metrics,
            self.segments.fulfilling,
            self.segments.tag_kinds,
            self._metric_definitions,
            self.zone,
        )
        self.dashboards = Dashboards(self.questions, self.definitions.current)
        self.reports = Reports(self.definitions.current)
        deliveries = Deliveries(self.db, self.jobs, clock)
        self.postroom = Postroom(self.reports, deliveries, self.definitions, layout.reports, clock, self.zone)

    def _wire_collect(self) -> None:
        collect = self.settings.collect
        self.decoding = Decoding(self.definitions, self.keyring, self.settings.brand.currency)
        self.intake = Intake(
            self.journal,
            self._collect_key,
            self.clock,
            judge=self.judge,
            bounds=BOUNDS,
            allowed_origins=collect.allowed_origins,
        )
        self.loader = Loader(
            self.journal, self.manifest, self.db, self.vault, self.sift, self.decoding.decode, self.tokeniser
        )
        self.imports = ImportService(
            folder=self.layout.imports,
            db=self.db,
            manifest=self.manifest,
            vault=self.vault,
            sift=self.sift,
            definitions=self.definitions.current,
            tokeniser=self.tokeniser,
            clock=self.clock,
            zone=self.zone,
            after=self.refreshing.take_in,
            undone=self.refreshing.take_back,
            locale=self.settings.brand.locale,
        )
        self.dead_letters = DeadLetters(
            manifest=self.manifest,
            db=self.db,
            journal=self.journal,
            keyring=self.keyring,
            definitions=self.definitions.current,
            clock=self.clock,
            judge=self.judge,
            protect=lambda text: self.tokeniser().protect(text),
        )
        self.marks = Marks(self.sift, self.clock)
        self.completeness = Completeness(self.manifest, self.engine, self.sift, self.definitions.current, self.clock)

    def _recover(self) -> None:
        """Finish what a crash left: stray files go, committed parts are loaded, lost answers are computed again."""
        self.archive.sweep(self.manifest.parts(include_retracted=True))
        self.postroom.sweep()
        self.refreshing.catch_up()

    def _renew_identifier_types(self) -> None:
        """Rules of identity changed: everybody is decided about anew, by one rule; new junk is looked for in what is known."""
        before, types = self.identifier_types, self._identifier_types()
        self.identifier_types = types
        if types.junk != before.junk:
            self.jobs.create("junk", {}, "definitions")
        if _specs(types) == _specs(before):
            return
        self.identity = self._refresher.resolver = self._resolver(types)
        self._refresher.rules = types
        self.jobs.create("rebuild", {}, "definitions")

    def _identifier_types(self) -> IdentifierTypes:
        kinds = (identifier_types.KIND, junk.KIND)
        return IdentifierTypes.of(
            one for kind in kinds for one in self.definitions.current(kind, retired=True).values()
        )

    def _resolver(self, types: IdentifierTypes) -> Resolver:
        return Resolver(types, self.identity_decisions.in_force, watch=self.identity_watch)

    def _breaker_spec(self) -> BreakerSpec:
        defined = self.definitions.current(breaker.KIND).get((breaker.KIND, breaker.NAME))
        if defined is None or defined.status != "active":
            return BreakerSpec(enabled=False)
        return BreakerSpec.model_validate(defined.spec)

    def _present_spec(self) -> PresentSpec:
        defined = self.definitions.get(present.KIND, present.NAME)
        return PresentSpec.model_validate(defined.spec) if defined.status == "active" else PresentSpec()

    def _linkage_spec(self) -> LinkageSpec:
        defined = self.definitions.current(linkage.KIND).get((linkage.KIND, linkage.NAME))
        return LinkageSpec.model_validate(defined.spec) if defined else LinkageSpec()

    def _prepare_numbers(self, _report: RefreshReport) -> None:
        with suppress(DujiangError):  # whoever asks next finds out, or hears why not
            self.metrics.prepare()

    def _metric_definitions(self) -> dict[tuple[str, str], Definition]:
        return self.definitions.current()

    def _as_of(self, at: datetime) -> AsOf:
        return AsOf(at, self.zone)

    def _replayed(
        self, con: DuckDBPyConnection, person: int, as_of: AsOf
    ) -> AbstractContextManager[DuckDBPyConnection]:
        gap = self.settings.collect.session_gap_minutes * 60
        return replayed(con, person, as_of.at, zone=self.zone.key, gap_seconds=gap)

    def judge(self, row: JournalRow) -> Decoded:
        """Decode a request as a load would, without keeping anything of it."""
        return self.decoding.decode(row, self.tokeniser())

    def _collect_key(self, secret: str) -> CollectKey | None:
        key = self.access.keys.find(secret, "collect")
        return CollectKey(key.source, key.id) if key else None

    def tokeniser(self) -> Tokeniser:
        """A new tokeniser, which turns identifiers into tokens and remembers their clear values for the vault."""
        return Tokeniser(self.keyring.token, self.identifier_types)

    def load(self, progress: Progress = silent) -> list[Load]:
        """Bring everything that waits in the journal into archive and engine."""
        loads: list[Load] = []
        waiting = self.loader.waiting()
        done = 0
        while (load := self.loader.load()) is not None:
            self.refreshing.take_in(load.settled)
            loads.append(load)
            done += load.requests
            progress("load", done, max(waiting, done))
        return loads

    def has_news(self) -> bool:
        """Whether something waits to be loaded or refreshed: facts, or a new day."""
        return self.refreshing.news or self.refreshing.day_passed(self.zone) or self.loader.waiting() > 0

    def choose_present(self, day: str, *, actor: str) -> Presence:
        """Set the day that is today for figures; answers show it after the next refresh.

        Args:
            day: ``today``, ``newest`` or a day as YYYY-MM-DD.

        Raises:
            InvalidInput: ``present.bad_day``.
        """
        wanted = present.changed(self.definitions.get(present.KIND, present.NAME), day)
        self.definitions.apply(self.definitions.plan([wanted]), actor=actor)
        return self.present.state()

    def enter_totals(self, totals: Sequence[EnteredTotal]) -> Settled:
        """Keep platform totals that a person entered."""
        settled = self.completeness.enter(totals)
        self.refreshing.take_in(settled)
        return settled

    def mark(self, marks: Sequence[Consent | Tagged], actor: str) -> Settled:
        """Keep tags and consents that ``actor`` entered; answers show them after the next refresh."""
        settled = self.marks.enter(marks)
        self.refreshing.take_in(settled)
        for one in marks:
            told = {"tag": one.tag, "removed": one.removed} if isinstance(one, Tagged) else {"consent": one.state}
            self.record(actor, "person.mark", format(one.identifiers[0].node % (1 << 64), "016x"), told)
        return settled

    def tag_person(self, person: int, tag: str, value: str = "", *, removed: bool = False, actor: str) -> Settled:
        """Put a tag on a person, or take it off every identifier that carries it.

        Raises:
            NotFound: ``people.unknown``.
            InvalidInput: ``mark.text``.
            Conflict: ``tag.computed``.
        """
        self.tags.refuse_computed(tag)
        nodes = self.people.marked(person, "tag", {"tag": tag})
        return self.mark([Tagged((node,), tag, value, removed, actor) for node in nodes], actor)

    def list_people(self, persons: Persons, tag: str, value: str = "", *, actor: str) -> Settled:
        """Put a tag on many people at once, so that a segment or an export can name them (condition ``list``).

        Raises:
            InvalidInput: ``mark.text``, or ``mark.nobody`` where ``persons`` is empty.
            Conflict: ``tag.computed``.
        """
        self.tags.refuse_computed(tag)
        found = self.people.first_identifiers(persons)
        if not found:
            raise InvalidInput("mark.nobody", _("There is nobody to put on a list. Pick another number."))
        settled = self.marks.enter([Tagged((one,), tag, value, set_by=actor) for one in found])
        self.refreshing.take_in(settled)
        self.record(actor, "person.list", tag, {"people": len(found)})
        return settled

    def state_consent(self, person: int, purpose: str, medium: str, state: State, *, actor: str) -> Settled:
        """State what a person allows, also for every identifier of theirs that has said something else.

        Raises:
            NotFound: ``people.unknown``.
            InvalidInput: ``mark.text``, or ``consent.bad_medium``.
        """
        if medium and medium not in MEDIA:
            sentence = _("“{medium}” is no way of contact. Use one of {known}, or none for every way.")
            raise InvalidInput("consent.bad_medium", sentence, medium=medium[:40], known=", ".join(MEDIA))
        nodes = self.people.marked(person, "consent", {"purpose": purpose, "medium": medium})
        marks = [Consent((node,), purpose, state, medium, basis=BY_HAND) for node in nodes]
        return self.mark(marks, actor)

    def bar_known_junk(self) -> int:
        """Bar what lists of junk values name among the identifiers already known; how many decisions came or went."""
        return bar_known_junk(
            self.identity_decisions, self.engine, self.vault, self.keyring.token, self.identifier_types
        )

    def ignored_identifiers(self, days: int = 30) -> list[IgnoredCount]:
        """Values that named nobody in the last ``days`` days, the present one included, most first."""
        today = self.clock.now().date()
        return ignored(self.db, today - timedelta(days - 1), today)

    def refresh(self, progress: Progress = silent) -> Refreshed:
        """Load what waits and bring every answer up to date; only what was touched is computed again."""
        loads = self.load(progress)
        return self.refreshing.refresh(sum(load.settled.facts for load in loads), progress)

    def rebuild(self, progress: Progress = silent) -> Rebuilt:
        """Forget every answer and compute it again from archive and store."""
        return self.refreshing.rebuild(progress)

    def status(self) -> Status:
        """What is here, and how fresh it is."""
        return checks.status(self, __version__)

    def doctor(self, progress: Progress = silent) -> list[Finding]:
        """Check every chain, file and part."""
        return checks.doctor(self, progress)

    def salvage(self, actor: str) -> Salvaged | None:
        """Take a damaged journal up again: what can be read goes on, the rest is put aside; None when it is sound."""
        return salvaging.salvage(self, actor)

    def keep_house(self) -> None:
        """What has to be done now and then: fit models, note when keys were used, forget what is old and safe elsewhere."""
        refit(self)
        self.access.keys.flush_uses()
        self.outbox.prune()
        self.postroom.prune()
        with self.db.read() as rx:
            loaded = self.manifest.cursor(rx, JOURNAL_CURSOR)
        oldest = self.clock.now() - timedelta(days=self.settings.collect.journal_keep_days)
        self.journal.prune(min(loaded, self.journal.received_before(oldest)))

    def record(
        self, actor: str, action: str, target: str, after: dict[str, Any] | None = None, reason: str = ""
    ) -> None:
        """Write a line of the audit log."""
        with self.db.transaction() as tx:
            record(tx, actor=actor, action=action, object=target, after=after, reason=reason, at=self.clock.now())

    def day_start(self, day: date) -> datetime:
        """The moment at which ``day`` begins for the brand.

        Raises:
            InvalidInput: ``time.out_of_range``.
        """
        Period(day, day)
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def now(self) -> datetime:
        """The workspace's present moment."""
        return self.clock.now()

    def close(self) -> None:
        """Close everything; the workspace cannot be used afterwards."""
        while self._closers:
            self._closers.pop()()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _of_numbers(changes: Sequence[PlannedChange]) -> bool:
    return any(one.key[0] in ("metric", "band", "goal") for one in changes)


def _specs(types: IdentifierTypes) -> dict[str, Spec]:
    return {name: types.get(name) for name in types.names()}

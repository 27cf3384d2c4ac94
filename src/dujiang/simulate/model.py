"""What is asked of a simulation, and what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.timewindows import check_day

Hazard = Literal["low", "normal", "high"]

_FACTOR: Final[dict[Hazard, float]] = {"low": 0.3, "normal": 1.0, "high": 3.0}
PEOPLE_MAX: Final = 20_000_000
MONTHS_MAX: Final = 60


@dataclass(frozen=True)
class Hazards:
    """How often the things happen that mislead identity resolution, as shares of what each could happen to."""

    shared_tablet: float = 0.15
    """Households of two or more that use one tablet for the shop's site."""
    shared_phone: float = 0.08
    """Households of two or more whose members all give one phone at the till."""
    phone_change: float = 0.06
    """People who change their number within the period."""
    recycled_phone: float = 0.004
    """People who have a number that someone else had before."""
    masked_phone: float = 0.30
    """Orders of the own site whose export masks the buyer's phone."""
    junk_phone: float = 0.02
    """Receipts without a member number where the cashier typed a made-up phone."""
    staff_card: float = 0.12
    """Receipts of non-members that a guide ran over their own member card, in the stores where that is a habit."""
    junk_id: float = 0.002
    """Visits whose tracking call says "null" or "anonymous" as the visitor's id."""
    cookie_churn: float = 0.30
    """Visitors whose browser forgets its cookie every week."""
    bonus_hunter: float = 0.015
    """Accounts that one operator runs from one phone, sixteen at a time."""
    name_typo: float = 0.05
    """Names that a source has with a wrong character, mostly one that sounds the same."""
    nickname: float = 0.08
    """Names that a source has as a nickname or a title."""
    moved_home: float = 0.10
    """Households that moved: the member list has their old address, parcels go to the new one."""
    twins: float = 0.03
    """Households of two or more with twins: one surname, address and birthday, names that begin alike."""

    @classmethod
    def at(cls, level: Hazard) -> Hazards:
        """The usual rates, scaled: ``low`` × 0.3, ``high`` × 3, none above 0.9."""
        usual = cls()
        return cls(**{name: min(0.9, value * _FACTOR[level]) for name, value in vars(usual).items()})


@dataclass(frozen=True)
class SimulationSpec:
    """The brand to be made.

    Attributes:
        end: its last day.
        people: how many persons.
        months: length in months, back from ``end``.
        seed: same seed, same bytes.
        hazard: how often identities mislead.

    Raises:
        InvalidInput: ``simulation.out_of_range`` or ``time.out_of_range``.
    """

    end: date
    people: int = 20_000
    months: int = 18
    seed: int = 20260618
    hazard: Hazard = "normal"

    def __post_init__(self) -> None:
        check_day(self.end)
        _within("people", self.people, 100, PEOPLE_MAX)
        _within("months", self.months, 1, MONTHS_MAX)
        if self.hazard not in _FACTOR:
            sentence = _("“{value}” is no hazard level. Choose one of {known}.")
            raise InvalidInput("simulation.unknown_hazard", sentence, value=self.hazard, known=", ".join(_FACTOR))

    @property
    def start(self) -> date:
        """The first day: ``months`` before the day after ``end``."""
        after = self.end + timedelta(1)
        year, month = divmod(after.year * 12 + after.month - 1 - self.months, 12)
        return date(year, month + 1, min(after.day, 28))

    @property
    def days(self) -> int:
        """Number of days, both ends included."""
        return (self.end - self.start).days + 1


def _within(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        sentence = _("The simulation needs {name} from {least} to {most}, not {value}.")
        raise InvalidInput("simulation.out_of_range", sentence, name=name, least=least, most=most, value=value)


@dataclass(frozen=True)
class ChannelFile:
    """One export file that was written.

    Attributes:
        path: relative to the output folder.
        mapping: definition name of the mapping that reads it.
        source: definition name of the source it belongs to.
        channel: definition name of its channel.
        shop: shop or account that it is about; empty where the rows say so.
        app: app in which its platform ids are unique; empty where it names none.
        rows: data rows.
    """

    path: Path
    mapping: str
    source: str
    channel: str
    shop: str
    app: str
    rows: int


@dataclass(frozen=True)
class CallFile:
    """One file of tracking requests, a JSON object a line; ``path`` is relative to the output folder."""

    path: Path
    requests: int
    events: int


@dataclass(frozen=True)
class Simulated:
    """What a simulation wrote.

    Attributes:
        spec: what was asked for.
        folder: where it was written.
        files: channel files, in the order to import them.
        calls: tracking requests, oldest first.
        people: persons made.
        orders: orders in the files.
        events: tracking events in the calls, repeated requests included.
    """

    spec: SimulationSpec
    folder: Path
    files: tuple[ChannelFile, ...]
    calls: tuple[CallFile, ...]
    people: int
    orders: int
    events: int

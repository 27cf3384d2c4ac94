"""Which source a request came from and what is expected of its events: decoding with the definitions in force."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from dujiang.collect.decode import Decoded, decode
from dujiang.collect.identifiers import Tokeniser
from dujiang.collect.model import SourceSpec
from dujiang.collect.tracking_plan import TrackingPlan, TrackingPlanSpec
from dujiang.store.journal import JournalRow
from dujiang.store.keyring import Keyring
from dujiang.workspace.definitions import Definitions

UNKNOWN_CHANNEL = "unknown"


class Decoding:
    """Decodes journal rows; remembers definitions until one changes."""

    def __init__(self, definitions: Definitions, keyring: Keyring, currency: str) -> None:
        self._definitions, self._keyring, self._currency = definitions, keyring, currency
        self._of: Callable[[str], tuple[SourceSpec, TrackingPlan | None]] = lru_cache(self._look_up)
        definitions.on_change(self.forget)

    def forget(self) -> None:
        """Read the definitions anew at the next row."""
        self._of = lru_cache(self._look_up)

    def decode(self, row: JournalRow, tokeniser: Tokeniser) -> Decoded:
        """Every event of ``row``, accepted or rejected with a reason."""
        source, plan = self._of(row.source)
        return decode(row, tokeniser=tokeniser, source=source, plan=plan, currency=self._currency, seal=self._seal)

    def _seal(self, original: bytes) -> bytes:
        return self._keyring.seal(original, "dead_letter")

    def _look_up(self, name: str) -> tuple[SourceSpec, TrackingPlan | None]:
        found = self._definitions.current("source", retired=True).get(("source", name))
        # A source whose definition was removed after its events were acknowledged: they are kept all the same.
        source = SourceSpec.model_validate(found.spec) if found else SourceSpec(channel=UNKNOWN_CHANNEL)
        plan = self._definitions.current("tracking_plan").get(("tracking_plan", source.tracking_plan))
        return source, TrackingPlan(TrackingPlanSpec.model_validate(plan.spec)) if plan else None

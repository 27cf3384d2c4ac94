"""Probabilistic record linkage after Fellegi and Sunter (1969), with Splink on DuckDB in memory.

Nothing is written to disk: clear values live in one in-memory database for as long as a run takes.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from dujiang.foundation.errors import Conflict, MissingPart
from dujiang.foundation.i18n import _
from dujiang.foundation.progress import Progress, silent
from dujiang.identity.linkage.model import UNKNOWN, Field, FieldEvidence, Level, Model, Schema, ScoredPair
from dujiang.identity.linkage.names import NOT_INSTALLED

MINIMUM_RECORDS: Final = 500
"""Fewer records than this say too little about how often things agree by chance."""
KNOWN_PAIRS: Final = 30
"""Pairs of records of one person from which it can be learnt how such records agree."""
_PRIOR_PAIRS: Final = 20
"""How many pairs a level's starting value counts for beside those it is learnt from."""
PERSON: Final = "person"
_PRIOR_RECALL: Final = 0.9
_ITERATIONS: Final = 50
_SAMPLE_PAIRS: Final = 1e6
_SEED: Final = 20260618
_LOWEST: Final = 0.001
_RAREST: Final = 1e-7


class Linkage:
    """Records of one table, compared by one schema."""

    def __init__(self, records: pa.Table, schema: Schema, threads: int = 2) -> None:
        """
        Args:
            records: a column ``unique_id`` and the columns that the schema names; null where nothing is known. A column
                ``person`` says whose records they are as far as identifiers tell.
            schema: what is compared.
            threads: cores to use.

        Raises:
            MissingPart: ``linkage.not_installed``.
        """
        self._splink, self._api = _splink(threads)
        self.schema, self._records = schema, records
        self._table = self._api.register(records, table_name="records")

    def train(self, progress: Progress = silent, minimum: int = MINIMUM_RECORDS) -> Model:
        """Learn how much each agreement means.

        How often things agree by chance is sampled. How often they agree for one person is learnt from records that
        identifiers connect already, where there are enough of them; else from the records themselves by expectation
        maximisation.

        Args:
            progress: told of each step; may raise ``Cancelled``.
            minimum: fewest records to learn from.

        Raises:
            Conflict: ``linkage.too_few_records``, or ``linkage.nothing_in_common`` where no two records agree enough
                to start from.
        """
        if len(self._records) < minimum:
            sentence = _("{records} records say too little to learn from; there must be {minimum}.")
            raise Conflict("linkage.too_few_records", sentence, records=len(self._records), minimum=minimum)
        pairs = self._known_pairs()
        known = pairs >= KNOWN_PAIRS
        steps = 3 if known else len(self.schema.train_on) + 2
        with _quiet():
            linker = self._splink.Linker(self._table, self._settings(), log_level=logging.ERROR)
            progress("learn", 0, steps)
            self._start(linker)
            progress("learn", 1, steps)
            linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLE_PAIRS, seed=_SEED)
            progress("learn", 2, steps)
            converged = True
            if known:
                linker.training.estimate_m_from_label_column(PERSON)
            else:
                for place, columns in enumerate(self.schema.train_on):
                    converged &= self._learn(linker, columns)
                    progress("learn", place + 3, steps)
            settings = _completed(linker.misc.save_model_to_json(), self.schema, pairs if known else 0)
            return Model(settings, len(self._records), known, converged)

    def score(
        self, model: Model, least: float = _LOWEST, new: Iterable[str] | None = None, progress: Progress = silent
    ) -> list[ScoredPair]:
        """Pairs at least as likely as ``least``, the likeliest first.

        Args:
            model: from :meth:`train` of these or of earlier records.
            least: least probability of a pair.
            new: ids of the records that are to be compared with all; None: all with all.
            progress: told of each step; may raise ``Cancelled``.
        """
        progress("compare", 0, 1)
        with _quiet():
            linker = self._splink.Linker(self._table, dict(model.settings), log_level=logging.ERROR)
            found = [linker.inference.predict(least)] if new is None else self._score_new(linker, set(new), least)
            pairs = [self._pair(row) for frame in found for row in frame.as_record_list()]
        progress("compare", 1, 1)
        return sorted(pairs, key=lambda pair: (-pair.weight, pair.a, pair.b))

    def _known_pairs(self) -> int:
        """Pairs of records that identifiers say are of one person."""
        if PERSON not in self._records.column_names:
            return 0
        sizes = self._records[PERSON].drop_null().value_counts().field("counts").to_numpy()
        return int((sizes * (sizes - 1) // 2).sum())

    def close(self) -> None:
        """Forget every record."""
        self._api.duckdb_con.close()

    def _start(self, linker: Any) -> None:
        linker.training.estimate_probability_two_random_records_match(list(self.schema.certain), _PRIOR_RECALL)
        if not linker.misc.save_model_to_json()["probability_two_random_records_match"]:
            raise Conflict("linkage.nothing_in_common", NOTHING_IN_COMMON)

    def _learn(self, linker: Any, columns: Sequence[str]) -> bool:
        """Expectation maximisation over the pairs that share ``columns``; whether it came to rest."""
        rule = self._splink.block_on(*columns)
        try:
            session = linker.training.estimate_parameters_using_expectation_maximisation(
                rule, record_sample_proportion=1.0
            )
        except Exception as error:
            # No pair shares these columns: there is nothing to learn there, and the other ways remain.
            if type(error).__name__ != "EMTrainingException":
                raise
            return True
        return len(session._core_model_settings_history) <= _ITERATIONS

    def _score_new(self, linker: Any, new: set[str], least: float) -> list[Any]:
        ids = self._records["unique_id"].to_pylist()
        fresh = self._records.filter(pa.array([one in new for one in ids]))
        old = self._records.filter(pa.array([one not in new for one in ids]))
        for column in sorted({level.counts_frequency for one in self.schema.fields for level in one.levels} - {""}):
            linker.table_management.compute_tf_table(column)
        right = self._api.register(fresh)
        found = [linker.inference.predict_within(right, threshold_match_probability=least)]
        if len(old) and len(fresh):
            left = self._api.register(old)
            found.append(linker.inference.predict_between(left, right, threshold_match_probability=least))
        return found

    def _settings(self) -> dict[str, Any]:
        return {
            "link_type": "dedupe_only",
            "unique_id_column_name": "unique_id",
            "comparisons": [_comparison(one) for one in self.schema.fields],
            "blocking_rules_to_generate_predictions": [self._splink.block_on(*one) for one in self.schema.candidates],
            "max_iterations": _ITERATIONS,
            "em_convergence": 0.001,
            "retain_matching_columns": True,
            "retain_intermediate_calculation_columns": True,
        }

    def _pair(self, row: dict[str, Any]) -> ScoredPair:
        a, b = sorted((str(row["unique_id_l"]), str(row["unique_id_r"])))
        evidence = tuple(_evidence(one, row) for one in self.schema.fields)
        return ScoredPair(a, b, float(row["match_probability"]), float(row["match_weight"]), evidence)


def _evidence(field: Field, row: dict[str, Any]) -> FieldEvidence:
    gamma = int(row[f"gamma_{field.name}"])
    level = UNKNOWN if gamma < 0 else field.levels[len(field.levels) - 1 - gamma].code
    weight = float(row[f"mw_{field.name}"]) + float(row.get(f"mw_tf_adj_{field.name}") or 0.0)
    return FieldEvidence(field.name, level, round(weight, 3))


def _comparison(field: Field) -> dict[str, Any]:
    unknown = {"sql_condition": field.unknown, "label_for_charts": UNKNOWN, "is_null_level": True}
    return {
        "output_column_name": field.name,
        "comparison_levels": [unknown, *(_level(one) for one in field.levels)],
    }


def _level(level: Level) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "sql_condition": level.condition,
        "label_for_charts": level.code,
        "m_probability": level.likely,
        "u_probability": level.rare,
    }
    if level.counts_frequency:
        stated |= {"tf_adjustment_column": level.counts_frequency, "tf_adjustment_weight": 1.0}
    return stated


def _completed(settings: dict[str, Any], schema: Schema, pairs: int) -> dict[str, Any]:
    """``settings`` where every level has chances: what was seen too seldom to be learnt keeps its starting value.

    What was learnt from few known pairs is drawn towards the starting value (a Dirichlet prior).
    """
    trust = pairs / (pairs + _PRIOR_PAIRS) if pairs else 1.0
    for comparison, field in zip(settings["comparisons"], schema.fields, strict=True):
        for stated, level in zip(comparison["comparison_levels"][1:], field.levels, strict=True):
            learnt = _number(stated.get("m_probability"), level.likely)
            stated["m_probability"] = max(trust * learnt + (1 - trust) * level.likely, _RAREST)
            stated["u_probability"] = max(_number(stated.get("u_probability"), level.rare), _RAREST)
    return settings


def _number(value: Any, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def is_installed() -> bool:
    """Whether the packages of the extra ``linkage`` are here."""
    try:
        import pypinyin  # noqa: F401
        import splink  # noqa: F401
    except ImportError:
        return False
    return True


def _splink(threads: int) -> tuple[Any, Any]:
    try:
        with _quiet():
            import splink
            from splink.backends.duckdb import DuckDBAPI
    except ImportError:
        raise MissingPart("linkage.not_installed", NOT_INSTALLED) from None
    import duckdb

    return splink, DuckDBAPI(duckdb.connect(":memory:", config={"threads": threads}))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what Splink says to data scientists at a prompt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


NOTHING_IN_COMMON: Final = _(
    "No two records agree on name and birthday, or on name and address. There is nothing to learn from yet."
)

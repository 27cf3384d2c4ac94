"""A mapping for a file that no mapping knows: one of Dujiang's own templates, told by which names the file has its columns.

The person who imports says what the rows are and which column is which; everything else (how cells are read, what an order's
state means) is the template's. What comes of it is an ordinary mapping, so the next file of the same kind is recognised.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from dujiang.collect.exports.headers import Columns, canonical, distinct
from dujiang.collect.exports.mapping import DAY, MappingSpec, Output
from dujiang.collect.exports.templates import Mappings
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

SAMPLES: Final = 3
RECORD: Final = "record"
"""In :attr:`Wanted.fields`: a column of :class:`~dujiang.collect.exports.mapping.RecordRule`."""
_KNOWN_ENOUGH: Final = 5
_NAMING: Final = frozenset(
    {"first", "plus", "minus", "times", "join", "line", "column", "columns", "paid", "refund_columns"}
    | {"name", "address", "birthday", "gender", "split", "split_with", "fallback", "absent", "drop", "keep"}
)
"""Keys of a mapping under which columns are named."""

Use = tuple[str, str]
"""What a column is for: family and field, or ``identifier`` and its type."""


@dataclass(frozen=True)
class Wanted:
    """A column of the template.

    Attributes:
        name: as the template calls it.
        needed: whether files of this kind usually have it.
        fields: what it fills: ``order.paid_minor``, ``mobile``.
        column: the file's column that is taken for it; empty for none.
    """

    name: str
    needed: bool
    fields: tuple[str, ...]
    column: str


@dataclass(frozen=True)
class Draft:
    """A mapping that is being made.

    Attributes:
        like: name of the template.
        header: the file's columns.
        samples: the first values of each, without personal data.
        wanted: the template's columns, needed ones first.
        spec: the mapping as it is now, for a definition of kind ``mapping``; empty while no column is chosen.
    """

    like: str
    header: tuple[str, ...]
    samples: Mapping[str, tuple[str, ...]]
    wanted: tuple[Wanted, ...]
    spec: Mapping[str, Any]


def own_templates(mappings: Mappings) -> tuple[str, ...]:
    """Names of the templates that a mapping can be drafted from."""
    return tuple(name for name, _spec in mappings.items() if name.startswith("own."))


def draft(
    like: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    mappings: Mappings,
    chosen: Mapping[str, str] | None = None,
    channel: str = "",
) -> Draft:
    """A mapping for a file, made from a template.

    Args:
        like: the template, such as ``own.orders``.
        header: the file's column names.
        rows: the first rows, to show what a column holds.
        mappings: those that there are; how they use their columns tells which column of the file is which.
        chosen: the file's column by the template's; None: as it seems. What is not named, or named empty, is left out.
        channel: where the facts usually belong; empty: the template's.

    Raises:
        NotFound: ``mapping.unknown``.
        InvalidInput: ``mapping.unknown_column`` if a choice names a column that template or file does not have.
    """
    template, names = mappings.get(like), tuple(name for name in distinct(header) if name)
    taken = _suggested(template, names, mappings) if chosen is None else _checked(template, names, chosen)
    uses = _uses(template)
    wanted = [
        Wanted(name, name in template.match.required, _told(uses.get(canonical(name), ())), taken.get(name, ""))
        for name in template.columns()
    ]
    spec = _renamed(template, taken, names, channel) if taken else {}
    return Draft(like, names, _samples(header, rows), tuple(sorted(wanted, key=lambda one: not one.needed)), spec)


def _checked(template: MappingSpec, header: Sequence[str], chosen: Mapping[str, str]) -> dict[str, str]:
    taken = {name: column for name, column in chosen.items() if column}
    strange = [name for name in taken if name not in template.columns()]
    strange += [column for column in taken.values() if column not in header]
    if strange:
        sentence = _("There is no column “{column}”. Choose among those of the file and of the template.")
        raise InvalidInput("mapping.unknown_column", sentence, column=strange[0][:80])
    return taken


# ── which column is which ────────────────────────────────────────────────────────────────────────────────────────────


def _suggested(template: MappingSpec, header: Sequence[str], mappings: Mappings) -> dict[str, str]:
    """By the same name; else by a name that some known export has for the same field. No column is taken twice."""
    columns = Columns(header, template.aliases)
    same = {name: columns.names[place] for name in template.columns() if (place := columns.place(name)) is not None}
    meanings = _meanings(mappings)
    uses = _uses(template)
    taken = dict(same)
    for name in template.columns():
        free = [column for column in header if column not in taken.values()]
        shared = {column: len(uses.get(canonical(name), set()) & meanings[canonical(column)]) for column in free}
        best = max(free, key=lambda column: shared[column], default="")
        if name not in taken and best and shared[best]:
            taken[name] = best
    return taken


def _meanings(mappings: Mappings) -> defaultdict[str, set[Use]]:
    meanings: defaultdict[str, set[Use]] = defaultdict(set)
    for spec in (spec for _name, spec in mappings.items()):
        for column, uses in _uses(spec).items():
            meanings[column] |= uses
            for other in spec.aliases.get(column, ()):
                meanings[canonical(other)] |= uses
    return meanings


def _uses(spec: MappingSpec) -> dict[str, set[Use]]:
    uses: defaultdict[str, set[Use]] = defaultdict(set)
    for output in spec.outputs:
        for column, use in _uses_of(output):
            uses[canonical(column)].add(use)
    for column in spec.status.columns if spec.status else ():
        uses[canonical(column)].add(("order", "status"))
    return dict(uses)


def _uses_of(output: Output) -> Iterator[tuple[str, Use]]:
    for name, rule in output.fields.items():
        for column in (*rule.first, *rule.join, *rule.line):
            yield column.removesuffix(DAY), (output.family, name)
    for one in output.identifiers:
        yield one.column, ("identifier", one.type.partition("@")[0])
    if output.record:
        for column in output.record.columns():
            yield column, ("identifier", RECORD)


def _told(uses: Iterable[Use]) -> tuple[str, ...]:
    return tuple(sorted({field if family == "identifier" else f"{family}.{field}" for family, field in uses}))


# ── the mapping ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _renamed(template: MappingSpec, taken: Mapping[str, str], header: Sequence[str], channel: str) -> dict[str, Any]:
    plain = template.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    names = {name: taken.get(name) or _absent(name, header) for name in template.columns()}
    spec = {key: value for key, value in _with_names(plain, names).items() if key not in ("match", "aliases", "known")}
    required = [taken[name] for name in template.match.required if name in taken] or list(taken.values())
    match = {
        "required": list(dict.fromkeys(required)),
        "header": list(dict.fromkeys(taken.values())),
        "minimum": max(1, min(_KNOWN_ENOUGH, len(set(taken.values())))),
    }
    if template.status and not taken.keys() & {*template.status.columns, *template.status.paid}:
        # A list without any word on its orders' state is a list of sales.
        spec["status"] = {"otherwise": "valid"}
    return {**spec, **({"channel": channel} if channel else {}), "match": match}


def _absent(name: str, header: Sequence[str]) -> str:
    """The name of a column that is left out: itself, unless the file has one of that name that shall not be read."""
    return name if Columns(header).place(name) is None else f"（不用）{name}"


def _with_names(value: Any, names: Mapping[str, str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {inner: _with_names(one, names, inner) for inner, one in value.items()}
    if isinstance(value, list):
        return [_with_names(one, names, key) for one in value]
    if not isinstance(value, str) or key not in _NAMING:
        return value
    base = value.removesuffix(DAY)
    return names.get(base, base) + value[len(base) :]


def _samples(header: Sequence[str], rows: Iterable[Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {name: [] for name in distinct(header) if name}
    for row in rows:
        for name, cell in zip(distinct(header), row, strict=False):
            if name and cell.strip() and cell not in found[name] and len(found[name]) < SAMPLES:
                found[name].append(cell[:40])
    return {name: tuple(cells) for name, cells in found.items()}

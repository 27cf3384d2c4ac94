"""All tags of a brand: which there are, which reads which, and who uses them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Final, NoReturn

from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.people.comparison import Kind
from dujiang.people.mentions import mentioned
from dujiang.people.tags.fields import FIELDS
from dujiang.people.tags.model import KIND, TagSpec
from dujiang.people.tags.outputs import OUTPUTS

Key = tuple[str, str]


@dataclass(frozen=True)
class Tag:
    """A tag by its definition."""

    definition: Definition
    spec: TagSpec

    @property
    def name(self) -> str:
        """The definition's name."""
        return self.definition.name

    def label(self, locale: str) -> str:
        """Its title."""
        return self.definition.label(locale)

    def about(self, locale: str) -> str:
        """Its description; empty where there is none."""
        told = self.definition.description
        return told.get(locale) or next(iter(told.values()), "")


@cache
def presets() -> tuple[Definition, ...]:
    """Every tag that comes with Dujiang, in the order of its files."""
    folder = resources.files(__package__ or __name__).joinpath("presets")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    return tuple(one for file in files for one in load_yaml(file.read_text("utf-8")))


class Catalogue:
    """Tags by name, each after those that it reads.

    Raises:
        InvalidInput: ``tag.circle`` with the path, ``tag.unknown_part`` or ``tag.part`` for a part that does not fit.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        found = [Tag(one, TagSpec.model_validate(one.spec)) for one in definitions]
        self._tags = {tag.name: tag for tag in found}
        self._order = list(self._sorted())
        for tag in found:
            _check(tag, self._tags)

    def __iter__(self) -> Iterator[Tag]:
        return iter(self._tags.values())

    def __len__(self) -> int:
        return len(self._tags)

    def __contains__(self, name: object) -> bool:
        return name in self._tags

    def get(self, name: str) -> Tag:
        """The tag called ``name``.

        Raises:
            NotFound: ``tag.unknown``.
        """
        if name not in self._tags:
            sentence = _("There is no tag “{name}”. The catalogue of tags lists all names.")
            raise NotFound("tag.unknown", sentence, name=name[:80])
        return self._tags[name]

    def kind(self, name: str) -> Kind:
        """How the values of a tag are compared."""
        return self.get(name).spec.kind

    def levels(self) -> list[list[Tag]]:
        """Tags in groups, each of which reads only groups before it."""
        depth: dict[str, int] = {}
        for tag in self._order:
            depth[tag.name] = max((depth[one] + 1 for one in tag.spec.names()), default=0)
        found: list[list[Tag]] = [[] for _level in range(max(depth.values(), default=-1) + 1)]
        for tag in self._order:
            found[depth[tag.name]].append(tag)
        return found

    def readers(self, name: str) -> tuple[str, ...]:
        """The tags that read ``name``."""
        return tuple(tag.name for tag in self if name in tag.spec.names())

    @cached_property
    def fingerprint(self) -> str:
        """Changes with every change of any tag."""
        texts = (tag.definition.model_dump_json() for tag in self)
        return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]

    @cached_property
    def marks(self) -> dict[str, str]:
        """By tag: changes when its values come about in another way, by itself or by a tag that it reads."""
        found: dict[str, str] = {}
        for tag in self._order:
            texts = (tag.spec.model_dump_json(), *(found[one] for one in tag.spec.names()))
            found[tag.name] = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
        return found

    def _sorted(self) -> Iterator[Tag]:
        done: set[str] = set()

        def visit(name: str, path: tuple[str, ...]) -> Iterator[Tag]:
            if name in path:
                sentence = _("The tags read each other in a circle: {path}. Take one of these steps away.")
                circle = " → ".join((*path[path.index(name) :], name))
                raise InvalidInput("tag.circle", sentence, path=circle)
            if name in done:
                return
            tag = self._tags.get(name)
            if tag is None:
                sentence = _("The tag “{name}” reads a tag that does not exist: {part}.")
                raise InvalidInput("tag.unknown_part", sentence, name=path[-1], part=name[:80])
            for part in tag.spec.names():
                yield from visit(part, (*path, name))
            done.add(name)
            yield tag

        for name in self._tags:
            yield from visit(name, ())


def _check(tag: Tag, tags: Mapping[str, Tag]) -> None:
    for part in tag.spec.names() if tag.spec.type == "formula" else ():
        if tags[part].spec.kind not in ("number", "yes"):
            _wrong(tag, part, _("The tag “{name}” calculates with {part}, which is no number."))
    for case in tag.spec.cases:
        for test in case.when:
            try:
                test.fits(tags[test.tag].spec.kind)
            except ValueError:
                _wrong(tag, test.tag, _("The tag “{name}” compares {part} with something that does not go with it."))


def _wrong(tag: Tag, part: str, sentence: str) -> NoReturn:
    raise InvalidInput("tag.part", sentence, name=tag.name, part=part)


def catalogue(current: Mapping[Key, Definition]) -> Catalogue:
    """The tags in force: those that come with Dujiang, overlaid by the brand's own; paused and retired ones are left out."""
    chosen = {one.name: one for one in presets()}
    chosen |= {name: one for (kind, name), one in current.items() if kind == KIND}
    return Catalogue(one for one in chosen.values() if one.status == "active")


@dataclass(frozen=True)
class Lineage:
    """What a tag is made of and who uses it.

    Attributes:
        tables: the engine's tables behind it, those of its parts included.
        reads: tags that it reads itself.
        used_by: kind and name of every definition that reads it.
    """

    tables: tuple[str, ...]
    reads: tuple[str, ...]
    used_by: tuple[Key, ...]


def lineage(tags: Catalogue, name: str, current: Iterable[Definition]) -> Lineage:
    """Where the tag ``name`` comes from and where it goes."""
    tag = tags.get(name)
    return Lineage(tuple(sorted(_tables(tags, tag))), tag.spec.names(), users(name, current))


def users(name: str, current: Iterable[Definition]) -> tuple[Key, ...]:
    """Every active definition that reads the tag ``name``: tags, segments, whatever names it under ``tag``."""
    active = (one for one in current if one.status not in ("retired",) and one.key != (KIND, name))
    return tuple(one.key for one in active if name in _named(one))


def _named(definition: Definition) -> set[str]:
    found = set(mentioned(definition.spec, "tag"))
    if definition.kind == KIND:
        found |= set(TagSpec.model_validate(definition.spec).names())
    return found


_OF_SOURCE: Final = {
    "events": "fact_event", "orders": "orders", "order_lines": "fact_order_line", "visits": "visit", "refunds": "refunds",
    "conversations": "conversation",
}  # fmt: skip


def _tables(tags: Catalogue, tag: Tag) -> set[str]:
    spec = tag.spec
    if spec.statistic:
        return {_OF_SOURCE[spec.statistic.source]}
    if spec.field:
        return set(FIELDS[spec.field].reads)
    if spec.type == "given":
        return {"fact_tag"}
    if spec.model:
        return {OUTPUTS[spec.model.model].table}
    return {table for part in spec.names() for table in _tables(tags, tags.get(part))}

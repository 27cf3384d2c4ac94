"""Everything that runs is a definition: one typed, versioned form, the same in YAML, console, API and command line.

A room registers its kinds with :func:`register`; the store keeps every version; :func:`plan` says what applying a set of
documents would change, before anything does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dujiang.foundation.bounds import BOUNDS
from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason

Status = Literal["draft", "active", "paused", "retired"]
Change = Literal["create", "update", "unchanged", "retire"]

NAME: Final = re.compile(r"^[a-z0-9][a-z0-9_.-]{0,79}$")


class Spec(BaseModel):
    """Base of what a kind of definition says in its ``spec``; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Definition(BaseModel):
    """One definition: the envelope that every kind shares, and the ``spec`` of its kind.

    ``title`` and ``description`` hold a text per language (``{"zh": …, "en": …}``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str = Field(pattern=NAME.pattern)
    title: dict[str, str] = Field(default_factory=dict)
    description: dict[str, str] = Field(default_factory=dict)
    owner: str = ""
    deputy: str = ""
    essential: bool = False
    status: Status = "active"
    spec: dict[str, Any] = Field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it unique: kind and name."""
        return self.kind, self.name

    def label(self, locale: str) -> str:
        """The title in ``locale``, else in any language, else the name."""
        return self.title.get(locale) or next(iter(self.title.values()), self.name)

    def typed(self) -> Spec:
        """The spec as its kind's own type."""
        return spec_type(self.kind).model_validate(self.spec)


_KINDS: dict[str, type[Spec]] = {}


def register(kind: str, spec: type[Spec]) -> None:
    """Make ``kind`` known, with the type of its spec. Called once, when a room's ``model`` is imported."""
    _KINDS[kind] = spec


def kinds() -> tuple[str, ...]:
    """Every kind that is known, sorted."""
    return tuple(sorted(_KINDS))


def spec_type(kind: str) -> type[Spec]:
    """The type of ``kind``'s spec.

    Raises:
        NotFound: ``definition.unknown_kind``.
    """
    if kind not in _KINDS:
        sentence = _("“{kind}” is not a kind of definition. Known kinds: {known}.")
        raise NotFound("definition.unknown_kind", sentence, kind=kind, known=", ".join(kinds()))
    return _KINDS[kind]


def parse(values: Mapping[str, Any]) -> Definition:
    """A checked definition from its plain form.

    Raises:
        InvalidInput: ``definition.not_mapping`` without a kind or a name, or ``definition.invalid``, naming the definition
            and the field.
    """
    if not (values.get("kind") and values.get("name")):
        raise _no_mapping()
    where = f"{values.get('kind', '?')}/{values.get('name', '?')}"[:100]
    try:
        definition = Definition.model_validate(values)
        definition.typed()
        return definition
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "spec"
        sentence = _("The definition {where} is wrong at {field}: {reason}.")
        raise InvalidInput("definition.invalid", sentence, where=where, field=field, reason=Reason.of(error)) from None


def load_yaml(text: str) -> list[Definition]:
    """Every definition in a YAML text of one or more documents.

    Raises:
        InvalidInput: ``definition.too_large``, ``definition.not_yaml``, ``definition.not_mapping`` or
            ``definition.invalid``.
    """
    return [parse(document) for document in documents(text)]


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML text (JSON is YAML, too), which need not be definitions.

    Raises:
        InvalidInput: ``definition.too_large``, ``definition.not_yaml`` or ``definition.not_mapping``.
    """
    if len(text.encode()) > BOUNDS.definition_bytes_max:
        sentence = _("The definitions are larger than {bound} bytes. Split them into several files.")
        raise InvalidInput("definition.too_large", sentence, bound=BOUNDS.definition_bytes_max)
    try:
        found = [document for document in yaml.load_all(text, _Plain) if document is not None]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        sentence = _("This is not valid YAML (line {line}).")
        raise InvalidInput("definition.not_yaml", sentence, line=mark.line + 1 if mark else "?") from None
    if not all(isinstance(document, dict) for document in found):
        raise _no_mapping()
    return found


def _no_mapping() -> InvalidInput:
    sentence = _("A definition has to say kind, name and spec. For the spec alone, write those around it.")
    return InvalidInput("definition.not_mapping", sentence)


def dump_yaml(definitions: Iterable[Definition]) -> str:
    """Definitions as YAML that :func:`load_yaml` reads back unchanged."""
    documents = (definition.model_dump(exclude_defaults=True) for definition in definitions)
    return yaml.safe_dump_all(documents, allow_unicode=True, sort_keys=False, width=110)


class _Plain(yaml.SafeLoader):
    """Leaves a day as the text that it is: the store keeps it as one, and a version that differs would never be in force."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        letter: [one for one in ways if one[0] != "tag:yaml.org,2002:timestamp"]
        for letter, ways in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class PlannedChange:
    """What applying would do to one definition."""

    change: Change
    before: Definition | None
    after: Definition | None

    @property
    def key(self) -> tuple[str, str]:
        """Kind and name."""
        one = self.after or self.before
        assert one is not None
        return one.key

    def diff(self) -> str:
        """The change as a unified diff of the YAML; empty when nothing changes."""
        old = dump_yaml([self.before]).splitlines() if self.before else []
        new = dump_yaml([self.after]).splitlines() if self.after else []
        return "\n".join(difflib.unified_diff(old, new, "before", "after", lineterm=""))


def plan(
    current: Mapping[tuple[str, str], Definition], wanted: Iterable[Definition], *, complete: bool = False
) -> list[PlannedChange]:
    """What applying ``wanted`` over ``current`` would change, one entry for each definition in order of kind and name.

    Args:
        current: what is in force, by kind and name.
        wanted: what is to be in force.
        complete: ``wanted`` is everything, so that what it does not name is retired.

    Raises:
        InvalidInput: ``definition.twice`` if ``wanted`` names one definition twice.
    """
    after: dict[tuple[str, str], Definition] = {}
    for definition in wanted:
        if definition.key in after:
            sentence = _("The definition {where} is there twice. Keep one of them.")
            raise InvalidInput("definition.twice", sentence, where="/".join(definition.key))
        after[definition.key] = definition
    changes = [_planned(current.get(key), definition) for key, definition in after.items()]
    if complete:
        gone = (one for key, one in current.items() if key not in after and one.status != "retired")
        changes += [PlannedChange("retire", one, one.model_copy(update={"status": "retired"})) for one in gone]
    return sorted(changes, key=lambda change: change.key)


def _planned(before: Definition | None, after: Definition) -> PlannedChange:
    if before is None:
        return PlannedChange("create", None, after)
    return PlannedChange("unchanged" if before == after else "update", before, after)

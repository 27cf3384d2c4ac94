"""Types of identifiers: what a number that names someone is worth; definition kind ``identifier_type``.

The ready-made types stand in ``presets.yaml``; a definition of the same name replaces one, a new name adds one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

from pydantic import Field, field_validator

from dujiang.collect.junk import Junk
from dujiang.foundation.definitions import Definition, Spec, load_yaml, register
from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _

KIND: Final = "identifier_type"
UNKNOWN_PRIORITY: Final = 1000


class IdentifierTypeSpec(Spec):
    """What identifiers of one type look like, and what they may do."""

    kind: Literal["strong", "device"] = "strong"
    """``strong`` names a person; ``device`` names a machine that several people may use."""
    joins: bool = True
    """Two identifiers of one fact may mean one person. Without it the identifier only counts as seen."""
    relates: bool = False
    """Of a type that joins no one: it still says who has something in common, as people behind one door do."""
    priority: int = Field(default=90, ge=1, lt=UNKNOWN_PRIORITY)
    """Rank: the smaller, the stronger. It decides which link is believed first and whom a fact belongs to."""
    limit: int | None = Field(default=None, ge=1, le=250)
    """How many of this type one person may have (of a scoped type: in one scope); none: any number."""
    above_limit: Literal["refuse", "demote"] = "refuse"
    """What gives way where joining two people would go over ``limit``: ``refuse`` keeps the two apart; ``demote`` joins them
    and leaves out the identifiers of this type with the least evidence."""
    scope: Literal["", "app", "shop", "corp"] = ""
    """What it is unique in, if not everywhere: an OpenID means something only in its app."""
    parent: str = ""
    """The type it hangs on, as an OpenID on a UnionID: a link between the two is believed before any other."""
    shared_above: int = Field(default=10, ge=1, le=250)
    """Seen with more than this many identifiers of one type that is single or stronger, it belongs to nobody."""
    junk_above: int = Field(default=50, ge=1, le=250)
    """Seen with more than this many identifiers of any one type that names people, it is made up and belongs to nobody."""
    crowd_above: int | None = Field(default=None, ge=1, le=250)
    """An identifier of a stronger type seen with more than this many of this one belongs to nobody: a till's own member number,
    or a buyer who has everything sent to others. None: any number is believed."""
    recycled_after_days: int | None = Field(default=None, ge=1)
    """Silence after which it may have gone to a new owner; none: it never does."""
    expires_after_days: int | None = Field(default=None, ge=1)
    """How long it means anybody from the day it was first seen; who is seen with it afterwards may be somebody else. None: for
    ever."""
    normalise: Literal["trim", "lower", "mobile", "email", "address"] = "trim"
    pattern: str = ""
    """Regular expression that the whole normalised value has to match; empty: anything printable."""
    junk: tuple[str, ...] = ()
    """Values of this type that mean nobody, beside those of :mod:`dujiang.collect.junk`."""
    virtual_prefixes: tuple[str, ...] = ()
    """Mobile numbers that begin so are a platform's stand-ins and become ``virtual_mobile``."""
    keep_clear: bool = False
    """The clear value goes to the vault, to be shown or dialled by those who may."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InvalidInput("pattern.wrong", _("not a regular expression: {reason}"), reason=error) from None
        return pattern


register(KIND, IdentifierTypeSpec)

_UNKNOWN: Final = IdentifierTypeSpec(joins=False)


@cache
def presets() -> tuple[Definition, ...]:
    """The ready-made types."""
    text = (resources.files("dujiang.collect.identifier_types") / "presets.yaml").read_text("utf-8")
    return tuple(load_yaml(text))


class IdentifierTypes:
    """Every type in force. A type may be asked for by name or as ``name@scope``."""

    def __init__(
        self,
        specs: Mapping[str, IdentifierTypeSpec],
        labels: Callable[[str, str], str] | None = None,
        junk: Junk | None = None,
    ) -> None:
        """
        Args:
            specs: spec of each type by its name.
            junk: values that mean nobody; without it the ready-made lists.
            labels: name of a type (without scope) as people of a locale call it; without it types are called by name.
        """
        self._specs = dict(specs)
        self._labels = labels
        self.junk = junk or Junk.of()

    @classmethod
    def of(cls, definitions: Iterable[Definition] = ()) -> IdentifierTypes:
        """The presets with ``definitions`` of types and of junk values laid over them.

        A draft changes nothing, a paused type no longer joins, a retired one is no longer accepted.

        >>> IdentifierTypes.of().get("wechat_openid@wx0123").parent
        'wechat_unionid'
        """
        definitions = tuple(definitions)
        specs: dict[str, IdentifierTypeSpec] = {}
        titled: dict[str, Definition] = {}
        for definition in (*presets(), *definitions):
            if definition.kind != KIND or definition.status == "draft":
                continue
            spec = IdentifierTypeSpec.model_validate(definition.spec)
            specs[definition.name] = spec if definition.status == "active" else spec.model_copy(update={"joins": False})
            titled[definition.name] = definition
            if definition.status == "retired":
                del specs[definition.name]
        label = lambda name, locale: titled[name].label(locale) if name in titled else name  # noqa: E731
        return cls(specs, label, Junk.of(definitions))

    def __contains__(self, type: str) -> bool:  # noqa: A002 - the field's own word
        return base_type(type) in self._specs

    def names(self) -> tuple[str, ...]:
        """Names of all types, strongest first."""
        return tuple(sorted(self._specs, key=lambda name: (self._specs[name].priority, name)))

    def get(self, type: str, /) -> IdentifierTypeSpec:  # noqa: A002
        """The spec of ``type``; for a type that nobody defined (any more), one that joins no one."""
        return self._specs.get(base_type(type), _UNKNOWN)

    def priority(self, type: str, /) -> int:  # noqa: A002
        """Rank of ``type``: the smaller, the stronger; :data:`UNKNOWN_PRIORITY` for one that nobody defined."""
        spec = self._specs.get(base_type(type))
        return UNKNOWN_PRIORITY if spec is None else spec.priority

    def limit(self, type: str, /) -> int | None:  # noqa: A002
        """How many of ``type`` one person may have; None: any number, also where a scoped type came without its scope."""
        spec = self.get(type)
        return None if spec.scope and "@" not in type else spec.limit

    def label(self, type: str, locale: str) -> str:  # noqa: A002
        """What people call ``type``, with its scope behind it.

        >>> IdentifierTypes.of().label("wechat_openid@wx0123", "en")
        'WeChat OpenID (wx0123)'
        """
        name, _at, scope = type.partition("@")
        label = self._labels(name, locale) if self._labels else name
        return f"{label} ({scope})" if scope else label


def base_type(type: str) -> str:  # noqa: A002
    """The name of a type without its scope.

    >>> base_type("wechat_openid@wx0123"), base_type("mobile")
    ('wechat_openid', 'mobile')
    """
    return type.partition("@")[0]

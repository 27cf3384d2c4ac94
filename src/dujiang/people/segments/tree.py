"""Trees of conditions together: references to other segments put in, circles found, who uses what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dujiang.foundation.definitions import Definition
from dujiang.foundation.errors import Conflict, InvalidInput
from dujiang.foundation.i18n import _
from dujiang.people.conditions import LEAVES_MAX, All, Any_, Condition, Member, Not, leaves
from dujiang.people.mentions import mentioned
from dujiang.people.segments.model import KIND, SegmentSpec

Trees = Mapping[str, Condition]


def trees(current: Mapping[tuple[str, str], Definition]) -> dict[str, Condition]:
    """The tree of every segment in force, by name."""
    return {
        name: SegmentSpec.model_validate(one.spec).condition
        for (kind, name), one in current.items()
        if kind == KIND and one.status in ("active", "draft")
    }


def expanded(tree: Condition, known: Trees, path: tuple[str, ...] = ()) -> Condition:
    """``tree`` with the tree of each segment that it names in the place of the name.

    Args:
        tree: what to expand.
        known: trees by the name of their segment.
        path: names of the segments on the way to ``tree``, its own last.

    Raises:
        InvalidInput: ``segment.circle`` with the path, ``segment.unknown_part``, or ``segment.too_costly``.
    """
    whole = _expanded(tree, known, path)
    if sum(1 for _leaf in leaves(whole)) > 10 * LEAVES_MAX:
        sentence = _("With the segments it names, the segment has more than {bound} conditions. Name fewer of them.")
        raise InvalidInput("segment.too_costly", sentence, bound=10 * LEAVES_MAX)
    return whole


def _expanded(tree: Condition, known: Trees, path: tuple[str, ...]) -> Condition:
    if isinstance(tree, Member):
        return _expanded(_named(tree.segment, known, path), known, (*path, tree.segment))
    if isinstance(tree, Not):
        return Not(of=_expanded(tree.of, known, path))
    if isinstance(tree, All | Any_):
        parts = tuple(_expanded(part, known, path) for part in tree.of)
        return tree.model_copy(update={"of": parts})
    return tree


def _named(name: str, known: Trees, path: tuple[str, ...]) -> Condition:
    if name in path:
        circle = " → ".join((*path[path.index(name) :], name))
        sentence = _("The segments name each other in a circle: {path}. Take one of these steps away.")
        raise InvalidInput("segment.circle", sentence, path=circle)
    if name not in known:
        sentence = _("The segment names another one that does not exist: {name}.")
        raise InvalidInput("segment.unknown_part", sentence, name=name)
    if len(path) > 20:
        sentence = _("Segments name each other more than {bound} deep. Put some of them together.")
        raise InvalidInput("segment.too_deep", sentence, bound=20)
    return known[name]


def check_changes(after: Mapping[tuple[str, str], Definition], changed: Iterable[tuple[str, str]]) -> None:
    """Refuse changes of segments that would leave something broken.

    Args:
        after: every definition as it would be.
        changed: kind and name of what changes.

    Raises:
        InvalidInput: a circle, or a segment named that does not exist.
        Conflict: ``segment.in_use`` where one would be retired that others name.
    """
    known = trees(after)
    for kind, name in changed:
        if kind != KIND:
            continue
        if name in known:
            expanded(known[name], known, (name,))
        elif used := users(name, after):
            sentence = _("The segment “{name}” is used by {users}. Change them first.")
            told = ", ".join("/".join(key) for key in used)
            raise Conflict("segment.in_use", sentence, name=name, users=told)


def users(name: str, definitions: Mapping[tuple[str, str], Definition]) -> tuple[tuple[str, str], ...]:
    """Kind and name of every definition in force that names the segment ``name``, wherever in it."""
    return tuple(
        key
        for key, one in definitions.items()
        if key != (KIND, name) and one.status != "retired" and name in set(mentioned(one.spec, "segment"))
    )

"""The reference of all tags as Markdown: ``python -m dujiang.people.tags.reference > docs/reference/tags.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final, get_args

from dujiang.people.behaviour import Statistic
from dujiang.people.tags.catalogue import Catalogue, Tag, presets
from dujiang.people.tags.model import Case, Group

_HEAD: Final = """# Tags

The {count} tags that come with Dujiang: one value for each person, computed at every refresh. How tags work, and how a brand
makes its own: [profile and tags](../concepts/tags.md). A brand changes a tag by a definition of the same name.

Money is in minor units, a percent is a fraction, days are days of the brand's time zone. This page is written by
`python -m dujiang.people.tags.reference`.
"""


def reference(tags: Catalogue) -> str:
    """All tags by subject, in the order of their files."""
    parts = [_HEAD.format(count=len(tags))]
    for group in get_args(Group):
        found = [tag for tag in tags if tag.spec.group == group]
        if found:
            parts.append(f"\n## {group.capitalize()}\n\n")
            parts.append("| name | 标签 · tag | value | what it says | computed as |\n|---|---|---|---|---|\n")
            parts += [_row(tag) for tag in found]
    return "".join(parts)


def _row(tag: Tag) -> str:
    about = f"{tag.about('zh')} {tag.about('en')}"
    value = tag.spec.value + (f" ({tag.spec.unit})" if tag.spec.unit else "")
    how = " ".join(_computed(tag)).replace("|", "\\|")
    return f"| `{tag.name}` | {tag.label('zh')} · {tag.label('en')} | {value} | {about} | {how} |\n"


def _computed(tag: Tag) -> Iterator[str]:
    spec = tag.spec
    if spec.statistic:
        yield from _statistic(spec.statistic)
    elif spec.expression:
        yield f"`{spec.expression}`"
    elif spec.field:
        yield f"profile field `{spec.field}`"
    elif spec.model:
        yield f"model output `{spec.model.model}`" + (
            f", `{spec.model.column}`" if spec.model.column != "value" else ""
        )
    for case in spec.cases:
        yield f"`{_value(case.value)}` if {_tests(case)};"
    if spec.cases:
        yield f"else `{_value(spec.otherwise)}`" if spec.otherwise is not None else "else nothing"


def _statistic(statistic: Statistic) -> Iterator[str]:
    column = f" of `{statistic.column}`" if statistic.column else ""
    yield f"{statistic.aggregate.replace('_', ' ')}{column} in {statistic.source}"
    if statistic.where:
        tests = (f"`{f'{one.column} {one.op} {_value(one.value)}'.strip()}`" for one in statistic.where)
        yield f"where {' and '.join(tests)}"
    window = statistic.window
    if window.days is not None:
        yield f"in the last {window.days} days"
    if window.period:
        yield f"in the last {window.period}"


def _tests(case: Case) -> str:
    return " and ".join(f"`{f'{one.tag} {one.op} {_value(one.value)}'.strip()}`" for one in case.when)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_value, value))
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


if __name__ == "__main__":
    sys.stdout.write(reference(Catalogue(presets())))

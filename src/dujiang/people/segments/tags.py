"""The tags that conditions may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dujiang.foundation.errors import InvalidInput, NotFound
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason
from dujiang.people.comparison import Kind
from dujiang.people.conditions import Condition, Tagged, leaves

TAGS: Final = "person_tag"


@dataclass(frozen=True)
class TagKinds:
    """The tags that conditions may name: the columns of the table :data:`TAGS`, and what they hold."""

    kinds: Mapping[str, Kind] = field(default_factory=dict)
    mark: str = ""
    """Another one whenever a tag's definition is."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """By tag: another one whenever its values come about in another way."""

    def kind(self, name: str) -> Kind:
        """What the tag called ``name`` holds.

        Raises:
            NotFound: ``segment.no_tag``.
        """
        if name not in self.kinds:
            sentence = _("The segment names the tag “{name}”, which does not exist. The list of tags shows all names.")
            raise NotFound("segment.no_tag", sentence, name=name[:80])
        return self.kinds[name]

    def check(self, tree: Condition) -> None:
        """Refuse conditions on tags that are not there, or that they do not fit.

        Raises:
            InvalidInput: ``segment.comparison``.
            NotFound: ``segment.no_tag``.
        """
        for one in leaves(tree):
            if isinstance(one, Tagged):
                try:
                    one.fits(self.kind(one.tag))
                except ValueError as error:
                    sentence = _("The condition on the tag “{tag}” does not fit it: {reason}.")
                    raise InvalidInput("segment.comparison", sentence, tag=one.tag, reason=Reason.told(error)) from None

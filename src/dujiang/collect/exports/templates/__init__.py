"""The known kinds of export files, as mapping definitions in YAML beside this module."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

from dujiang.collect.exports.mapping import MappingSpec
from dujiang.foundation.definitions import Definition, load_yaml
from dujiang.foundation.errors import NotFound
from dujiang.foundation.i18n import _

KIND: Final = "mapping"


@cache
def presets() -> tuple[Definition, ...]:
    """Every mapping that comes with Dujiang, sorted by name."""
    folder = resources.files(__package__ or __name__)
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    found = [one for file in files for one in load_yaml(file.read_text("utf-8"))]
    return tuple(sorted(found, key=lambda one: one.name))


class Mappings:
    """Mappings by name: the presets, and definitions that replace one or add to them."""

    def __init__(self, definitions: Iterable[Definition] = ()) -> None:
        own = {one.name: one for one in definitions if one.kind == KIND}
        every = {one.name: one for one in presets()} | own
        self.definitions = {name: one for name, one in sorted(every.items()) if one.status == "active"}
        self._specs = {name: MappingSpec.model_validate(one.spec) for name, one in self.definitions.items()}

    @classmethod
    def none(cls) -> Mappings:
        """No mappings: for files whose mapping is known already."""
        empty = cls.__new__(cls)
        empty.definitions, empty._specs = {}, {}
        return empty

    def get(self, name: str) -> MappingSpec:
        """The mapping called ``name``.

        Raises:
            NotFound: ``mapping.unknown``.
        """
        if name not in self._specs:
            sentence = _("There is no mapping “{name}”. Choose one of those that the preview offers, or define it.")
            raise NotFound("mapping.unknown", sentence, name=name)
        return self._specs[name]

    def items(self) -> Iterable[tuple[str, MappingSpec]]:
        """Every mapping with its name, in order of name."""
        return self._specs.items()

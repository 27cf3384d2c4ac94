"""Which definitions a definition's spec names, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def mentioned(spec: Any, key: str) -> Iterator[str]:
    """Every text that stands under ``key`` in ``spec``, at any depth.

    >>> sorted(mentioned({"all": [{"tag": "vip"}, {"not": {"tag": "new"}}]}, "tag"))
    ['new', 'vip']
    """
    if isinstance(spec, Mapping):
        for name, inner in spec.items():
            if name == key and isinstance(inner, str):
                yield inner
            yield from mentioned(inner, key)
    elif isinstance(spec, list | tuple):
        for inner in spec:
            yield from mentioned(inner, key)

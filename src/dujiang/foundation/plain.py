"""Results in plain form: what JSON, a job's record and the command line can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel


def plain(value: object) -> Any:
    """``value`` with results, dates and enumerations turned into what JSON knows.

    >>> plain({("metric", "gmv"): date(2026, 11, 11)})
    {'metric/gmv': '2026-11-11'}
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {_key(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    return value.value if isinstance(value, Enum) else value


def _key(key: object) -> str:
    return "/".join(key) if isinstance(key, tuple) else str(plain(key))

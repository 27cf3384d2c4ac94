"""Settings of one workspace: ``dujiang.toml`` in its folder, overridden by ``DUJIANG_<SECTION>_<KEY>`` variables.

A key that nobody reads is an error, because a mistyped setting that is silently ignored costs a night.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dujiang.foundation.errors import InvalidInput
from dujiang.foundation.i18n import _
from dujiang.foundation.reasons import Reason

CURRENCY: Final = re.compile(r"^[A-Z]{3}$")
_PREFIX = "DUJIANG_"
_NO_SETTINGS = frozenset({"DUJIANG_WORKSPACE", "DUJIANG_LANG", "DUJIANG_DEBUG"})
"""Variables of the command line."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandSettings(_Section):
    """Who runs this workspace."""

    name: str = "My brand"
    time_zone: str = "Asia/Shanghai"
    currency: str = Field(default="CNY", pattern=CURRENCY.pattern)
    locale: Literal["zh", "en"] = "zh"


class StoreSettings(_Section):
    """Where truth is kept."""

    url: str = ""
    """SQLAlchemy address of a PostgreSQL database; empty for SQLite in the workspace folder."""


class KeySettings(_Section):
    """Where the keys lie that open the vault. Never inside the workspace folder, never in its backup."""

    folder: str = ""
    """Empty: ``dujiang/keys/<workspace id>`` in the user's configuration folder."""


class EngineSettings(_Section):
    """The disposable engine that computes answers."""

    memory_mb: int = Field(default=4096, ge=256)
    threads: int = Field(default=0, ge=0)
    """0: one per processor."""


class CollectSettings(_Section):
    """What comes in."""

    duplicate_window_days: int = Field(default=30, ge=1, le=400)
    """How far back the same message id counts as the same event."""
    session_gap_minutes: int = Field(default=30, ge=1)
    """Silence that ends a visit."""
    journal_keep_days: int = Field(default=7, ge=0)
    """How long a request stays in the journal after it was archived."""
    allowed_origins: tuple[str, ...] = ("*",)
    """Sites whose browsers may send tracking calls."""


class ModelSettings(_Section):
    """Models of people: predictions and groups."""

    refit_days: int = Field(default=7, ge=0)
    """After how many days they are fitted anew by themselves; 0: only when somebody asks for it."""


class ServeSettings(_Section):
    """The web server of console, API and intake."""

    host: str = "127.0.0.1"
    port: int = Field(default=8600, ge=0, le=65535)
    refresh_seconds: float = Field(default=2.0, gt=0)
    """How often new facts are loaded and answers refreshed."""
    session_hours: int = Field(default=12, ge=1)
    public_url: str = ""


class Settings(_Section):
    """Everything that can be set; every section and key has a default."""

    brand: BrandSettings = BrandSettings()
    store: StoreSettings = StoreSettings()
    keys: KeySettings = KeySettings()
    engine: EngineSettings = EngineSettings()
    collect: CollectSettings = CollectSettings()
    models: ModelSettings = ModelSettings()
    serve: ServeSettings = ServeSettings()


def load_settings(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from ``file`` (none: the defaults) with ``environment`` (none: the process's) laid over it.

    Raises:
        InvalidInput: ``settings.unreadable`` (not TOML), ``settings.unknown`` (a key that nobody reads) or ``settings.invalid``
            (wrong type or range), naming the key.
    """
    values: dict[str, Any] = {}
    if file is not None and file.exists():
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            sentence = _("{file} is not valid TOML: {reason}")
            raise InvalidInput("settings.unreadable", sentence, file=file.name, reason=str(error)) from None
    _overlay(values, os.environ if environment is None else environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            sentence = _("There is no setting {key}. Take it out of dujiang.toml or the environment, or mend its name.")
            raise InvalidInput("settings.unknown", sentence, key=".".join(map(str, first["loc"]))) from None
        sentence = _("The setting {key} is wrong: {reason}. Correct it in dujiang.toml or the environment.")
        key = ".".join(str(part) for part in first["loc"])
        raise InvalidInput("settings.invalid", sentence, key=key, reason=Reason.of(error)) from None


def _overlay(values: dict[str, Any], environment: Mapping[str, str]) -> None:
    for variable, value in environment.items():
        if not variable.startswith(_PREFIX) or variable in _NO_SETTINGS:
            continue
        section, _separator, key = variable.removeprefix(_PREFIX).lower().partition("_")
        field = Settings.model_fields.get(section)
        if field is None or not key:
            sentence = _("The environment variable {name} names no setting. Unset it, or see the settings reference.")
            raise InvalidInput("settings.unknown_variable", sentence, name=variable)
        is_list = section == "collect" and key == "allowed_origins"
        values.setdefault(section, {})[key] = value.split(",") if is_list else value

"""Templates: one environment, everything escaped, every text through the catalogue."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from dujiang.console.views.notes import noted, own
from dujiang.foundation.i18n import _, translate

ISLAND_TEXTS: Final = (
    _("Nothing found"),
    _("Uploading"),
    _("The upload was interrupted. Choose the file again to continue."),
    _("Copied"),
    _("This could not be loaded. Check the connection and try again."),
    _("all of these hold"),
    _("any of these holds"),
    _("none of this holds"),
    _("Add a condition"),
    _("Add a group"),
    _("Remove"),
    _("people"),
    _("Did something"),
    _("Profile field"),
    _("Tag"),
    _("In a segment"),
    _("Fixed sample"),
    _("On a list"),
    _("When"),
    _("at any time"),
    _("in the last days"),
    _("How many days"),
    _("from day to day"),
    _("Ending days ago"),
    _("First day"),
    _("Last day"),
    _("Calendar"),
    _("Promotions"),
    _("a property of its own"),
    _("Name of the property"),
    _("Value"),
    _("Kind of condition"),
    _("Counting"),
    _("Field"),
    _("Operator"),
    _("What"),
    _("How it is measured"),
    _("Column"),
    _("where"),
    _("Add a filter"),
    _("Percent"),
    _("yes"),
    _("no"),
    _("Several values are separated by commas"),
    _("Did things one after the other"),
    _("Near a place"),
    _("First"),
    _("then"),
    _("without in between"),
    _("Add a step"),
    _("Remove this step"),
    _("Remove this exclusion"),
    _("Add what must not come between"),
    _("each within"),
    _("any time"),
    _("Unit of time"),
    _("days"),
    _("hours"),
    _("minutes"),
    _("Latitude"),
    _("Longitude"),
    _("Kilometres"),
    _("More options"),
    _("not set"),
    _("Add"),
    _("Move up"),
    _("Move down"),
    _("any event"),
    _("Deals and service"),
    _("Events by name"),
    _("What you call it"),
    _("everybody"),
    _("whoever fulfils conditions"),
    _("Of the event"),
    _("Of the person"),
    _("Properties"),
    _("as chosen above"),
    _("the last 618"),
    _("the last Double 11"),
    _("days of their own"),
    _("From"),
    _("To"),
    _("column"),
    _("row"),
    _("Taken away"),
    _("Shown as"),
    _("Which one"),
    _("own days"),
)
"""Texts that scripts show; the page hands them over translated."""


@pass_context
def _translated(context: Context, text: str, /, **values: Any) -> str:
    translated = translate(text, context["visit"].locale)
    return translated.format(**values) if values else translated


def safe_json(value: Any) -> Markup:
    """``value`` as JSON that cannot end the script element it stands in.

    >>> safe_json("</script>")
    Markup('"\\\\u003c/script\\\\u003e"')
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


@cache
def static_version() -> str:
    """Short hash of all static files: part of their addresses, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    root = resources.files("dujiang.console") / "static"
    pending = [root]
    while pending:
        entry = pending.pop()
        if entry.is_dir():
            pending.extend(sorted(entry.iterdir(), key=lambda one: one.name))
        else:
            digest.update(entry.name.encode() + entry.read_bytes())
    return digest.hexdigest()[:12]


def static_url(path: str) -> str:
    """Address of a static file."""
    return f"/static/{static_version()}/{path}"


@cache
def environment() -> Environment:
    """The environment that every page is rendered in."""
    env = Environment(
        loader=PackageLoader("dujiang.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals.update(_=_translated, static=static_url, island_texts=ISLAND_TEXTS, noted=noted, notes_of=own)
    env.filters["json"] = safe_json
    return env

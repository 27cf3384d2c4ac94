"""One catalogue for every text that a person reads.

A text is written in English in the code, marked with :func:`_`, and translated in ``locale/zh/<room>.po``. The mark does
nothing at run time: translation happens where the text is shown, because only there the reader's language is known.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from babel.messages.pofile import read_po

LOCALES: Final = ("zh", "en")
DEFAULT_LOCALE: Final = "zh"


def _(text: str) -> str:
    """Mark ``text`` for the catalogue and return it unchanged."""
    return text


@cache
def catalogue(locale: str) -> dict[str, str]:
    """All translations of ``locale``, merged over the rooms; empty for English, the language of the keys."""
    if locale == "en":
        return {}
    folder = resources.files("dujiang.foundation") / "locale" / locale
    texts: dict[str, str] = {}
    for part in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if part.name.endswith(".po"):
            with part.open("rb") as stream:
                for message in read_po(stream, locale=locale):
                    if message.id and message.string:
                        texts[str(message.id)] = str(message.string)
    return texts


def translate(text: str, locale: str) -> str:
    """``text`` in ``locale``; the English text itself where no translation exists.

    >>> translate("a text nobody translated", "zh")
    'a text nobody translated'
    """
    return catalogue(locale).get(text, text)


def choose_locale(wanted: str | None) -> str:
    """The supported locale nearest to ``wanted`` (a tag or an Accept-Language header).

    >>> choose_locale("en-GB,en;q=0.9"), choose_locale("zh-CN"), choose_locale(None), choose_locale("fr")
    ('en', 'zh', 'zh', 'zh')
    """
    for tag in (wanted or "").split(","):
        language = tag.split(";")[0].split("-")[0].strip().lower()
        if language in LOCALES:
            return language
    return DEFAULT_LOCALE

"""Chinese names made comparable: how they sound, and where the surname ends."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from dujiang.foundation.errors import MissingPart
from dujiang.foundation.i18n import _

_COMPOUNDS: Final = (
    "欧阳太史端木上官司马东方独孤南宫万俟闻人夏侯诸葛尉迟公羊赫连澹台皇甫宗政濮阳公冶太叔申屠公孙慕容仲孙钟离长孙宇文司徒鲜于"
    "司空闾丘子车亓官司寇巫马公西颛孙壤驷公良漆雕乐正宰父谷梁拓跋夹谷轩辕令狐段干百里呼延东郭南门羊舌微生公户梁丘左丘东门西门"
)
_COMPOUND: Final = frozenset(_COMPOUNDS[place : place + 2] for place in range(0, len(_COMPOUNDS), 2))
_HONORIFIC: Final = re.compile(r"(先生|女士|小姐|太太|老师|同学|阿姨|叔叔)$")
_HAN: Final = re.compile(r"[\u3400-\u9fff·]{2,15}")
_LATIN: Final = re.compile(r"[a-z][a-z .'-]{1,60}[a-z]")


@dataclass(frozen=True)
class Name:
    """A name that can be compared.

    Attributes:
        text: in one spelling.
        sound: its pinyin without tones, syllables apart.
        surname: its first part; of a Latin name the last word.
    """

    text: str
    sound: str
    surname: str


def read_name(raw: str) -> Name | None:
    """A name in one spelling; None for what is no full name: masked, a title with a surname, a nickname with digits.

    >>> read_name("欧阳 示例"), read_name("张*"), read_name("王女士")
    (Name(text='欧阳示例', sound='ou yang shi li', surname='欧阳'), None, None)
    """
    text = unicodedata.normalize("NFKC", raw).strip().lower()
    if _LATIN.fullmatch(text):
        words = " ".join(text.replace(".", " ").split())
        return Name(words, words, words.split(" ")[-1])
    text = _HONORIFIC.sub("", "".join(text.split()))
    if not _HAN.fullmatch(text):
        return None
    long = text[:2] in _COMPOUND and len(text) > 2
    return Name(text, " ".join(_pinyin(text)), text[: 2 if long else 1])


def _pinyin(text: str) -> list[str]:
    try:
        from pypinyin import lazy_pinyin
    except ImportError:
        raise MissingPart("linkage.not_installed", NOT_INSTALLED) from None
    return lazy_pinyin(text)


NOT_INSTALLED: Final = _(
    "Suggestions by similarity need two more packages. Install them with: pip install 'dujiang[linkage]'"
)

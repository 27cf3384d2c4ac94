"""What is wrong with a value that a model refused, in words for people who never heard of the model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import ValidationError

from dujiang.foundation.i18n import _, translate

_SENTENCES: Final = {
    "missing": _("this is needed"),
    "extra_forbidden": _("there is no such key here"),
    "union_tag_not_found": _("the key {discriminator} is needed, which says what this is"),
    "union_tag_invalid": _("there is no type “{tag}”; there are {expected_tags}"),
    "literal_error": _("this has to be {expected}"),
    "greater_than": _("this has to be more than {gt}"),
    "greater_than_equal": _("this has to be at least {ge}"),
    "less_than": _("this has to be less than {lt}"),
    "less_than_equal": _("this has to be at most {le}"),
    "too_short": _("at least {min_length} are needed here"),
    "too_long": _("at most {max_length} are possible here"),
    "string_too_long": _("at most {max_length} characters are possible"),
    "string_too_short": _("at least {min_length} characters are needed"),
    "string_pattern_mismatch": _("this does not look as it has to: {pattern}"),
    "string_type": _("this has to be a text"),
    "tuple_type": _("this has to be a list"),
    "list_type": _("this has to be a list"),
    "bool_type": _("this has to be true or false"),
    "bool_parsing": _("this has to be true or false"),
    "int_type": _("this has to be a whole number"),
    "int_parsing": _("this has to be a whole number"),
    "float_type": _("this has to be a number"),
    "float_parsing": _("this has to be a number"),
    "int_parsing_size": _("this number is too large"),
    "finite_number": _("this has to be a number"),
    "int_from_float": _("this has to be a whole number"),
    "date_type": _("it is no day, such as 2026-11-11"),
    "date_parsing": _("it is no day, such as 2026-11-11"),
    "date_from_datetime_inexact": _("it is no day, such as 2026-11-11"),
    "date_from_datetime_parsing": _("it is no day, such as 2026-11-11"),
    "model_type": _("keys with their values are needed here"),
    "model_attributes_type": _("keys with their values are needed here"),
    "mapping_type": _("keys with their values are needed here"),
    "dict_type": _("keys with their values are needed here"),
}
_NAME: Final = _("small letters, digits, points and dashes are possible, at most 80")
_NAME_PATTERN: Final = "^[a-z0-9][a-z0-9_.-]{0,79}$"


class Reason(str):
    """The first thing that is wrong, a value of an error: English as a text, and written in the language that the error is.

    >>> from pydantic import BaseModel
    >>> class Tree(BaseModel):
    ...     leaves: int
    >>> try:
    ...     Tree.model_validate({})
    ... except ValidationError as error:
    ...     print(Reason.of(error))
    this is needed
    """

    sentence: str = ""
    given: Mapping[str, str] = MappingProxyType({})

    @classmethod
    def of(cls, error: ValidationError) -> Reason:
        """What ``error`` found first."""
        first: Any = error.errors(include_url=False, include_input=False)[0]
        given = {name: str(value)[:300] for name, value in first.get("ctx", {}).items()}
        cause = first.get("ctx", {}).get("error")
        if cause is not None:
            return cls.told(cause)
        is_name = first["type"] == "string_pattern_mismatch" and given.get("pattern") == _NAME_PATTERN
        sentence = _NAME if is_name else _SENTENCES.get(first["type"], "")
        said = sentence.format(**given) if sentence else str(first["msg"]).removeprefix("Value error, ")[:300]
        found = cls(said)
        found.sentence, found.given = sentence, given
        return found

    @classmethod
    def told(cls, cause: Any) -> Reason:
        """What a check of our own said: an error with its sentence, or a text of the catalogue."""
        is_told = hasattr(cause, "sentence")
        sentence = cause.sentence if is_told else str(cause)[:300].replace("{", "{{").replace("}", "}}")
        values = cause.values if is_told else {}
        given = {name: one if isinstance(one, Reason) else str(one)[:300] for name, one in values.items()}
        found = cls(sentence.format(**given))
        found.sentence, found.given = sentence, given
        return found

    def text(self, locale: str) -> str:
        """The reason in ``locale``; what the model itself says where there are no words for it."""
        if not self.sentence:
            return str(self)
        return translate(self.sentence, locale).format(**spoken(self.given, locale))


def spoken(values: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """What is filled into a sentence: reasons in ``locale``, without the full stop of a sentence of their own."""
    return {name: one.text(locale).rstrip(".。") if isinstance(one, Reason) else one for name, one in values.items()}

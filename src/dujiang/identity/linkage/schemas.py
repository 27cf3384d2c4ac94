"""What is compared of Chinese customers, and building blocks for other records."""

from __future__ import annotations

from typing import Final

from dujiang.identity.linkage.model import Field, Level, Schema


def word(name: str) -> Field:
    """A word with spelling mistakes, compared by Jaro-Winkler similarity (Winkler 1990); rare words weigh more."""
    similar = f"jaro_winkler_similarity({name}_l, {name}_r) >= "
    return _field(
        name,
        Level("equal", f"{name}_l = {name}_r", 0.7, 0.01, name),
        Level("similar", similar + "0.95", 0.1, 0.001),
        Level("vague", similar + "0.88", 0.08, 0.004),
        Level("same_sound", similar + "0.7", 0.05, 0.03),
        Level("different", "ELSE", 0.07, 0.955),
    )


def number(name: str, *, frequency: bool = False) -> Field:
    """A number with typing mistakes, compared by Damerau-Levenshtein distance; with ``frequency`` rare ones weigh more."""
    distance = f"damerau_levenshtein({name}_l, {name}_r) <= "
    return _field(
        name,
        Level("equal", f"{name}_l = {name}_r", 0.8, 0.001, name if frequency else ""),
        Level("similar", distance + "1", 0.1, 0.001),
        Level("vague", distance + "2", 0.05, 0.01),
        Level("different", "ELSE", 0.05, 0.988),
    )


def exact(name: str) -> Field:
    """Something that is equal or not; rare values weigh more."""
    return _field(name, Level("equal", f"{name}_l = {name}_r", 0.9, 0.01, name), Level("different", "ELSE", 0.1, 0.99))


def _field(name: str, *levels: Level) -> Field:
    return Field(name, f"{name}_l IS NULL OR {name}_r IS NULL", levels)


def _at(place: int) -> str:
    return f"(substr(name_l, {place}, 1) = substr(name_r, {place}, 1))::INT"


_ONE_DIFFERS: Final = (
    "length(name_l) = length(name_r) AND length(name_l) BETWEEN 3 AND 4 AND "
    f"{' + '.join(_at(place) for place in range(1, 5))} = 3"
)
_ONE_MORE: Final = (
    "abs(length(name_l) - length(name_r)) = 1 AND least(length(name_l), length(name_r)) >= 2"
    " AND (starts_with(name_l, name_r) OR starts_with(name_r, name_l))"
)
NAME: Final = Field(
    "name",
    "name_l IS NULL OR name_r IS NULL",
    (
        Level("equal", "name_l = name_r", 0.86, 0.001, "name"),
        Level("same_sound", "sound_l = sound_r", 0.06, 0.001, "sound"),
        Level("one_character", f"({_ONE_DIFFERS}) OR ({_ONE_MORE})", 0.05, 0.004),
        Level("same_surname", "surname_l = surname_r", 0.01, 0.03),
        Level("different", "ELSE", 0.02, 0.964),
    ),
)
_SWAPPED: Final = (
    "(substr(birthday_l, 1, 4) = substr(birthday_r, 1, 4) AND substr(birthday_l, 6, 2) = substr(birthday_r, 9, 2)"
    " AND substr(birthday_l, 9, 2) = substr(birthday_r, 6, 2)) OR hamming(birthday_l, birthday_r) = 1"
)
BIRTHDAY: Final = Field(
    "birthday",
    "birthday_l IS NULL OR birthday_r IS NULL",
    (
        Level("equal", "birthday_l = birthday_r", 0.92, 0.0001),
        Level("swapped", _SWAPPED, 0.05, 0.001),
        Level("same_year", "substr(birthday_l, 1, 4) = substr(birthday_r, 1, 4)", 0.01, 0.04),
        Level("different", "ELSE", 0.02, 0.9589),
    ),
)
ADDRESS: Final = Field(
    "address",
    "(street_l IS NULL OR street_r IS NULL) AND (city_l IS NULL OR city_r IS NULL)",
    (
        Level("same_door", "house_l = house_r AND door_l = door_r", 0.62, 0.0001),
        Level("same_house", "house_l = house_r", 0.1, 0.0003),
        Level("same_street", "street_l = street_r AND city_l = city_r", 0.03, 0.005),
        Level("same_district", "district_l = district_r AND city_l = city_r", 0.08, 0.06),
        Level("same_city", "city_l = city_r", 0.05, 0.03),
        Level("different", "ELSE", 0.12, 0.9046),
    ),
)
GENDER: Final = Field(
    "gender",
    "gender_l IS NULL OR gender_r IS NULL",
    (Level("equal", "gender_l = gender_r", 0.98, 0.56), Level("different", "ELSE", 0.02, 0.44)),
)
CUSTOMERS: Final = Schema(
    fields=(NAME, BIRTHDAY, ADDRESS, GENDER),
    candidates=(
        ("name", "birthday"),
        ("name", "city"),
        ("sound", "birthday"),
        ("sound", "street"),
        ("surname", "house"),
        ("surname", "birthday"),
        ("house", "door"),
    ),
    certain=(
        "l.name = r.name AND l.birthday = r.birthday",
        "l.name = r.name AND l.house = r.house AND l.door = r.door",
    ),
    train_on=(("name",), ("birthday",), ("name", "city")),
)
"""Customers by name, birthday, address and gender."""
COLUMNS: Final = ("name", "sound", "surname", "birthday", "gender", "city", "district", "street", "house", "door")
"""Columns of a table of customers, beside ``unique_id``."""
FEBRL: Final = Schema(
    fields=(
        word("given_name"),
        word("surname"),
        number("date_of_birth"),
        number("soc_sec_id"),
        exact("street_number"),
        word("address_1"),
        number("postcode", frequency=True),
        word("suburb"),
    ),
    candidates=(
        ("soc_sec_id",),
        ("date_of_birth",),
        ("given_name", "surname"),
        ("surname", "postcode"),
        ("given_name", "postcode"),
        ("address_1",),
        ("given_name", "suburb"),
        ("surname", "suburb"),
        ("address_2",),
    ),
    certain=(
        "l.soc_sec_id = r.soc_sec_id",
        "l.given_name = r.given_name AND l.surname = r.surname AND l.date_of_birth = r.date_of_birth",
    ),
    train_on=(("date_of_birth",), ("soc_sec_id",), ("postcode",)),
)
"""People as the generator Febrl makes them (Christen 2008), by which linkage is held against others."""

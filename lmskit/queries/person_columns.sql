-- Every column of lmskit's tables that holds the id of a person.
--
-- One row: a column, and the foreign key by which it is one; a key to a table of which that column is a part counts too, however far.
--   Tables that inherit are left out: what is done to the rows of their parent is done to theirs.
-- Caveat: a column without a foreign key is found by its name alone, as the last part has it.
WITH RECURSIVE reference AS (
    SELECT k.conname, k.conrelid, k.confrelid, pair.own, pair.other
    FROM pg_constraint AS k CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (own, other)
    WHERE k.contype = 'f' AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = k.conrelid) AND k.connamespace = to_regnamespace('lms')
),
holding AS (
    SELECT r.conrelid AS relation, r.own AS number, r.conname::text AS by_key
    FROM reference AS r JOIN pg_attribute AS a ON a.attrelid = r.confrelid AND a.attnum = r.other
    WHERE r.confrelid = to_regclass('lms.users') AND a.attname = 'id'
    UNION
    SELECT r.conrelid, r.own, r.conname::text
    FROM holding AS h JOIN reference AS r ON r.confrelid = h.relation AND r.other = h.number
)
SELECT c.relname::text AS table_name, a.attname::text AS column_name, min(h.by_key) AS by_key
FROM holding AS h JOIN pg_class AS c ON c.oid = h.relation JOIN pg_attribute AS a ON a.attrelid = h.relation AND a.attnum = h.number
GROUP BY c.relname, a.attname
UNION
SELECT c.relname::text, a.attname::text, NULL
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = to_regnamespace('lms') AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attname ~ '(^|_)(student|person|lecturer|user|people)_?ids?$'
  AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid)
  AND NOT EXISTS (SELECT FROM holding AS h WHERE h.relation = c.oid AND h.number = a.attnum)
ORDER BY 1, 2

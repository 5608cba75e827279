-- Every column of lmskit's tables that can hold what a person typed or a file contained.
--
-- One row: a column with its type, whether its value names the row (a part of a key, or unique), and whether it holds a login.
--   Tables that inherit are left out: what is done to the rows of their parent is done to theirs.
-- Caveat: numbers and ranges of them, UUIDs, days, times, truth values, enumerations and vectors are left out; every other type is here, so that a new one is noticed.
--   Parked rows are left out too, since no login reads them: functions of the database export and erase them.
SELECT
    c.relname::text AS table_name,
    a.attname::text AS column_name,
    format_type(a.atttypid, NULL) AS type_name,
    EXISTS (
        SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion) AND a.attnum = ANY (i.indkey::int2[])
    ) AS is_key,
    coalesce(lower(pg_get_expr(d.adbin, d.adrelid)) = 'session_user', false) AS is_login
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = to_regnamespace('lms') AND c.relkind IN ('r', 'p') AND c.relname NOT IN ('alembic_version', 'parked_rows')
  AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = c.oid)
  AND a.attnum > 0 AND NOT a.attisdropped
  AND t.typcategory NOT IN ('N', 'B', 'D', 'T', 'E') AND format_type(a.atttypid, NULL) NOT IN ('halfvec', 'integer[]', 'bigint[]', 'int8multirange', 'uuid')
ORDER BY 1, 2

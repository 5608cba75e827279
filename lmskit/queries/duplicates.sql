-- People who are probably in lmskit twice.
--
-- One row: two people of one role, the one with the smaller number first, with every reason to take them for one (reason) and what speaks
--   against it (against; null if nothing does). Of several people of one name, each is compared with the first of them.
-- Order: those with an id or address in common first, then those of one name alone, those with something against it last; it is total.
-- Caveats: The same name is not the same person: only ids and addresses that were damaged or written in two ways are near to certain.
--   Addresses are the same without +tag; without dots only at Gmail, which ignores them. Names are compared as importers compare them for
--   possible duplicates (enrollments.sql, identities.sql), letter by letter without accents.
-- Source: users, external_ids; only administrators may read the addresses and ids of all.
WITH person AS MATERIALIZED (
    SELECT
        u.id,
        u.role,
        u.email,
        u.sort_name,
        concat_ws(', ', u.family_name, nullif(u.given_name, '')) AS name,
        translate(u.sort_name, '’‘ʼ', '''''''') AS compared_name,
        CASE
            WHEN split_part(u.email, '@', 2) IN ('gmail.com', 'googlemail.com')
                THEN replace(split_part(split_part(u.email, '@', 1), '+', 1), '.', '') || '@gmail.com'
            ELSE split_part(split_part(u.email, '@', 1), '+', 1) || '@' || split_part(u.email, '@', 2)
        END AS mailbox
    FROM users AS u
),

outside AS MATERIALIZED (
    SELECT
        x.source,
        x.external_id,
        x.person_id,
        CASE WHEN x.external_id ~ '^0*[1-9][0-9]{0,39}$' THEN ltrim(x.external_id, '0') END AS digits,
        CASE WHEN x.external_id ~ '^[1-9]([.,][0-9]{1,15})?E[+]?[0-9]{1,2}$' THEN replace(x.external_id, ',', '.') END AS damaged
    FROM external_ids AS x
    WHERE x.kind = 'person'
),

-- An id such as 1.23E+08: how many digits it had, and how many of them a spreadsheet left.
shortened AS MATERIALIZED (
    SELECT
        o.source,
        o.external_id,
        o.person_id,
        o.damaged::numeric AS value,
        substring(o.damaged FROM 'E[+]?([0-9]+)$')::integer + 1 AS length,
        length(split_part(split_part(o.damaged, 'E', 1), '.', 2)) AS decimals
    FROM outside AS o
    WHERE o.damaged IS NOT NULL
),

first_of_name AS (
    SELECT
        p.id,
        first_value(p.id) OVER (PARTITION BY p.role, p.compared_name ORDER BY p.id) AS first_id
    FROM person AS p
),

first_of_mailbox AS (
    SELECT
        p.id,
        first_value(p.id) OVER (PARTITION BY p.role, p.mailbox ORDER BY p.id) AS first_id
    FROM person AS p
    WHERE p.mailbox IS NOT NULL
),

first_of_digits AS (
    SELECT
        o.person_id AS id,
        o.source,
        o.external_id,
        first_value(o.person_id) OVER (PARTITION BY o.source, o.digits ORDER BY o.person_id) AS first_id,
        first_value(o.external_id) OVER (PARTITION BY o.source, o.digits ORDER BY o.person_id) AS first_external_id
    FROM outside AS o
    WHERE o.digits IS NOT NULL
),

alike AS (
    SELECT f.first_id AS one, f.id AS other, 3 AS kind, 'the same name' AS reason
    FROM first_of_name AS f
    WHERE f.id <> f.first_id
    UNION ALL
    SELECT f.first_id, f.id, 2, 'addresses of one mailbox'
    FROM first_of_mailbox AS f
    WHERE f.id <> f.first_id
    UNION ALL
    SELECT f.first_id, f.id, 1, format('ids of %s that differ in leading zeros: %s and %s', f.source, f.first_external_id, f.external_id)
    FROM first_of_digits AS f
    WHERE f.id <> f.first_id
    UNION ALL
    SELECT
        least(d.person_id, o.person_id), greatest(d.person_id, o.person_id), 1,
        format('an id of %s that a spreadsheet shortened: %s and %s', d.source, d.external_id, o.external_id)
    FROM shortened AS d
    JOIN outside AS o
        -- With a digit less where it was rounded up to a power of ten.
        ON o.source = d.source
        AND length(o.digits) IN (d.length, d.length - 1)
        AND round(o.digits::numeric, d.decimals - d.length + 1) = d.value
    WHERE o.person_id <> d.person_id
),

pair AS (
    SELECT a.one, a.other, min(a.kind) AS kind, string_agg(DISTINCT a.reason, '; ' ORDER BY a.reason) AS reason
    FROM alike AS a
    GROUP BY a.one, a.other
),

contradicted AS (
    SELECT pair.one, pair.other, 'different ids of ' || string_agg(DISTINCT a.source, ', ' ORDER BY a.source) AS against
    FROM pair
    JOIN outside AS a ON a.person_id = pair.one
    JOIN outside AS b ON b.person_id = pair.other AND b.source = a.source
    WHERE pair.kind = 3
    GROUP BY pair.one, pair.other
)

SELECT
    p.id AS person_id,
    p.name,
    p.email,
    o.id AS other_id,
    o.name AS other_name,
    o.email AS other_email,
    pair.reason,
    nullif(concat_ws('; ', named.against, contradicted.against), '') AS against
FROM pair
JOIN person AS p ON p.id = pair.one
JOIN person AS o ON o.id = pair.other AND o.role = p.role
LEFT JOIN contradicted ON contradicted.one = pair.one AND contradicted.other = pair.other
CROSS JOIN LATERAL (SELECT CASE WHEN p.compared_name <> o.compared_name THEN 'different names' END AS against) AS named
ORDER BY named.against IS NOT NULL OR contradicted.against IS NOT NULL, pair.kind, p.sort_name COLLATE "C", p.id, o.id

-- Whether the person that an id leads to can be the person of the rows: names, addresses and leading zeros are compared.
--
-- One row of file_compared_name: a row of the file whose name is not that in lmskit, or not that of another row with the same ids.
-- Caveats: An id alone is no identity: a list that is numbered anew gives known ids to other people. Names that differ in case,
--   accents, apostrophes or transcription agree (names.py), and one word in common is enough.
-- Source: file_key and file_identity (people.sql), file_person_row; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: names_to_compare
WITH named AS (
    SELECT k.identity, p.n, p.family_name, p.given_name, p.is_split
    FROM file_person_row AS p
    JOIN file_key AS k ON k.source_id = p.source_id AND k.sis_id = p.sis_id AND k.email = p.email
    WHERE k.reason IS NULL AND p.family_name <> ''
),

several AS (
    SELECT identity FROM named GROUP BY identity HAVING min(family_name) <> max(family_name) OR min(given_name) <> max(given_name)
)

SELECT n.identity, n.n, n.family_name, n.given_name, n.is_split, w.known_family_name, w.known_given_name
FROM named AS n
JOIN file_identity AS w ON w.identity = n.identity
WHERE w.reason IS NULL
    AND (
        n.identity IN (SELECT s.identity FROM several AS s)
        OR (w.person_id IS NOT NULL AND (n.family_name, n.given_name) IS DISTINCT FROM (w.known_family_name, w.known_given_name))
    )
ORDER BY n.identity, n.n

-- part: reject_contradictory_names
UPDATE file_identity AS w
SET reason = 'is the id or address of rows with different names, so it does not identify a person: correct the ids'
FROM (SELECT identity FROM file_compared_name GROUP BY identity HAVING bool_or(is_of_several)) AS c
WHERE c.identity = w.identity AND w.reason IS NULL

-- part: reject_other_people
-- A row without a name contradicts by its address alone, if the person has one.
UPDATE file_identity AS w
SET reason = 'is the id of a person in lmskit with another name and address; if the person was renamed, look at the change with --rename --dry-run'
FROM file_identity AS same
CROSS JOIN file_option AS o
LEFT JOIN (
    SELECT identity, bool_and(is_other_than_known) AS is_other FROM file_compared_name GROUP BY identity
) AS c ON c.identity = same.identity
LEFT JOIN (
    SELECT DISTINCT k.identity
    FROM file_person_row AS p
    JOIN file_key AS k ON k.source_id = p.source_id AND k.sis_id = p.sis_id AND k.email = p.email
    WHERE p.family_name <> ''
) AS named ON named.identity = same.identity
WHERE w.identity = same.identity AND w.reason IS NULL AND NOT o.rename AND w.person_id IS NOT NULL AND w.by_email IS NULL
    AND (c.is_other OR (named.identity IS NULL AND w.email <> '' AND w.known_email IS NOT NULL))

-- part: reject_lost_zeros
-- Spreadsheets take the zeros before numbers away. Of two such ids in one file the shorter one is rejected.
UPDATE file_identity AS w
SET reason = 'is an id that differs only in leading zeros from the id of a person of the same name: correct the id'
FROM (
    WITH ids AS (
        SELECT DISTINCT
            i.identity, id.source, id.external_id, ltrim(id.external_id, '0') AS digits, translate(p.sort_name, '’‘ʼ', '''''''') AS name
        FROM file_identity AS i
        JOIN file_key AS k ON k.identity = i.identity AND k.reason IS NULL
        JOIN file_person_row AS p ON p.source_id = k.source_id AND p.sis_id = k.sis_id AND p.email = k.email AND p.family_name <> ''
        CROSS JOIN file_option AS o
        CROSS JOIN LATERAL (VALUES (o.system, i.source_id, i.by_source), ('sis', i.sis_id, i.by_sis)) AS id (source, external_id, known_id)
        WHERE id.known_id IS NULL AND id.external_id ~ '^0*[1-9][0-9]*$'
    ),

    known AS (
        SELECT
            x.source, x.external_id, ltrim(x.external_id, '0') AS digits, translate(u.sort_name, '’‘ʼ', '''''''') AS name, false AS is_new
        FROM external_ids AS x
        JOIN users AS u ON u.id = x.person_id
        WHERE x.kind = 'person' AND x.external_id ~ '^0*[1-9][0-9]*$'
        UNION ALL
        SELECT source, external_id, digits, name, true FROM ids
    )

    SELECT DISTINCT n.identity
    FROM ids AS n
    JOIN known AS x ON x.source = n.source AND x.digits = n.digits AND x.name = n.name
    WHERE x.external_id <> n.external_id AND (NOT x.is_new OR length(x.external_id) > length(n.external_id))
) AS lost
WHERE lost.identity = w.identity

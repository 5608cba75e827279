-- Whether the person that an id leads to can be the person of the rows: names, addresses and leading zeros are compared.
--
-- One row of file_compared_name: a row of the file whose name is not that in lmskit, or not that of another row of the same person
--   (same_person: the negative id in lmskit, or the identity of a new person).
-- Caveats: An id alone does not identify a person: a list that is numbered anew gives known ids to other people. Names that differ in case,
--   accents, apostrophes or transcription agree (names.py), and one word in common is enough. All rows about a person are decided
--   together, so that what one of them changes does not make a second import decide differently.
-- Source: file_key and file_identity (people.sql), file_person_row; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: names_to_compare
WITH named AS (
    SELECT
        CASE WHEN w.person_id IS NULL THEN w.identity ELSE -w.person_id END AS same_person,
        k.identity, p.n, p.family_name, p.given_name, p.is_split, w.person_id, w.known_family_name, w.known_given_name
    FROM file_person_row AS p
    JOIN file_key AS k ON k.source_id = p.source_id AND k.sis_id = p.sis_id AND k.email = p.email
    JOIN file_identity AS w ON w.identity = k.identity
    WHERE k.reason IS NULL AND w.reason IS NULL AND p.family_name <> '' AND (w.person_id IS NOT NULL OR NOT w.is_single)
),

several AS (
    SELECT same_person FROM named GROUP BY same_person HAVING min(family_name) <> max(family_name) OR min(given_name) <> max(given_name)
)

SELECT n.same_person, n.identity, n.n, n.family_name, n.given_name, n.is_split, n.known_family_name, n.known_given_name
FROM named AS n
WHERE n.same_person IN (SELECT s.same_person FROM several AS s)
    OR (n.person_id IS NOT NULL AND (n.family_name, n.given_name) IS DISTINCT FROM (n.known_family_name, n.known_given_name))
ORDER BY n.same_person, n.n

-- part: reject_contradictory_names
UPDATE file_identity AS w
SET reason = 'is the id or address of rows with different names, so it does not identify a person: correct the ids'
FROM (SELECT same_person FROM file_compared_name GROUP BY same_person HAVING bool_or(is_of_several)) AS c
WHERE c.same_person = CASE WHEN w.person_id IS NULL THEN w.identity ELSE -w.person_id END AND w.reason IS NULL

-- part: reject_other_people
-- If one row is about another person, none of the rows that lead to the same person is imported.
UPDATE file_identity AS w
SET
    reason = CASE
        WHEN other.is_other
            THEN 'is the id of a person in lmskit with another name and address: if the ids are of another system, --source NAME; '
                || 'if the person was renamed, look at the change with --rename --dry-run --report FILE.csv'
        ELSE 'is the person of another row that is rejected, since it gives the person another name'
    END
FROM (
    SELECT
        i.identity,
        coalesce(c.is_other, false) AND i.by_email IS NULL AS is_other,
        bool_or(coalesce(c.is_other, false) AND i.by_email IS NULL) OVER (PARTITION BY i.person_id) AS has_other
    FROM file_identity AS i
    LEFT JOIN (
        SELECT identity, bool_and(is_other_than_known) AS is_other FROM file_compared_name GROUP BY identity
    ) AS c ON c.identity = i.identity
    WHERE i.reason IS NULL AND i.person_id IN (SELECT -n.same_person FROM file_compared_name AS n WHERE n.is_other_than_known)
) AS other
CROSS JOIN file_option AS o
WHERE w.identity = other.identity AND other.has_other AND NOT o.rename

-- part: reject_other_addresses
UPDATE file_identity AS w
SET reason = 'is the id of a person in lmskit with another address, and the row has no name to compare; to change the address: --rename'
FROM file_option AS o
WHERE w.reason IS NULL AND NOT o.rename AND w.person_id IS NOT NULL AND w.by_email IS NULL AND w.email <> '' AND w.known_email IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM file_key AS k
        JOIN file_person_row AS p ON p.source_id = k.source_id AND p.sis_id = k.sis_id AND p.email = k.email
        WHERE k.identity = w.identity AND p.family_name <> ''
    )

-- part: reject_lost_zeros
-- Spreadsheets take the zeros before numbers away. Of two such ids in one file the shorter one is rejected. The name of a person who is
-- in the file is the one in the file, since that will be the name in lmskit.
UPDATE file_identity AS w
SET reason = 'is an id that differs only in leading zeros from the id of a person of the same name: correct the id'
FROM (
    WITH new_ids AS NOT MATERIALIZED (
        SELECT i.identity, id.source, id.external_id, ltrim(id.external_id, '0') AS digits
        FROM file_identity AS i
        CROSS JOIN file_option AS o
        CROSS JOIN LATERAL (VALUES (o.system, i.source_id, i.by_source), ('sis', i.sis_id, i.by_sis)) AS id (source, external_id, known_id)
        WHERE id.known_id IS NULL AND id.external_id ~ '^0*[1-9][0-9]*$'
    ),

    -- Of two ids that differ in leading zeros, one has some. Few files have such ids, so they are looked for first.
    zeros AS MATERIALIZED (
        SELECT o.system AS source, ltrim(i.source_id, '0') AS digits
        FROM file_identity AS i
        CROSS JOIN file_option AS o
        WHERE i.source_id LIKE '0%' AND i.by_source IS NULL AND i.source_id ~ '^0+[1-9][0-9]*$'
        UNION
        SELECT 'sis', ltrim(i.sis_id, '0') FROM file_identity AS i WHERE i.sis_id LIKE '0%' AND i.by_sis IS NULL AND i.sis_id ~ '^0+[1-9][0-9]*$'
        UNION
        SELECT x.source, ltrim(x.external_id, '0')
        FROM external_ids AS x
        WHERE x.kind = 'person' AND x.external_id LIKE '0%' AND x.external_id ~ '^0+[1-9][0-9]*$'
    ),

    alike AS (
        SELECT n.* FROM new_ids AS n JOIN zeros AS z ON z.source = n.source AND z.digits = n.digits
    ),

    alike_known AS (
        SELECT x.source, x.external_id, z.digits, x.person_id
        FROM external_ids AS x
        JOIN zeros AS z ON z.source = x.source AND z.digits = ltrim(x.external_id, '0')
        WHERE x.kind = 'person'
    ),

    named AS (
        SELECT DISTINCT i.identity, i.person_id, translate(p.sort_name, '’‘ʼ', '''''''') AS name
        FROM file_identity AS i
        JOIN file_key AS k ON k.identity = i.identity AND k.reason IS NULL
        JOIN file_person_row AS p ON p.source_id = k.source_id AND p.sis_id = k.sis_id AND p.email = k.email
        WHERE p.family_name <> ''
            AND (i.identity IN (SELECT a.identity FROM alike AS a) OR i.person_id IN (SELECT a.person_id FROM alike_known AS a))
    ),

    ids AS (
        SELECT a.identity, n.name, a.source, a.external_id, a.digits FROM alike AS a JOIN named AS n ON n.identity = a.identity
    ),

    known AS (
        SELECT
            coalesce(n.name, translate(u.sort_name, '’‘ʼ', '''''''')) AS name, x.source, x.external_id, x.digits, false AS is_new
        FROM alike_known AS x
        JOIN users AS u ON u.id = x.person_id
        LEFT JOIN named AS n ON n.person_id = x.person_id
        UNION ALL
        SELECT name, source, external_id, digits, true FROM ids
    )

    SELECT DISTINCT n.identity
    FROM ids AS n
    JOIN known AS x ON x.source = n.source AND x.digits = n.digits AND x.name = n.name
    WHERE x.external_id <> n.external_id AND (NOT x.is_new OR length(x.external_id) > length(n.external_id))
) AS lost
WHERE lost.identity = w.identity

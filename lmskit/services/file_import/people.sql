-- Who the people of a file are, here and within the file.
--
-- One row of file_key: one way in which rows name a person (source id, SIS id, address; empty where missing). Of file_who: one
--   person of the file, with who that is here. Of file_ref: one way in which enrollments and attempts name a person.
-- Caveats: A person is looked for by source id, then SIS id, then address; what contradicts itself is rejected, never guessed. What
--   makes a contradiction must not depend on what the import itself changes, or a second import would decide otherwise.
-- Source: staged by staging.py; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement, planned without nested loops (writer.py). What is
-- compared as `source || ''` is so that the ids of one person are looked up by the person, and not among all ids of the source.
-- What is missing is joined as NULL, which equals nothing: an empty text would meet every other empty one.

-- part: keys
CREATE TEMPORARY TABLE file_key ON COMMIT DROP AS
SELECT
    keys.*,
    key AS who,
    CASE
        WHEN source_id = '' AND sis_id = '' AND email = '' THEN 'has neither an id nor an address'
        WHEN greatest(length(source_id), length(sis_id)) > 500 THEN 'has an id of more than 500 characters'
        WHEN email <> '' AND (length(email) > 320 OR email <> lower(email) OR email !~ '^[^@[:space:]]+@[^@[:space:]]+$')
            THEN 'has an e-mail address that is none'
    END AS reason
FROM (
    SELECT row_number() OVER (ORDER BY min(n))::integer AS key, source_id, sis_id, email
    FROM file_person_row
    GROUP BY source_id, sis_id, email
) AS keys

-- part: shared_keys
WITH claims AS (
    SELECT claim.kind, claim.value
    FROM file_key AS k
    CROSS JOIN LATERAL (VALUES (1, k.source_id), (2, k.sis_id), (3, k.email)) AS claim (kind, value)
    WHERE k.reason IS NULL AND claim.value <> ''
),

shared AS (
    SELECT kind, value FROM claims GROUP BY kind, value HAVING count(*) > 1
)

SELECT key, source_id, sis_id, email
FROM file_key
WHERE reason IS NULL AND (
    source_id IN (SELECT value FROM shared WHERE kind = 1)
    OR sis_id IN (SELECT value FROM shared WHERE kind = 2)
    OR email IN (SELECT value FROM shared WHERE kind = 3)
)
ORDER BY key

-- part: settle_keys
UPDATE file_key AS k SET who = s.who, reason = s.reason FROM file_settled AS s WHERE s.key = k.key

-- part: who
CREATE TEMPORARY TABLE file_who ON COMMIT DROP AS
WITH wanted AS (
    SELECT who, max(source_id) AS source_id, max(sis_id) AS sis_id, max(email) AS email FROM file_key WHERE reason IS NULL GROUP BY who
),

found AS (
    SELECT
        w.*, o.system,
        s.person_id AS by_source, i.person_id AS by_sis, e.id AS by_email,
        coalesce(s.person_id, i.person_id, e.id) AS person_id
    FROM wanted AS w
    CROSS JOIN file_option AS o
    LEFT JOIN external_ids AS s ON s.source = o.system AND s.kind = 'person' AND s.external_id = w.source_id
    LEFT JOIN external_ids AS i ON i.source = 'sis' AND i.kind = 'person' AND i.external_id = w.sis_id
    LEFT JOIN users AS e ON e.email = w.email
)

SELECT
    f.who, f.source_id, f.sis_id, f.email, f.by_source, f.by_sis, f.by_email, f.person_id,
    u.email AS known_email, u.family_name AS known_family_name, u.given_name AS known_given_name, u.role::text AS known_role,
    coalesce(u.db_role IS NOT NULL, false) AS has_login,
    u.role::text AS role,
    CASE
        WHEN f.by_source <> f.by_sis OR f.by_source <> f.by_email OR f.by_sis <> f.by_email
            THEN 'has ids or an address that belong to different people here'
        WHEN f.person_id IS NOT NULL AND f.source_id <> '' AND f.by_source IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.person_id = f.person_id AND x.source || '' = f.system
        ) THEN 'has the address or an id of somebody who is here with another id'
        WHEN f.person_id IS NOT NULL AND f.sis_id <> '' AND f.by_sis IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.person_id = f.person_id AND x.source || '' = 'sis'
        ) THEN 'has the address or an id of somebody who is here with another SIS id'
    END AS reason
FROM found AS f
LEFT JOIN users AS u ON u.id = f.person_id

-- part: reject_given_up_addresses
-- Otherwise a second import would find the address free, and decide otherwise.
UPDATE file_who AS w
SET reason = 'gives up an address that another row claims'
FROM file_who AS o
WHERE w.reason IS NULL AND NOT w.has_login AND w.email <> '' AND w.email IS DISTINCT FROM w.known_email
    AND o.by_email = w.person_id AND o.who <> w.who

-- part: reject_twins
UPDATE file_who AS w
SET reason = 'is the same person as in an earlier row, which says otherwise'
WHERE w.reason IS NULL
    AND (
        (w.source_id <> '' AND w.by_source IS NULL) OR (w.sis_id <> '' AND w.by_sis IS NULL)
        OR (w.email <> '' AND NOT w.has_login AND w.email IS DISTINCT FROM w.known_email)
    )
    AND EXISTS (SELECT FROM file_who AS o WHERE o.person_id = w.person_id AND o.who < w.who AND o.reason IS NULL)

-- part: people
CREATE TEMPORARY TABLE file_person ON COMMIT DROP AS
SELECT
    p.n, p.unit, p.source_id, p.sis_id, p.email, p.family_name, p.given_name, p.sort_name, p.role, k.who,
    coalesce(k.reason, w.reason, p.fault) AS reason,
    CASE
        WHEN coalesce(k.reason, w.reason) IS NOT NULL
            THEN concat_ws(', ', nullif(p.source_id, ''), nullif(p.sis_id, ''), nullif(p.email, ''))
        ELSE concat_ws(', ', p.family_name, nullif(p.given_name, ''))
    END AS value
FROM file_person_row AS p
JOIN file_key AS k ON k.source_id = p.source_id AND k.sis_id = p.sis_id AND k.email = p.email
LEFT JOIN file_who AS w ON w.who = k.who AND k.reason IS NULL

-- part: refs
CREATE TEMPORARY TABLE file_ref ON COMMIT DROP AS
WITH wanted AS (
    SELECT source_id, sis_id, email FROM file_enrollment_row
    UNION
    SELECT source_id, sis_id, email FROM file_attempt_row
),

in_file AS (
    SELECT w.*, s.who AS who_by_source, i.who AS who_by_sis, e.who AS who_by_email
    FROM wanted AS w
    LEFT JOIN file_who AS s ON s.source_id = nullif(w.source_id, '')
    LEFT JOIN file_who AS i ON i.sis_id = nullif(w.sis_id, '')
    LEFT JOIN file_who AS e ON e.email = nullif(w.email, '')
),

found AS (
    SELECT
        f.*,
        coalesce(f.who_by_source, f.who_by_sis, f.who_by_email) AS who,
        CASE WHEN f.source_id <> '' AND f.who_by_source IS NULL THEN (
            SELECT x.person_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'person' AND x.external_id = f.source_id
        ) END AS by_source,
        CASE WHEN f.sis_id <> '' AND f.who_by_sis IS NULL THEN (
            SELECT x.person_id FROM external_ids AS x WHERE x.source = 'sis' AND x.kind = 'person' AND x.external_id = f.sis_id
        ) END AS by_sis,
        CASE WHEN f.email <> '' AND f.who_by_email IS NULL THEN (SELECT u.id FROM users AS u WHERE u.email = f.email) END AS by_email
    FROM in_file AS f
    CROSS JOIN file_option AS o
),

joined AS (
    SELECT f.*, w.person_id AS who_is, coalesce(w.person_id, f.by_source, f.by_sis, f.by_email) AS found_id
    FROM found AS f
    LEFT JOIN file_who AS w ON w.who = f.who
)

SELECT
    source_id, sis_id, email, who,
    CASE WHEN who IS NULL THEN found_id ELSE who_is END AS person_id,
    NULL::text AS role,
    CASE
        WHEN who IS NULL AND found_id IS NULL THEN 'names somebody who is neither here nor in a row that is imported'
        WHEN who <> who_by_sis OR who <> who_by_email THEN 'names somebody by ids or an address that belong to different people'
        WHEN who IS NOT NULL AND who_is IS NULL AND found_id IS NOT NULL
            THEN 'names somebody by ids or an address that belong to different people'
        WHEN found_id <> by_source OR found_id <> by_sis OR found_id <> by_email
            THEN 'names somebody by ids or an address that belong to different people'
    END AS reason
FROM joined

-- part: roles
-- Who is new has the role that the file tells, else the one in which the first enrollment names the person, else that of a student.
UPDATE file_who AS w
SET role = coalesce(told.role, named.role, 'student')
FROM file_who AS one
LEFT JOIN (SELECT DISTINCT ON (who) who, role FROM file_person WHERE role IS NOT NULL ORDER BY who, n) AS told ON told.who = one.who
LEFT JOIN (
    SELECT DISTINCT ON (r.who) r.who, e.role
    FROM file_ref AS r
    JOIN file_enrollment_row AS e ON e.source_id = r.source_id AND e.sis_id = r.sis_id AND e.email = r.email
    WHERE r.who IS NOT NULL
    ORDER BY r.who, e.n
) AS named ON named.who = one.who
WHERE w.who = one.who AND w.person_id IS NULL

-- part: ref_roles
UPDATE file_ref AS r
SET role = coalesce(w.role, (SELECT u.role::text FROM users AS u WHERE u.id = r.person_id))
FROM file_ref AS one
LEFT JOIN file_who AS w ON w.who = one.who
WHERE r.source_id = one.source_id AND r.sis_id = one.sis_id AND r.email = one.email

-- part: reject_people
INSERT INTO file_rejected (unit, value, reason)
SELECT DISTINCT ON (unit) unit, value, reason
FROM (
    SELECT
        p.unit, p.n,
        CASE WHEN p.reason IS NULL THEN p.role ELSE p.value END AS value,
        CASE
            WHEN p.reason IS NOT NULL THEN p.reason
            WHEN p.role <> w.role THEN 'is somebody who has another role already'
        END AS reason
    FROM file_person AS p
    LEFT JOIN file_who AS w ON w.who = p.who
) AS judged
WHERE reason IS NOT NULL
ORDER BY unit, n
ON CONFLICT (unit) DO NOTHING

-- part: reject_nameless_people
-- Somebody new needs a name, and a lecturer an address, from a row that is imported.
INSERT INTO file_rejected (unit, value, reason)
SELECT DISTINCT ON (p.unit)
    p.unit,
    concat_ws(', ', nullif(p.source_id, ''), nullif(p.sis_id, ''), nullif(p.email, '')),
    CASE WHEN told.has_name THEN 'is a lecturer without an e-mail address, and lecturers need one' ELSE 'is not here yet, and the file does not tell a name' END
FROM (
    SELECT p.who, w.role, bool_or(p.family_name <> '') AS has_name, bool_or(p.email <> '') AS has_address
    FROM file_person AS p
    JOIN file_who AS w ON w.who = p.who
    WHERE w.person_id IS NULL AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = p.unit)
    GROUP BY p.who, w.role
) AS told
JOIN file_person AS p ON p.who = told.who
WHERE NOT (told.has_name AND (told.has_address OR told.role = 'student'))
ORDER BY p.unit, p.n
ON CONFLICT (unit) DO NOTHING

-- part: taken_people
CREATE TEMPORARY TABLE file_taken_person ON COMMIT DROP AS
WITH taken AS (
    SELECT p.* FROM file_person AS p WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = p.unit)
),

told AS (
    SELECT who, min(n) AS first_n, max(source_id) AS source_id, max(sis_id) AS sis_id, max(email) AS email FROM taken GROUP BY who
),

named AS (
    SELECT DISTINCT ON (who) who, family_name, given_name, sort_name FROM taken WHERE family_name <> '' ORDER BY who, n
),

joined AS (
    SELECT
        t.*, n.family_name, n.given_name, n.sort_name,
        w.person_id, w.role, w.has_login, w.known_email, w.known_family_name, w.known_given_name, w.by_source, w.by_sis,
        w.person_id IS NOT NULL AND row_number() OVER (PARTITION BY w.person_id ORDER BY t.who) > 1 AS is_twin
    FROM told AS t
    JOIN file_who AS w ON w.who = t.who
    LEFT JOIN named AS n ON n.who = t.who
),

compared AS (
    SELECT
        joined.*,
        -- One name alone says less than the two that are known.
        family_name IS NOT NULL AND (given_name <> '' OR known_given_name = '')
            AND (family_name, given_name) IS DISTINCT FROM (known_family_name, known_given_name) AS is_called_otherwise,
        email <> '' AND email IS DISTINCT FROM known_email AS has_other_address,
        (source_id <> '' AND by_source IS NULL) OR (sis_id <> '' AND by_sis IS NULL) AS has_new_id
    FROM joined
)

SELECT
    compared.*,
    person_id IS NOT NULL AND is_called_otherwise AND NOT has_login AND NOT is_twin AS is_renamed,
    person_id IS NOT NULL AND has_other_address AND NOT has_login AS is_readdressed,
    CASE
        WHEN person_id IS NULL THEN 'added'
        WHEN has_new_id OR (NOT has_login AND (has_other_address OR (is_called_otherwise AND NOT is_twin))) THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM compared

-- part: person_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, u.row_number, u.column_name, warning.value, warning.reason
FROM file_taken_person AS t
JOIN file_person AS p ON p.n = t.first_n
JOIN file_unit AS u ON u.unit = p.unit
JOIN file_part AS f ON f.part = u.part
CROSS JOIN LATERAL (VALUES
    (
        t.person_id IS NOT NULL AND t.is_called_otherwise AND t.has_login, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is somebody with a login, whose name an import does not change'
    ),
    (
        t.person_id IS NOT NULL AND t.has_other_address AND t.has_login, t.email,
        'is somebody with a login, whose address an import does not change'
    ),
    (
        t.is_renamed AND t.by_source IS NULL AND t.by_sis IS NULL, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is known here by the address alone, under another name: takes the name in the file'
    ),
    (
        t.is_called_otherwise AND t.is_twin, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is the same person as in an earlier row, under another name: the earlier row counts'
    )
) AS warning (applies, value, reason)
WHERE warning.applies
UNION ALL
SELECT f.name, u.row_number, u.column_name, concat_ws(', ', p.family_name, nullif(p.given_name, '')),
    'is the same person as in an earlier row, under another name: the earlier row counts'
FROM file_person AS p
JOIN file_taken_person AS t ON t.who = p.who AND t.first_n <> p.n
JOIN file_unit AS u ON u.unit = p.unit
JOIN file_part AS f ON f.part = u.part
WHERE p.family_name <> '' AND (p.family_name, p.given_name) IS DISTINCT FROM (t.family_name, t.given_name)
    AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = p.unit)

-- part: add_people
-- Numbers are given in the order of the rows, so the n-th new person is the n-th new row.
WITH made AS (
    INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT nullif(email, ''), family_name, given_name, sort_name, role::user_role FROM file_taken_person WHERE state = 'added' ORDER BY first_n
    RETURNING id
),

made_in_order AS (
    SELECT id, row_number() OVER (ORDER BY id) AS nth FROM made
),

rows_in_order AS (
    SELECT who, row_number() OVER (ORDER BY first_n) AS nth FROM file_taken_person WHERE state = 'added'
)

INSERT INTO file_added_person (who, person_id)
SELECT r.who, m.id FROM made_in_order AS m JOIN rows_in_order AS r ON r.nth = m.nth

-- part: change_people
UPDATE users AS u
SET
    family_name = CASE WHEN t.is_renamed THEN t.family_name ELSE u.family_name END,
    given_name = CASE WHEN t.is_renamed THEN t.given_name ELSE u.given_name END,
    sort_name = CASE WHEN t.is_renamed THEN t.sort_name ELSE u.sort_name END,
    email = CASE WHEN t.is_readdressed THEN t.email ELSE u.email END
FROM file_taken_person AS t
WHERE u.id = t.person_id AND (t.is_renamed OR t.is_readdressed)

-- part: name_people
INSERT INTO external_ids (source, kind, external_id, person_id)
SELECT o.system, 'person'::entity_kind, t.source_id, coalesce(t.person_id, a.person_id)
FROM file_taken_person AS t
CROSS JOIN file_option AS o
LEFT JOIN file_added_person AS a ON a.who = t.who
WHERE t.source_id <> '' AND t.by_source IS NULL
UNION ALL
SELECT 'sis', 'person'::entity_kind, t.sis_id, coalesce(t.person_id, a.person_id)
FROM file_taken_person AS t
CROSS JOIN file_option AS o
LEFT JOIN file_added_person AS a ON a.who = t.who
WHERE t.sis_id <> '' AND t.by_sis IS NULL AND (o.system, t.source_id) IS DISTINCT FROM ('sis', t.sis_id)

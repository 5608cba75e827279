-- The people of a file: which rows are about the same person, and who that is in lmskit.
--
-- One row of file_key: one combination of ids that names a person (source id, SIS id, address; empty where missing).
--   Of file_identity: one person of the file, with the person in lmskit (person_id; null for a new person).
--   is_single: one row alone is about the person, as in most files, so that there is nothing to put together.
--   Of file_person_reference: one combination of ids by which enrollments and attempts name a person.
--   Of file_planned_person: a person whose rows are imported, with the change to make (state).
-- Caveats: A person is found by source id, then SIS id, then address; contradictions are rejected, never guessed. Whether
--   something is a contradiction must not depend on what the import itself changes, or a second import would decide differently.
-- Source: the tables that staging.py fills; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order. Nested loops are off (writer.py).
-- `source || ''` keeps the planner from searching all ids of the source instead of those of one person.
-- A missing id is joined as NULL, which equals nothing: an empty text would equal every other empty text.

-- part: keys
CREATE TEMPORARY TABLE file_key ON COMMIT DROP AS
SELECT
    keys.*,
    key AS identity,
    CASE
        WHEN source_id = '' AND sis_id = '' AND email = '' THEN 'has neither an id nor an address'
        WHEN greatest(length(source_id), length(sis_id)) > 500 THEN 'has an id of more than 500 characters'
        WHEN email <> '' AND (length(email) > 320 OR email <> lower(email) OR email !~ '^[^@[:space:]]+@[^@[:space:]]+$')
            THEN 'has an e-mail address that is not valid'
    END AS reason
FROM (
    SELECT min(n) AS key, count(*) AS n_rows, source_id, sis_id, email
    FROM file_person_row
    GROUP BY source_id, sis_id, email
) AS keys

-- part: shared_keys
-- Only keys that share an id with another key can be the same person or contradict each other.
SELECT key, source_id, sis_id, email
FROM file_key
WHERE reason IS NULL AND (
    source_id IN (SELECT k.source_id FROM file_key AS k WHERE k.reason IS NULL AND k.source_id <> '' GROUP BY k.source_id HAVING count(*) > 1)
    OR sis_id IN (SELECT k.sis_id FROM file_key AS k WHERE k.reason IS NULL AND k.sis_id <> '' GROUP BY k.sis_id HAVING count(*) > 1)
    OR email IN (SELECT k.email FROM file_key AS k WHERE k.reason IS NULL AND k.email <> '' GROUP BY k.email HAVING count(*) > 1)
)
ORDER BY key

-- part: resolve_keys
UPDATE file_key AS k SET identity = s.identity, reason = s.reason FROM file_resolved_key AS s WHERE s.key = k.key

-- part: identities
CREATE TEMPORARY TABLE file_identity ON COMMIT DROP AS
WITH wanted AS (
    SELECT k.identity, k.source_id, k.sis_id, k.email, k.n_rows = 1 AS is_single
    FROM file_key AS k
    WHERE k.reason IS NULL AND NOT EXISTS (SELECT FROM file_resolved_key AS s WHERE s.key = k.key)
    UNION ALL
    SELECT k.identity, max(k.source_id), max(k.sis_id), max(k.email), sum(k.n_rows) = 1
    FROM file_key AS k
    JOIN file_resolved_key AS s ON s.key = k.key
    WHERE k.reason IS NULL
    GROUP BY k.identity
),

found AS (
    SELECT
        w.*, o.system,
        s.person_id AS by_source, i.person_id AS by_sis, coalesce(e.id, a.person_id) AS by_email,
        coalesce(s.person_id, i.person_id, e.id, a.person_id) AS person_id, e.id IS NULL AND a.person_id IS NOT NULL AS has_former_email
    FROM wanted AS w
    CROSS JOIN file_option AS o
    LEFT JOIN external_ids AS s ON s.source = o.system AND s.kind = 'person' AND s.external_id = w.source_id
    LEFT JOIN external_ids AS i ON i.source = 'sis' AND i.kind = 'person' AND i.external_id = w.sis_id
    LEFT JOIN users AS e ON e.email = w.email
    -- A former one, of before a merge or a change.
    LEFT JOIN external_ids AS a ON a.source = 'address' AND a.kind = 'person' AND a.external_id = nullif(w.email, '')
)

SELECT
    f.identity, f.is_single, f.source_id, f.sis_id, f.email, f.by_source, f.by_sis, f.by_email, f.person_id,
    CASE WHEN f.has_former_email THEN f.email ELSE u.email END AS known_email, u.family_name AS known_family_name, u.given_name AS known_given_name, u.role::text AS known_role,
    coalesce(u.db_role IS NOT NULL, false) AS has_login,
    coalesce(u.role::text, 'student') AS role,
    CASE
        WHEN f.by_source <> f.by_sis OR f.by_source <> f.by_email OR f.by_sis <> f.by_email
            THEN 'has ids or an address that belong to different people in lmskit'
        WHEN f.person_id IS NOT NULL AND f.source_id <> '' AND f.by_source IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.person_id = f.person_id AND x.source || '' = f.system
        ) THEN 'has the address or an id of a person who has another id in lmskit'
        WHEN f.person_id IS NOT NULL AND f.sis_id <> '' AND f.by_sis IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.person_id = f.person_id AND x.source || '' = 'sis'
        ) THEN 'has the address or an id of a person who has another SIS id in lmskit'
    END AS reason
FROM found AS f
LEFT JOIN users AS u ON u.id = f.person_id

-- part: reject_given_up_addresses
-- A second import would find the address free, and decide differently.
UPDATE file_identity AS w
SET reason = 'gives up an address that another row uses'
FROM file_identity AS o
WHERE w.reason IS NULL AND NOT w.has_login AND w.email <> '' AND w.email IS DISTINCT FROM w.known_email
    AND o.by_email = w.person_id AND o.identity <> w.identity

-- part: reject_twins
UPDATE file_identity AS w
SET reason = 'is the same person as in an earlier row, with another id or address'
WHERE w.reason IS NULL
    AND (
        (w.source_id <> '' AND w.by_source IS NULL) OR (w.sis_id <> '' AND w.by_sis IS NULL)
        OR (w.email <> '' AND NOT w.has_login AND w.email IS DISTINCT FROM w.known_email)
    )
    AND EXISTS (SELECT FROM file_identity AS o WHERE o.person_id = w.person_id AND o.identity < w.identity AND o.reason IS NULL)

-- part: people
CREATE TEMPORARY TABLE file_person ON COMMIT DROP AS
SELECT
    p.n, p.position_id, p.source_id, p.sis_id, p.email, p.family_name, p.given_name, p.sort_name, p.role, p.needs_role, p.doubt, p.identity,
    coalesce(w.is_single, false) AS is_single,
    coalesce(p.key_reason, w.reason, p.fault) AS reason
FROM (
    -- A key has the number of its first row, which most people have alone.
    SELECT r.*, k.identity, k.reason AS key_reason FROM file_person_row AS r JOIN file_key AS k ON k.key = r.n
    UNION ALL
    SELECT r.*, k.identity, k.reason
    FROM file_person_row AS r
    JOIN file_key AS k ON k.source_id = r.source_id AND k.sis_id = r.sis_id AND k.email = r.email
    WHERE k.n_rows > 1 AND k.key <> r.n
) AS p
LEFT JOIN file_identity AS w ON w.identity = p.identity AND p.key_reason IS NULL

-- part: person_references
CREATE TEMPORARY TABLE file_person_reference ON COMMIT DROP AS
WITH wanted AS (
    SELECT source_id, sis_id, email FROM file_enrollment_row
    UNION
    SELECT source_id, sis_id, email FROM file_attempt_row
    UNION
    SELECT source_id, sis_id, email FROM file_excuse_row
    UNION
    SELECT source_id, sis_id, email FROM file_absent_row
),

-- Most are the ids of a row, as they stand there.
of_rows AS MATERIALIZED (
    SELECT w.*, k.identity
    FROM wanted AS w
    LEFT JOIN file_key AS k ON k.source_id = w.source_id AND k.sis_id = w.sis_id AND k.email = w.email AND k.reason IS NULL
),

in_file AS (
    SELECT w.source_id, w.sis_id, w.email, s.identity AS identity_by_source, i.identity AS identity_by_sis, e.identity AS identity_by_email
    FROM of_rows AS w
    LEFT JOIN file_identity AS s ON s.source_id = nullif(w.source_id, '')
    LEFT JOIN file_identity AS i ON i.sis_id = nullif(w.sis_id, '')
    LEFT JOIN file_identity AS e ON e.email = nullif(w.email, '')
    WHERE w.identity IS NULL
),

found AS (
    SELECT
        f.*,
        coalesce(f.identity_by_source, f.identity_by_sis, f.identity_by_email) AS identity,
        CASE WHEN f.source_id <> '' AND f.identity_by_source IS NULL THEN (
            SELECT x.person_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'person' AND x.external_id = f.source_id
        ) END AS by_source,
        CASE WHEN f.sis_id <> '' AND f.identity_by_sis IS NULL THEN (
            SELECT x.person_id FROM external_ids AS x WHERE x.source = 'sis' AND x.kind = 'person' AND x.external_id = f.sis_id
        ) END AS by_sis,
        CASE WHEN f.email <> '' AND f.identity_by_email IS NULL THEN coalesce(
            (SELECT u.id FROM users AS u WHERE u.email = f.email),
            (SELECT x.person_id FROM external_ids AS x WHERE x.source = 'address' AND x.kind = 'person' AND x.external_id = f.email)
        ) END AS by_email
    FROM in_file AS f
    CROSS JOIN file_option AS o
),

joined AS (
    SELECT f.*, w.role AS identity_role, w.person_id AS identity_person_id, coalesce(w.person_id, f.by_source, f.by_sis, f.by_email) AS found_id
    FROM found AS f
    LEFT JOIN file_identity AS w ON w.identity = f.identity
)

SELECT r.source_id, r.sis_id, r.email, r.identity, w.person_id, w.role, NULL::text AS reason
FROM of_rows AS r
JOIN file_identity AS w ON w.identity = r.identity
UNION ALL
SELECT
    source_id, sis_id, email, identity,
    CASE WHEN identity IS NULL THEN found_id ELSE identity_person_id END AS person_id,
    CASE WHEN identity IS NULL THEN (SELECT u.role::text FROM users AS u WHERE u.id = found_id) ELSE identity_role END AS role,
    CASE
        WHEN identity IS NULL AND found_id IS NULL THEN 'names a person who is neither in lmskit nor in an imported row'
        WHEN identity <> identity_by_sis OR identity <> identity_by_email THEN 'names a person by ids or an address that belong to different people'
        WHEN identity IS NOT NULL AND identity_person_id IS NULL AND found_id IS NOT NULL
            THEN 'names a person by ids or an address that belong to different people'
        WHEN found_id <> by_source OR found_id <> by_sis OR found_id <> by_email
            THEN 'names a person by ids or an address that belong to different people'
    END AS reason
FROM joined

-- part: roles
-- A new person has the role in the file, else the role of the first enrollment that names the person, else student, unless the
-- format says the roles of all people.
-- Most are students already, and no row says anything else.
UPDATE file_identity AS w
SET role = coalesce(described.role, enrolled.role, CASE WHEN NOT needed.needs_role THEN 'student' END)
FROM (
    SELECT p.identity FROM file_person AS p WHERE p.role IS NOT NULL OR p.needs_role
    UNION
    SELECT r.identity
    FROM file_enrollment_row AS e
    JOIN file_person_reference AS r ON r.source_id = e.source_id AND r.sis_id = e.sis_id AND r.email = e.email
    WHERE e.role <> 'student'
) AS same
LEFT JOIN (SELECT identity, bool_or(needs_role) AS needs_role FROM file_person GROUP BY identity) AS needed ON needed.identity = same.identity
LEFT JOIN (SELECT DISTINCT ON (identity) identity, role FROM file_person WHERE role IS NOT NULL ORDER BY identity, n) AS described ON described.identity = same.identity
LEFT JOIN (
    SELECT DISTINCT ON (r.identity) r.identity, e.role
    FROM file_person_reference AS r
    JOIN file_enrollment_row AS e ON e.source_id = r.source_id AND e.sis_id = r.sis_id AND e.email = r.email
    WHERE r.identity IS NOT NULL
    ORDER BY r.identity, e.n
) AS enrolled ON enrolled.identity = same.identity
WHERE w.identity = same.identity AND w.person_id IS NULL

-- part: reference_roles
-- New people were taken for students until then.
UPDATE file_person_reference AS r SET role = w.role
FROM file_identity AS w
WHERE w.identity = r.identity AND w.person_id IS NULL AND w.role IS DISTINCT FROM 'student'

-- part: reject_people
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, value, reason
FROM (
    SELECT
        p.position_id, p.n,
        CASE
            WHEN w.identity IS NULL OR w.reason IS NOT NULL THEN concat_ws(', ', nullif(p.source_id, ''), nullif(p.sis_id, ''), nullif(p.email, ''))
            WHEN p.reason IS NULL AND w.role IS NOT NULL THEN p.role
            ELSE concat_ws(', ', p.family_name, nullif(p.given_name, ''))
        END AS value,
        CASE
            WHEN p.reason IS NOT NULL THEN p.reason
            WHEN w.role IS NULL THEN 'is not in lmskit yet, and the files do not say whether this is a student or a lecturer'
            WHEN p.role = 'student' AND w.role = 'lecturer' AND w.person_id IS NOT NULL
                THEN 'is a lecturer in lmskit, not a student; to give the person a role in a course: lmskit staff add CODE EMAIL'
            WHEN p.role <> w.role THEN 'is a person who already has another role'
        END AS reason
    FROM file_person AS p
    LEFT JOIN file_identity AS w ON w.identity = p.identity
) AS checked
WHERE reason IS NOT NULL
ORDER BY position_id, n
ON CONFLICT (position_id) DO NOTHING

-- part: reject_nameless_people
-- A new person needs a name, and a new lecturer an address, in a row that is imported.
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (p.position_id)
    p.position_id,
    concat_ws(', ', nullif(p.source_id, ''), nullif(p.sis_id, ''), nullif(p.email, '')),
    CASE WHEN described.has_name THEN 'is a lecturer without an e-mail address, and lecturers need one' ELSE 'is not in lmskit yet, and the file has no name: import a roster with names first' END
FROM (
    SELECT p.identity, w.role, bool_or(p.family_name <> '') AS has_name, bool_or(p.email <> '') AS has_address
    FROM file_person AS p
    JOIN file_identity AS w ON w.identity = p.identity
    WHERE w.person_id IS NULL
        -- Of the others no row lacks what they need.
        AND (w.role <> 'student' OR w.identity IN (SELECT nameless.identity FROM file_person AS nameless WHERE nameless.family_name = ''))
        AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = p.position_id)
    GROUP BY p.identity, w.role
) AS described
JOIN file_person AS p ON p.identity = described.identity
WHERE NOT (described.has_name AND (described.has_address OR described.role = 'student'))
ORDER BY p.position_id, p.n
ON CONFLICT (position_id) DO NOTHING

-- part: planned_people
-- A dry run of a roster writes the first new student of each course, so that it is refused wherever the import would be, and only plans
-- the others. Attempts, excuses and messages need their students, so then all are written.
CREATE TEMPORARY TABLE file_planned_person ON COMMIT DROP AS
WITH taken AS (
    SELECT p.* FROM file_person AS p WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = p.position_id)
),

several AS (
    SELECT
        identity, min(n) AS first_n, min(n) FILTER (WHERE family_name <> '') AS named_n,
        max(source_id) AS source_id, max(sis_id) AS sis_id, max(email) AS email
    FROM taken
    WHERE NOT is_single
    GROUP BY identity
),

ids AS (
    SELECT
        identity, n AS first_n, CASE WHEN family_name <> '' THEN n END AS named_n, source_id, sis_id, email,
        nullif(family_name, '') AS family_name, CASE WHEN family_name <> '' THEN given_name END AS given_name,
        CASE WHEN family_name <> '' THEN sort_name END AS sort_name, CASE WHEN family_name <> '' THEN doubt END AS doubt
    FROM taken
    WHERE is_single
    UNION ALL
    SELECT s.*, n.family_name, n.given_name, n.sort_name, n.doubt FROM several AS s LEFT JOIN file_person AS n ON n.n = s.named_n
),

-- People whom lmskit knows by what several people of the file have.
twins AS (
    SELECT w.person_id, min(t.identity) AS first_identity
    FROM file_identity AS w
    JOIN ids AS t ON t.identity = w.identity
    WHERE w.person_id IN (SELECT k.person_id FROM file_identity AS k WHERE k.person_id IS NOT NULL GROUP BY k.person_id HAVING count(*) > 1)
    GROUP BY w.person_id
),

joined AS (
    SELECT
        t.*, coalesce(c.is_same_as_known, false) AS is_same_name,
        w.person_id, w.role, w.has_login, w.known_email, w.known_family_name, w.known_given_name, w.by_source, w.by_sis,
        coalesce(t.identity <> twins.first_identity, false) AS is_twin
    FROM ids AS t
    JOIN file_identity AS w ON w.identity = t.identity
    LEFT JOIN twins ON twins.person_id = w.person_id
    LEFT JOIN file_compared_name AS c ON c.n = t.named_n
),

compared AS (
    SELECT
        joined.*,
        -- A family name alone does not replace a family and a given name.
        family_name IS NOT NULL AND NOT is_same_name AND (given_name <> '' OR known_given_name = '')
            AND (family_name, given_name) IS DISTINCT FROM (known_family_name, known_given_name) AS has_other_name,
        email <> '' AND email IS DISTINCT FROM known_email AS has_other_address,
        (source_id <> '' AND by_source IS NULL) OR (sis_id <> '' AND by_sis IS NULL) AS has_new_id
    FROM joined
)

SELECT
    compared.*,
    person_id IS NULL AND (role <> 'student' OR NOT o.plans_only OR identity IN (
        SELECT min(e.identity)
        FROM file_enrollment AS e
        JOIN ids ON ids.identity = e.identity
        WHERE e.person < 0 AND e.role = 'student' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
        GROUP BY e.course
    )) AS is_written,
    person_id IS NOT NULL AND has_other_name AND NOT has_login AND NOT is_twin AS is_renamed,
    person_id IS NOT NULL AND has_other_address AND NOT has_login AS is_readdressed,
    CASE
        WHEN person_id IS NULL THEN 'added'
        WHEN has_new_id OR (NOT has_login AND (has_other_address OR (has_other_name AND NOT is_twin))) THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM compared
CROSS JOIN (SELECT dry_run AND NOT notify AND NOT EXISTS (SELECT FROM file_attempt_row) AND NOT EXISTS (SELECT FROM file_excuse_row) AS plans_only FROM file_option) AS o

-- part: person_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, pos.row_number, pos.column_name, warning.value, warning.reason
FROM file_planned_person AS t
JOIN file_person AS p ON p.n = t.first_n
JOIN file_position AS pos ON pos.position_id = p.position_id
JOIN file_part AS f ON f.part = pos.part
CROSS JOIN LATERAL (VALUES
    (
        t.person_id IS NOT NULL AND t.has_other_name AND t.has_login, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is a person with a login: an import does not change the name'
    ),
    (
        t.person_id IS NOT NULL AND t.has_other_address AND t.has_login, t.email,
        'is a person with a login: an import does not change the address'
    ),
    (
        t.is_renamed AND t.by_source IS NULL AND t.by_sis IS NULL, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is known in lmskit by the address alone, under another name: takes the name in the file'
    ),
    (
        t.has_other_name AND t.is_twin, concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        'is the same person as in an earlier row, under another name: the earlier row counts'
    ),
    (t.state = 'added' OR t.is_renamed, concat_ws(', ', t.family_name, nullif(t.given_name, '')), t.doubt)
) AS warning (applies, value, reason)
WHERE (t.doubt IS NOT NULL OR (t.person_id IS NOT NULL AND (t.has_other_name OR t.has_other_address)))
    AND warning.applies AND warning.reason IS NOT NULL
UNION ALL
SELECT f.name, pos.row_number, pos.column_name, concat_ws(', ', p.family_name, nullif(p.given_name, '')),
    'is the same person as in an earlier row, under another name: the earlier row counts'
FROM file_person AS p
JOIN file_planned_person AS t ON t.identity = p.identity AND t.first_n <> p.n
JOIN file_position AS pos ON pos.position_id = p.position_id
JOIN file_part AS f ON f.part = pos.part
LEFT JOIN file_compared_name AS c ON c.n = p.n
WHERE NOT p.is_single AND p.family_name <> '' AND (p.family_name, p.given_name) IS DISTINCT FROM (t.family_name, t.given_name)
    AND NOT coalesce(c.is_same_as_first, false)
    AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = p.position_id)

-- part: add_people
-- Ids are assigned in the order of the rows, so the n-th new person is the n-th new row.
WITH added AS (
    INSERT INTO users (email, family_name, given_name, sort_name, role)
    SELECT nullif(email, ''), family_name, given_name, sort_name, role::user_role FROM file_planned_person WHERE is_written ORDER BY first_n
    RETURNING id
),

added_in_order AS (
    SELECT id, row_number() OVER (ORDER BY id) AS nth FROM added
),

rows_in_order AS (
    SELECT identity, row_number() OVER (ORDER BY first_n) AS nth FROM file_planned_person WHERE is_written
)

INSERT INTO file_added_person (identity, person_id)
SELECT r.identity, m.id FROM added_in_order AS m JOIN rows_in_order AS r ON r.nth = m.nth

-- part: change_people
UPDATE users AS u
SET
    family_name = CASE WHEN t.is_renamed THEN t.family_name ELSE u.family_name END,
    given_name = CASE WHEN t.is_renamed THEN t.given_name ELSE u.given_name END,
    sort_name = CASE WHEN t.is_renamed THEN t.sort_name ELSE u.sort_name END,
    email = CASE WHEN t.is_readdressed THEN t.email ELSE u.email END
FROM file_planned_person AS t
WHERE u.id = t.person_id AND (t.is_renamed OR t.is_readdressed)

-- part: add_person_ids
-- In the order of the rows, which usually is that of the ids: an index grows fastest at its end.
INSERT INTO external_ids (source, kind, external_id, person_id)
SELECT new_id.source, 'person'::entity_kind, new_id.external_id, coalesce(t.person_id, a.person_id)
FROM file_planned_person AS t
CROSS JOIN file_option AS o
LEFT JOIN file_added_person AS a ON a.identity = t.identity
CROSS JOIN LATERAL (
    VALUES
    (o.system, t.source_id, t.by_source IS NULL),
    ('sis', t.sis_id, t.by_sis IS NULL AND (o.system, t.source_id) IS DISTINCT FROM ('sis', t.sis_id))
) AS new_id (source, external_id, is_new)
WHERE new_id.external_id <> '' AND new_id.is_new AND (t.person_id IS NOT NULL OR t.is_written)
ORDER BY new_id.source, t.first_n

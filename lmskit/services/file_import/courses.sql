-- Terms, courses and their teachers.
--
-- One row of file_term and file_course: a row of the file, with the term or course in lmskit (term_id, course_id; null if new).
--   Of file_course_reference: one text by which enrollments name a course. Of file_enrollment: an enrollment of the file.
--   Of file_teacher: a lecturer's enrollment.
-- Caveats: A new row has no id until it is written. Until then the columns `person`, `course` and `quiz` hold the id in lmskit, or
--   the negative number of the identity or row in the file. An existing course keeps its code and its lecturer.
-- Source: the tables that staging.py fills; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: terms
CREATE TEMPORARY TABLE file_term ON COMMIT DROP AS
WITH found AS (
    SELECT
        r.*,
        o.system,
        (SELECT x.term_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'term' AND x.external_id = r.source_id) AS known_id,
        (SELECT t.id FROM terms AS t WHERE lower(t.code) = lower(r.code)) AS same_code_id
    FROM file_term_row AS r
    CROSS JOIN file_option AS o
),

checked AS (
    SELECT
        f.*,
        coalesce(f.known_id, f.same_code_id) AS term_id,
        t.name AS old_name, t.starts_on AS old_starts_on, t.ends_on AS old_ends_on,
        coalesce(f.starts_on, t.starts_on) AS new_starts_on,
        coalesce(f.ends_on, t.ends_on) AS new_ends_on,
        row_number() OVER (PARTITION BY f.source_id ORDER BY f.n) > 1 AS is_repeated,
        row_number() OVER (PARTITION BY f.known_id IS NULL, lower(f.code) ORDER BY f.n) > 1 AS has_code_of_another
    FROM found AS f
    LEFT JOIN terms AS t ON t.id = coalesce(f.known_id, f.same_code_id)
)

SELECT
    j.n, j.position_id, j.source_id, j.code, j.name, j.term_id, j.known_id, j.new_starts_on, j.new_ends_on,
    j.old_name, j.old_starts_on, j.old_ends_on,
    CASE
        WHEN j.term_id IS NULL THEN 'added'
        WHEN j.known_id IS NULL OR (j.name, j.new_starts_on, j.new_ends_on) IS DISTINCT FROM (j.old_name, j.old_starts_on, j.old_ends_on)
            THEN 'changed'
        ELSE 'unchanged'
    END AS state,
    CASE
        WHEN j.source_id = '' OR length(j.source_id) > 500 THEN 'has no id of 1 to 500 characters'
        WHEN j.is_repeated THEN 'names a term that an earlier row names'
        WHEN j.known_id IS NULL AND j.has_code_of_another THEN 'has the code of a term in an earlier row'
        WHEN j.term_id IS NULL AND (
            j.code <> btrim(j.code) OR length(j.code) NOT BETWEEN 1 AND 100 OR j.code ~ '[[:cntrl:]/\\]' OR j.code ~ '^[.]'
        ) THEN 'has a code that is empty, too long, or not fit to name a file'
        WHEN j.known_id IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.term_id = j.same_code_id AND x.source = j.system AND x.kind = 'term'
        ) THEN 'has the code of a term that has another id in lmskit'
        WHEN j.new_starts_on IS NULL OR j.new_ends_on IS NULL
            THEN 'has no first or last day, and lmskit has no term with this code or id yet'
        WHEN j.new_ends_on <= j.new_starts_on THEN 'ends before it begins'
    END AS reason
FROM checked AS j

-- part: courses
CREATE TEMPORARY TABLE file_course ON COMMIT DROP AS
WITH found AS (
    SELECT
        r.*,
        o.system,
        (SELECT x.course_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'course' AND x.external_id = r.source_id)
            AS known_id,
        (SELECT c.id FROM courses AS c WHERE lower(c.code) = lower(r.code)) AS same_code_id
    FROM file_course_row AS r
    CROSS JOIN file_option AS o
),

checked AS (
    SELECT
        f.*,
        coalesce(f.known_id, f.same_code_id) AS course_id,
        row_number() OVER (PARTITION BY f.source_id ORDER BY f.n) > 1 AS is_repeated,
        row_number() OVER (PARTITION BY f.known_id IS NULL, lower(f.code) ORDER BY f.n) > 1 AS has_code_of_another
    FROM found AS f
)

SELECT
    j.n, j.position_id, j.source_id, j.code, j.module_code, j.title, j.term AS term_source_id, j.course_id, j.known_id,
    term.n AS term_n,
    CASE
        WHEN term.n IS NOT NULL THEN term.term_id
        WHEN j.term <> '' THEN (
            SELECT x.term_id FROM external_ids AS x WHERE x.source = j.system AND x.kind = 'term' AND x.external_id = j.term
        )
    END AS term_id,
    NULL::bigint AS lecturer_id,
    stored.title AS old_title, stored.module_code AS old_module_code, stored.term_id AS old_term_id,
    NULL::text AS state,
    CASE
        WHEN j.source_id = '' OR length(j.source_id) > 500 THEN 'has no id of 1 to 500 characters'
        WHEN j.is_repeated THEN 'names a course that an earlier row names'
        WHEN j.known_id IS NULL AND j.has_code_of_another THEN 'has the code of a course in an earlier row'
        WHEN j.course_id IS NULL AND (
            j.code <> btrim(j.code) OR length(j.code) NOT BETWEEN 1 AND 100 OR j.code ~ '[[:cntrl:]/\\]' OR j.code ~ '^[.]'
        ) THEN 'has a code that is empty, too long, or not fit to name a file'
        WHEN length(j.title) NOT BETWEEN 1 AND 300 THEN 'has a title of more than 300 characters'
        WHEN j.known_id IS NULL AND EXISTS (
            SELECT FROM external_ids AS x WHERE x.course_id = j.same_code_id AND x.source = j.system AND x.kind = 'course'
        ) THEN 'has the code of a course that has another id in lmskit'
    END AS reason
FROM checked AS j
LEFT JOIN courses AS stored ON stored.id = j.course_id
LEFT JOIN LATERAL (
    SELECT t.n, t.term_id FROM file_term AS t WHERE t.source_id = j.term AND j.term <> '' ORDER BY t.n LIMIT 1
) AS term ON true

-- part: course_references
CREATE TEMPORARY TABLE file_course_reference ON COMMIT DROP AS
SELECT
    wanted.course,
    described.n AS course_n,
    CASE
        WHEN wanted.course = '' THEN o.course_id
        WHEN described.n IS NOT NULL THEN described.course_id
        ELSE coalesce(
            (SELECT x.course_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'course' AND x.external_id = wanted.course),
            (SELECT c.id FROM courses AS c WHERE lower(c.code) = lower(wanted.course))
        )
    END AS course_id
FROM (SELECT DISTINCT course FROM file_enrollment_row) AS wanted
CROSS JOIN file_option AS o
LEFT JOIN (SELECT source_id, min(n) AS n FROM file_course WHERE reason IS NULL GROUP BY source_id) AS by_id ON by_id.source_id = wanted.course
LEFT JOIN (SELECT lower(code) AS code, min(n) AS n FROM file_course WHERE reason IS NULL GROUP BY 1) AS by_code
    ON by_code.code = lower(wanted.course)
LEFT JOIN file_course AS described ON described.n = coalesce(by_id.n, by_code.n)

-- part: enrollments
CREATE TEMPORARY TABLE file_enrollment ON COMMIT DROP AS
SELECT
    e.n, e.position_id, e.course AS course_name, e.role, e.status, e.started_on, e.ended_on, e.is_implied,
    r.identity,
    coalesce(r.person_id, -r.identity) AS person,
    r.role AS person_role,
    coalesce(c.course_id, -c.course_n) AS course,
    CASE
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN e.role <> r.role THEN CASE e.role WHEN 'student' THEN 'is a person who is not a student in lmskit' ELSE 'is a person who is not a lecturer in lmskit' END
        WHEN coalesce(c.course_id, c.course_n) IS NULL THEN 'names a course that is neither in lmskit nor in an imported row'
        WHEN e.ended_on < e.started_on THEN 'ends before it begins'
    END AS reason,
    CASE
        WHEN r.reason IS NOT NULL THEN concat_ws(', ', nullif(e.source_id, ''), nullif(e.sis_id, ''), nullif(e.email, ''))
        WHEN e.role <> r.role THEN e.role
        WHEN coalesce(c.course_id, c.course_n) IS NULL THEN e.course
        ELSE e.ended_on::text
    END AS value
FROM file_enrollment_row AS e
JOIN file_person_reference AS r ON r.source_id = e.source_id AND r.sis_id = e.sis_id AND r.email = e.email
JOIN file_course_reference AS c ON c.course = e.course

-- part: reject_rows
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, value, reason
FROM (
    SELECT position_id, n, code AS value, reason FROM file_term
    UNION ALL
    SELECT position_id, n, code, reason FROM file_course
    UNION ALL
    SELECT position_id, n, value, reason FROM file_enrollment
) AS checked
WHERE reason IS NOT NULL
ORDER BY position_id, n
ON CONFLICT (position_id) DO NOTHING

-- part: reject_courses_without_term
INSERT INTO file_rejected (position_id, value, reason)
SELECT c.position_id, c.code,
    CASE WHEN c.term_source_id = '' THEN 'names no term: choose one with --term CODE'
        ELSE 'names a term that is neither in lmskit nor in an imported row: choose one with --term CODE' END
FROM file_course AS c
CROSS JOIN file_option AS o
LEFT JOIN file_term AS t ON t.n = c.term_n
WHERE c.course_id IS NULL
    AND o.term_id IS NULL
    AND (
        (c.term_n IS NULL AND c.term_id IS NULL)
        OR (c.term_n IS NOT NULL AND EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = t.position_id))
    )
ON CONFLICT (position_id) DO NOTHING

-- part: reject_courses_without_lecturer
INSERT INTO file_rejected (position_id, value, reason)
SELECT c.position_id, c.code, 'has no teacher in the file: choose a lecturer with --lecturer EMAIL'
FROM file_course AS c
CROSS JOIN file_option AS o
WHERE c.course_id IS NULL
    AND o.lecturer_id IS NULL
    AND NOT EXISTS (
        SELECT FROM file_enrollment AS e
        WHERE e.course = -c.n AND e.role = 'lecturer' AND e.status <> 'withdrawn'
            AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
    )
ON CONFLICT (position_id) DO NOTHING

-- part: reject_orphans
-- An enrollment, attempt or excuse of a new person whose rows are all rejected; an enrollment in a new course whose row is rejected.
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, value, reason
FROM (
    SELECT e.position_id, e.course_name AS value, 'names a course that is neither in lmskit nor in an imported row' AS reason
    FROM file_enrollment AS e
    JOIN file_course AS c ON c.n = -e.course
    JOIN file_rejected AS r ON r.position_id = c.position_id
    UNION ALL
    SELECT named.position_id, NULL, 'names a person who is neither in lmskit nor in an imported row'
    FROM (
        SELECT position_id, identity FROM file_enrollment
        UNION ALL
        SELECT position_id, identity FROM file_attempt
        UNION ALL
        SELECT position_id, identity FROM file_excuse
    ) AS named
    WHERE named.identity IN (
        SELECT p.identity
        FROM file_person AS p
        WHERE p.identity IN (SELECT of_row.identity FROM file_person AS of_row JOIN file_rejected AS r ON r.position_id = of_row.position_id)
        GROUP BY p.identity
        HAVING bool_and(EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = p.position_id))
    )
) AS orphans
ORDER BY position_id
ON CONFLICT (position_id) DO NOTHING

-- part: reject_cells_of_rejected_rows
INSERT INTO file_rejected (position_id, value, reason)
SELECT pos.position_id, NULL, 'belongs to a row that is not imported'
FROM file_position AS pos
JOIN file_rejected AS r ON r.position_id = pos.row_position_id
ON CONFLICT (position_id) DO NOTHING

-- part: add_terms
INSERT INTO terms (code, name, starts_on, ends_on)
SELECT code, name, new_starts_on, new_ends_on
FROM file_term AS t
WHERE state = 'added' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = t.position_id)
ORDER BY n

-- part: link_added_terms
UPDATE file_term AS f SET term_id = t.id FROM terms AS t WHERE f.state = 'added' AND t.code = f.code

-- part: change_terms
UPDATE terms AS t
SET name = f.name, starts_on = f.new_starts_on, ends_on = f.new_ends_on
FROM file_term AS f
WHERE f.state = 'changed' AND t.id = f.term_id
    AND (t.name, t.starts_on, t.ends_on) IS DISTINCT FROM (f.name, f.new_starts_on, f.new_ends_on)
    AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = f.position_id)

-- part: add_term_ids
INSERT INTO external_ids (source, kind, external_id, term_id)
SELECT o.system, 'term'::entity_kind, t.source_id, t.term_id
FROM file_term AS t
CROSS JOIN file_option AS o
WHERE t.known_id IS NULL AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = t.position_id)

-- part: teachers
-- The first of several teachers of a new course is responsible for it.
CREATE TEMPORARY TABLE file_teacher ON COMMIT DROP AS
SELECT
    e.n, e.position_id, e.course,
    coalesce(a.person_id, e.person) AS person_id,
    e.status <> 'withdrawn' AS teaches,
    e.status <> 'withdrawn' AND row_number() OVER (PARTITION BY e.course, e.status <> 'withdrawn' ORDER BY e.n) = 1 AS is_first,
    false AS was_removed,
    'unchanged' AS state
FROM file_enrollment AS e
LEFT JOIN file_added_person AS a ON a.identity = -e.person
WHERE e.role = 'lecturer' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)

-- part: removed_teachers
-- Whom an administrator took a role in the course from, or the course itself, gets none from a file: a removal by hand was the last word,
-- since a role that was given after it would be there. What an import or an undo did says nothing about what comes after it.
UPDATE file_teacher AS t
SET was_removed = true
FROM courses AS k
JOIN audit_log AS a ON a.course_id = k.id
WHERE t.teaches AND k.id = t.course AND t.person_id <> k.lecturer_id
    AND NOT EXISTS (SELECT FROM course_staff AS s WHERE s.course_id = k.id AND s.person_id = t.person_id)
    AND a.import_run_id IS NULL
    AND (
        (a.table_name = 'course_staff' AND a.action = 'delete' AND a.row_key = concat_ws(':', k.id, t.person_id))
        OR (a.table_name = 'courses' AND a.action = 'update' AND a.old ->> 'lecturer_id' = t.person_id::text)
    )

-- part: complete_courses
UPDATE file_course AS f
SET
    term_id = coalesce(
        CASE WHEN rejected_term.position_id IS NOT NULL THEN NULL WHEN same.term_n IS NOT NULL THEN term.term_id ELSE same.term_id END,
        stored.term_id,
        o.term_id
    ),
    lecturer_id = coalesce(stored.lecturer_id, teacher.person_id, o.lecturer_id)
FROM file_course AS same
CROSS JOIN file_option AS o
LEFT JOIN file_term AS term ON term.n = same.term_n
LEFT JOIN file_rejected AS rejected_term ON rejected_term.position_id = term.position_id
LEFT JOIN courses AS stored ON stored.id = same.course_id
LEFT JOIN file_teacher AS teacher ON teacher.course = -same.n AND teacher.is_first
WHERE f.n = same.n AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = same.position_id)

-- part: course_states
UPDATE file_course AS f
SET state = CASE
    WHEN f.course_id IS NULL THEN 'added'
    WHEN f.known_id IS NULL OR EXISTS (
        SELECT FROM courses AS c
        WHERE c.id = f.course_id AND (c.title, c.module_code, c.term_id) IS DISTINCT FROM (f.title, f.module_code, f.term_id)
    ) THEN 'changed'
    ELSE 'unchanged'
END
WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = f.position_id)

-- part: teacher_states
UPDATE file_teacher AS t
SET state = 'added'
FROM file_course AS c
WHERE c.n = -t.course AND c.state = 'added' AND t.is_first

-- part: teacher_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, pos.row_number, pos.column_name, e.course_name,
    CASE
        WHEN t.was_removed THEN
            'teaches a course in the file from whose staff the person was removed: gets no role there; to give one: lmskit staff add CODE EMAIL'
        WHEN t.teaches THEN 'teaches a course that another lecturer is responsible for: becomes co-lecturer'
        WHEN has.is_responsible
            THEN 'left the course in the file and is still responsible for it in lmskit; to end that: lmskit course hand-over CODE EMAIL'
        ELSE 'left the course in the file and is still on its staff in lmskit; to end that: lmskit staff remove CODE EMAIL'
    END
FROM file_teacher AS t
JOIN file_enrollment AS e ON e.n = t.n
JOIN file_position AS pos ON pos.position_id = t.position_id
JOIN file_part AS f ON f.part = pos.part
LEFT JOIN file_course AS c ON c.n = -t.course
LEFT JOIN courses AS stored ON stored.id = t.course
LEFT JOIN courses AS known ON known.id = c.course_id
CROSS JOIN LATERAL (
    SELECT
        t.person_id = coalesce(stored.lecturer_id, known.lecturer_id, c.lecturer_id) AS is_responsible,
        EXISTS (SELECT FROM course_staff AS s WHERE s.course_id = coalesce(stored.id, known.id) AND s.person_id = t.person_id) AS is_staff
) AS has
WHERE CASE
    WHEN t.teaches THEN NOT has.is_responsible AND NOT has.is_staff
    -- Who left one section may teach another.
    ELSE (has.is_staff OR has.is_responsible) AND NOT EXISTS (
        SELECT FROM file_teacher AS o WHERE o.course = t.course AND o.person_id = t.person_id AND o.teaches
    )
END

-- part: add_courses
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
SELECT code, module_code, title, term_id, lecturer_id, 'import' FROM file_course WHERE state = 'added' ORDER BY n

-- part: change_courses
UPDATE courses AS c
SET title = f.title, module_code = f.module_code, term_id = f.term_id
FROM file_course AS f
WHERE f.state = 'changed' AND c.id = f.course_id AND (c.title, c.module_code, c.term_id) IS DISTINCT FROM (f.title, f.module_code, f.term_id)

-- part: link_added_courses
UPDATE file_course AS f SET course_id = c.id FROM courses AS c WHERE f.state = 'added' AND c.code = f.code

-- part: add_staff
-- Who teaches a course and is not responsible for it leads it with the one who is; a role that a person has there already stays.
WITH added AS (
    INSERT INTO course_staff (course_id, person_id, role)
    SELECT DISTINCT k.id, t.person_id, 'co-lecturer'::staff_role
    FROM file_teacher AS t
    LEFT JOIN file_course AS c ON c.n = -t.course
    JOIN courses AS k ON k.id = coalesce(c.course_id, t.course)
    JOIN users AS u ON u.id = t.person_id AND u.role = 'lecturer'
    WHERE t.teaches AND NOT t.was_removed AND t.person_id <> k.lecturer_id
    ON CONFLICT (course_id, person_id) DO NOTHING
    RETURNING course_id, person_id
)

UPDATE file_teacher AS t
SET state = 'added'
FROM added AS a
LEFT JOIN file_course AS c ON c.course_id = a.course_id
WHERE t.person_id = a.person_id AND (t.course = a.course_id OR t.course = -c.n)

-- part: add_course_ids
INSERT INTO external_ids (source, kind, external_id, course_id)
SELECT o.system, 'course'::entity_kind, c.source_id, c.course_id
FROM file_course AS c
CROSS JOIN file_option AS o
WHERE c.known_id IS NULL AND c.state IS NOT NULL

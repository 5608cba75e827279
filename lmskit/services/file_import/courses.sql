-- Terms, courses and who teaches them.
--
-- One row of file_term and file_course: a row of the file, with what it is here (term_id, course_id; null where it is new). Of
--   file_course_ref: one way in which enrollments name a course. Of file_enrollment: an enrollment with the identities below.
-- Caveats: What is new has no number yet, so until it is written people, courses and quizzes go by an identity: the number here, or
--   the negative number of the row that describes them. An existing course keeps its code and its lecturer.
-- Source: staged by staging.py; file_option has one row, the import's options.
--
-- Each part begins with a line "-- part: <name>" and is one statement.

-- part: terms
CREATE TEMPORARY TABLE file_term ON COMMIT DROP AS
WITH found AS (
    SELECT
        r.*,
        o.system,
        (SELECT x.term_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'term' AND x.external_id = r.source_id) AS known_id,
        (SELECT t.id FROM terms AS t WHERE t.code = r.code) AS same_code_id
    FROM file_term_row AS r
    CROSS JOIN file_option AS o
),

judged AS (
    SELECT
        f.*,
        coalesce(f.known_id, f.same_code_id) AS term_id,
        t.name AS old_name, t.starts_on AS old_starts_on, t.ends_on AS old_ends_on,
        coalesce(f.starts_on, t.starts_on) AS new_starts_on,
        coalesce(f.ends_on, t.ends_on) AS new_ends_on,
        row_number() OVER (PARTITION BY f.source_id ORDER BY f.n) > 1 AS is_repeated,
        row_number() OVER (PARTITION BY f.known_id IS NULL, f.code ORDER BY f.n) > 1 AS has_code_of_another
    FROM found AS f
    LEFT JOIN terms AS t ON t.id = coalesce(f.known_id, f.same_code_id)
)

SELECT
    j.n, j.unit, j.source_id, j.code, j.name, j.term_id, j.known_id, j.new_starts_on, j.new_ends_on,
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
        ) THEN 'has the code of a term that is here with another id'
        WHEN j.new_starts_on IS NULL OR j.new_ends_on IS NULL
            THEN 'has no first or last day, and no term of this code or id is here yet'
        WHEN j.new_ends_on <= j.new_starts_on THEN 'ends before it begins'
    END AS reason
FROM judged AS j

-- part: courses
CREATE TEMPORARY TABLE file_course ON COMMIT DROP AS
WITH found AS (
    SELECT
        r.*,
        o.system,
        (SELECT x.course_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'course' AND x.external_id = r.source_id)
            AS known_id,
        (SELECT c.id FROM courses AS c WHERE c.code = r.code) AS same_code_id
    FROM file_course_row AS r
    CROSS JOIN file_option AS o
),

judged AS (
    SELECT
        f.*,
        coalesce(f.known_id, f.same_code_id) AS course_id,
        row_number() OVER (PARTITION BY f.source_id ORDER BY f.n) > 1 AS is_repeated,
        row_number() OVER (PARTITION BY f.known_id IS NULL, f.code ORDER BY f.n) > 1 AS has_code_of_another
    FROM found AS f
)

SELECT
    j.n, j.unit, j.source_id, j.code, j.module_code, j.title, j.term AS term_source_id, j.course_id, j.known_id,
    term.n AS term_n,
    CASE
        WHEN term.n IS NOT NULL THEN term.term_id
        WHEN j.term <> '' THEN (
            SELECT x.term_id FROM external_ids AS x WHERE x.source = j.system AND x.kind = 'term' AND x.external_id = j.term
        )
    END AS term_id,
    NULL::bigint AS lecturer_id,
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
        ) THEN 'has the code of a course that is here with another id'
    END AS reason
FROM judged AS j
LEFT JOIN LATERAL (
    SELECT t.n, t.term_id FROM file_term AS t WHERE t.source_id = j.term AND j.term <> '' ORDER BY t.n LIMIT 1
) AS term ON true

-- part: course_refs
CREATE TEMPORARY TABLE file_course_ref ON COMMIT DROP AS
SELECT
    wanted.course,
    described.n AS course_n,
    CASE
        WHEN wanted.course = '' THEN o.course_id
        WHEN described.n IS NOT NULL THEN described.course_id
        ELSE coalesce(
            (SELECT x.course_id FROM external_ids AS x WHERE x.source = o.system AND x.kind = 'course' AND x.external_id = wanted.course),
            (SELECT c.id FROM courses AS c WHERE c.code = wanted.course)
        )
    END AS course_id
FROM (SELECT DISTINCT course FROM file_enrollment_row) AS wanted
CROSS JOIN file_option AS o
LEFT JOIN (SELECT source_id, min(n) AS n FROM file_course WHERE reason IS NULL GROUP BY source_id) AS by_id ON by_id.source_id = wanted.course
LEFT JOIN (SELECT code, min(n) AS n FROM file_course WHERE reason IS NULL GROUP BY code) AS by_code ON by_code.code = wanted.course
LEFT JOIN file_course AS described ON described.n = coalesce(by_id.n, by_code.n)

-- part: enrollments
CREATE TEMPORARY TABLE file_enrollment ON COMMIT DROP AS
SELECT
    e.n, e.unit, e.course AS course_name, e.role, e.status, e.started_on, e.ended_on, e.is_implied,
    r.who,
    coalesce(r.person_id, -r.who) AS person,
    r.role AS person_role,
    coalesce(c.course_id, -c.course_n) AS course,
    CASE
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN e.role <> r.role THEN CASE e.role WHEN 'student' THEN 'is somebody who is no student here' ELSE 'is somebody who is no lecturer here' END
        WHEN coalesce(c.course_id, c.course_n) IS NULL THEN 'names a course that is neither here nor in a row that is imported'
        WHEN e.ended_on < e.started_on THEN 'ends before it begins'
    END AS reason,
    CASE
        WHEN r.reason IS NOT NULL THEN concat_ws(', ', nullif(e.source_id, ''), nullif(e.sis_id, ''), nullif(e.email, ''))
        WHEN e.role <> r.role THEN e.role
        WHEN coalesce(c.course_id, c.course_n) IS NULL THEN e.course
        ELSE e.ended_on::text
    END AS value
FROM file_enrollment_row AS e
JOIN file_ref AS r ON r.source_id = e.source_id AND r.sis_id = e.sis_id AND r.email = e.email
JOIN file_course_ref AS c ON c.course = e.course

-- part: reject_rows
INSERT INTO file_rejected (unit, value, reason)
SELECT DISTINCT ON (unit) unit, value, reason
FROM (
    SELECT unit, n, code AS value, reason FROM file_term
    UNION ALL
    SELECT unit, n, code, reason FROM file_course
    UNION ALL
    SELECT unit, n, value, reason FROM file_enrollment
) AS judged
WHERE reason IS NOT NULL
ORDER BY unit, n
ON CONFLICT (unit) DO NOTHING

-- part: reject_courses_without_term
INSERT INTO file_rejected (unit, value, reason)
SELECT c.unit, c.code,
    CASE WHEN c.term_source_id = '' THEN 'names no term: choose one with --term CODE'
        ELSE 'names a term that is neither here nor in a row that is imported: choose one with --term CODE' END
FROM file_course AS c
CROSS JOIN file_option AS o
LEFT JOIN file_term AS t ON t.n = c.term_n
WHERE c.course_id IS NULL
    AND o.term_id IS NULL
    AND (
        (c.term_n IS NULL AND c.term_id IS NULL)
        OR (c.term_n IS NOT NULL AND EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = t.unit))
    )
ON CONFLICT (unit) DO NOTHING

-- part: reject_courses_without_lecturer
INSERT INTO file_rejected (unit, value, reason)
SELECT c.unit, c.code, 'has no teacher in the file: choose a lecturer with --lecturer EMAIL'
FROM file_course AS c
CROSS JOIN file_option AS o
WHERE c.course_id IS NULL
    AND o.lecturer_id IS NULL
    AND NOT EXISTS (
        SELECT FROM file_enrollment AS e
        WHERE e.course = -c.n AND e.role = 'lecturer' AND e.status <> 'withdrawn'
            AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = e.unit)
    )
ON CONFLICT (unit) DO NOTHING

-- part: reject_orphans
-- An enrollment or an attempt of somebody new, whose rows are all rejected; an enrollment in a new course, whose row is.
INSERT INTO file_rejected (unit, value, reason)
SELECT DISTINCT ON (unit) unit, value, reason
FROM (
    SELECT e.unit, e.course_name AS value, 'names a course that is neither here nor in a row that is imported' AS reason
    FROM file_enrollment AS e
    JOIN file_course AS c ON c.n = -e.course
    JOIN file_rejected AS r ON r.unit = c.unit
    UNION ALL
    SELECT named.unit, NULL, 'names somebody who is neither here nor in a row that is imported'
    FROM (SELECT unit, who FROM file_enrollment UNION ALL SELECT unit, who FROM file_attempt) AS named
    WHERE named.who IN (
        SELECT p.who
        FROM file_person AS p
        GROUP BY p.who
        HAVING bool_and(EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = p.unit))
    )
) AS orphans
ORDER BY unit
ON CONFLICT (unit) DO NOTHING

-- part: reject_cells_of_rejected_rows
INSERT INTO file_rejected (unit, value, reason)
SELECT u.unit, NULL, 'belongs to a row that is not imported'
FROM file_unit AS u
JOIN file_rejected AS r ON r.unit = u.row_unit
ON CONFLICT (unit) DO NOTHING

-- part: add_terms
INSERT INTO terms (code, name, starts_on, ends_on)
SELECT code, name, new_starts_on, new_ends_on
FROM file_term AS t
WHERE state = 'added' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = t.unit)
ORDER BY n

-- part: find_terms
UPDATE file_term AS f SET term_id = t.id FROM terms AS t WHERE f.state = 'added' AND t.code = f.code

-- part: change_terms
UPDATE terms AS t
SET name = f.name, starts_on = f.new_starts_on, ends_on = f.new_ends_on
FROM file_term AS f
WHERE f.state = 'changed' AND t.id = f.term_id
    AND (t.name, t.starts_on, t.ends_on) IS DISTINCT FROM (f.name, f.new_starts_on, f.new_ends_on)
    AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = f.unit)

-- part: name_terms
INSERT INTO external_ids (source, kind, external_id, term_id)
SELECT o.system, 'term'::entity_kind, t.source_id, t.term_id
FROM file_term AS t
CROSS JOIN file_option AS o
WHERE t.known_id IS NULL AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = t.unit)

-- part: teachers
-- Of several teachers of a class the first one counts.
CREATE TEMPORARY TABLE file_teacher ON COMMIT DROP AS
SELECT
    e.n, e.unit, e.course,
    coalesce(a.person_id, e.person) AS person_id,
    e.status <> 'withdrawn' AND row_number() OVER (PARTITION BY e.course, e.status <> 'withdrawn' ORDER BY e.n) = 1 AS is_first,
    'unchanged' AS state
FROM file_enrollment AS e
LEFT JOIN file_added_person AS a ON a.who = -e.person
WHERE e.role = 'lecturer' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = e.unit)

-- part: find_lecturers
UPDATE file_course AS f
SET
    term_id = coalesce(
        CASE WHEN unread.unit IS NOT NULL THEN NULL WHEN one.term_n IS NOT NULL THEN term.term_id ELSE one.term_id END,
        here.term_id,
        o.term_id
    ),
    lecturer_id = coalesce(here.lecturer_id, teacher.person_id, o.lecturer_id)
FROM file_course AS one
CROSS JOIN file_option AS o
LEFT JOIN file_term AS term ON term.n = one.term_n
LEFT JOIN file_rejected AS unread ON unread.unit = term.unit
LEFT JOIN courses AS here ON here.id = one.course_id
LEFT JOIN file_teacher AS teacher ON teacher.course = -one.n AND teacher.is_first
WHERE f.n = one.n AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = one.unit)

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
WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = f.unit)

-- part: teacher_states
UPDATE file_teacher AS t
SET state = 'added'
FROM file_course AS c
WHERE c.n = -t.course AND c.state = 'added' AND t.is_first

-- part: teacher_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, u.row_number, u.column_name, e.course_name, 'teaches a course that another lecturer owns: the course stays as it is'
FROM file_teacher AS t
JOIN file_enrollment AS e ON e.n = t.n
JOIN file_unit AS u ON u.unit = t.unit
JOIN file_part AS f ON f.part = u.part
LEFT JOIN file_course AS c ON c.n = -t.course
LEFT JOIN courses AS here ON here.id = t.course
WHERE t.person_id <> coalesce(here.lecturer_id, c.lecturer_id)

-- part: add_courses
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
SELECT code, module_code, title, term_id, lecturer_id, 'import' FROM file_course WHERE state = 'added' ORDER BY n

-- part: change_courses
UPDATE courses AS c
SET title = f.title, module_code = f.module_code, term_id = f.term_id
FROM file_course AS f
WHERE f.state = 'changed' AND c.id = f.course_id AND (c.title, c.module_code, c.term_id) IS DISTINCT FROM (f.title, f.module_code, f.term_id)

-- part: find_courses
UPDATE file_course AS f SET course_id = c.id FROM courses AS c WHERE f.state = 'added' AND c.code = f.code

-- part: name_courses
INSERT INTO external_ids (source, kind, external_id, course_id)
SELECT o.system, 'course'::entity_kind, c.source_id, c.course_id
FROM file_course AS c
CROSS JOIN file_option AS o
WHERE c.known_id IS NULL AND c.state IS NOT NULL

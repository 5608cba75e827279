-- Excuses: whom the file excuses from a quiz, and whom a file of its format excused and it excuses no longer.
--
-- One row of file_excuse: a cell or row that excuses a student. Of file_planned_excuse: such a cell, or one with a score or without a result
--   of a student who is excused in lmskit, with the change to make. Its position is null for a cell that is not counted.
-- Caveats: An excuse by a person, or by files of another format, is not taken back: beside a score the state is "kept" then.
--   Of several cells about one student and quiz the first makes the change; one that excuses comes first.
-- Source: file_excuse_row and file_absent_row, filled by staging.py; the tables of people.sql and attempts.sql.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: excuses
CREATE TEMPORARY TABLE file_excuse ON COMMIT DROP AS
SELECT
    e.n, e.position_id, r.identity, coalesce(r.person_id, -r.identity) AS person, q.quiz, o.course_id,
    CASE
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN r.role <> 'student' THEN 'is a person who is not a student in lmskit'
        WHEN q.reason IS NOT NULL THEN q.reason
        WHEN a.person IS NOT NULL AND NOT e.beside_results THEN 'excuses a student who has a result of the same quiz in another row'
    END AS reason,
    CASE
        WHEN r.reason IS NOT NULL THEN concat_ws(', ', nullif(e.source_id, ''), nullif(e.sis_id, ''), nullif(e.email, ''))
        ELSE q.title
    END AS value
FROM file_excuse_row AS e
CROSS JOIN file_option AS o
JOIN file_person_reference AS r ON r.source_id = e.source_id AND r.sis_id = e.sis_id AND r.email = e.email
JOIN file_quiz AS q ON q.key = e.quiz
LEFT JOIN (SELECT DISTINCT f.quiz, f.person FROM file_attempt AS f WHERE f.reason IS NULL) AS a
    ON a.quiz = q.quiz AND a.person = coalesce(r.person_id, -r.identity)

-- part: reject_excuses
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, value, reason FROM file_excuse WHERE reason IS NOT NULL ORDER BY position_id, n
ON CONFLICT (position_id) DO NOTHING

-- part: planned_excuses
CREATE TEMPORARY TABLE file_planned_excuse ON COMMIT DROP AS
WITH stored AS MATERIALIZED (
    SELECT x.* FROM quiz_exceptions AS x WHERE x.quiz_id = ANY (ARRAY(SELECT f.quiz_id FROM file_quiz AS f))
),

said AS (
    SELECT e.n, e.position_id, f.quiz_id, coalesce(a.person_id, e.person) AS student_id, true AS is_excused, NULL::text AS why
    FROM file_excuse AS e
    JOIN file_quiz AS f ON f.quiz = e.quiz
    LEFT JOIN file_added_person AS a ON a.identity = -e.person
    WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
    UNION ALL
    SELECT w.n, w.position_id, w.quiz_id, w.student_id, false, NULL
    FROM stored AS x
    JOIN file_planned_attempt AS w ON w.quiz_id = x.quiz_id AND w.student_id = x.student_id
    WHERE x.excused
    UNION ALL
    SELECT m.n, NULL, x.quiz_id, x.student_id, false, m.why
    FROM stored AS x
    JOIN file_quiz AS f ON f.quiz_id = x.quiz_id
    JOIN file_absent_row AS m ON m.quiz = f.key
    JOIN file_person_reference AS r ON r.source_id = m.source_id AND r.sis_id = m.sis_id AND r.email = m.email AND r.person_id = x.student_id
    WHERE x.excused AND r.reason IS NULL
        AND NOT EXISTS (SELECT FROM file_rejected AS j WHERE j.position_id = m.row_position_id)
),

ranked AS (
    SELECT
        said.*,
        row_number() OVER (PARTITION BY quiz_id, student_id ORDER BY is_excused DESC, position_id IS NULL ASC, n ASC) = 1 AS is_first
    FROM said
),

results AS (
    -- Of an attempt that is not graded, single answers can be graded, and count.
    SELECT
        a.quiz_id, a.student_id,
        string_agg(coalesce(trim_scale(a.score) || ' of ' || trim_scale(a.max_score), 'not graded'), ', ' ORDER BY a.number) AS scores
    FROM quiz_attempts AS a
    JOIN ranked AS s ON s.quiz_id = a.quiz_id AND s.student_id = a.student_id AND s.is_first AND s.is_excused
    WHERE a.taken_back_at IS NULL AND NOT a.banked
    GROUP BY a.quiz_id, a.student_id
)

SELECT
    s.n, s.position_id, s.why, q.course_id, q.id AS quiz_id, q.week_number, q.title, s.student_id, h.scores,
    CASE
        WHEN s.is_excused THEN CASE WHEN s.is_first AND NOT coalesce(x.excused, false) THEN 'added' ELSE 'unchanged' END
        WHEN s.is_first AND x.excused_by_format = o.format THEN 'changed'
        WHEN s.is_first AND s.position_id IS NOT NULL THEN 'kept'
    END AS state
FROM ranked AS s
JOIN quizzes AS q ON q.id = s.quiz_id
CROSS JOIN file_option AS o
LEFT JOIN stored AS x ON x.quiz_id = s.quiz_id AND x.student_id = s.student_id
LEFT JOIN results AS h ON h.quiz_id = s.quiz_id AND h.student_id = s.student_id

-- part: add_excuses
INSERT INTO quiz_exceptions AS x (course_id, quiz_id, student_id, excused, excused_by_format)
SELECT p.course_id, p.quiz_id, p.student_id, true, o.format
FROM file_planned_excuse AS p
CROSS JOIN file_option AS o
WHERE p.state = 'added'
ORDER BY p.course_id, p.quiz_id, p.student_id
ON CONFLICT (course_id, quiz_id, student_id) DO UPDATE
    SET excused = true, excused_by_format = excluded.excused_by_format, granted_at = now()
    WHERE NOT x.excused

-- part: remove_excuses
DELETE FROM quiz_exceptions AS x
USING file_planned_excuse AS p
WHERE p.state = 'changed' AND x.due_on IS NULL
    AND x.course_id = p.course_id AND x.quiz_id = p.quiz_id AND x.student_id = p.student_id

-- part: leave_more_time
-- Of a student who was excused and has more time.
UPDATE quiz_exceptions AS x
SET excused = false, excused_by_format = NULL
FROM file_planned_excuse AS p
WHERE p.state = 'changed'
    AND x.course_id = p.course_id AND x.quiz_id = p.quiz_id AND x.student_id = p.student_id

-- part: outcomes
-- Excuses that end by a cell that is not counted.
SELECT m.part, m.row_number, m.column_name, concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))) || ' · ' || p.title, p.why
FROM file_planned_excuse AS p
JOIN file_absent_row AS m ON m.n = p.n
JOIN users AS u ON u.id = p.student_id
WHERE p.state = 'changed' AND p.position_id IS NULL
ORDER BY p.n

-- part: students
SELECT p.state, concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))) || ' · ' || p.title, coalesce(p.scores, '')
FROM file_planned_excuse AS p
JOIN users AS u ON u.id = p.student_id
WHERE p.state IN ('changed', 'kept') OR (p.state = 'added' AND p.scores IS NOT NULL)
ORDER BY p.n

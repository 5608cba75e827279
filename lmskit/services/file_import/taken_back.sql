-- Results that no longer count, since the file says that there is no score any more.
--
-- One row of file_taken_back: a stored result whose cell in the file is now blank, not assigned or the like.
--   Of file_missing_result: a stored result of a student whom no row of the file names, at a quiz of the file.
-- Caveats: Only totals are taken back, since only they came from such a cell; attempts that a report described stay, with a warning.
--   What was taken back once is not taken back again, and counts again once a file has a score for it (attempts.sql).
--   Totals from before there was a mark for them are recognised as attempts.sql does.
-- Source: file_absent_row, filled by staging.py; the tables of people.sql and attempts.sql, once attempts are written.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: taken_back
CREATE TEMPORARY TABLE file_taken_back ON COMMIT DROP AS
SELECT DISTINCT ON (a.id)
    a.id AS attempt_id, a.student_id, a.course_id, q.week_number, q.title, a.score, a.max_score, m.n, m.part, m.row_number, m.column_name, m.why,
    CASE
        WHEN a.number = 1 AND a.answers = '[]' AND a.started_at IS NULL
            AND (a.is_total OR coalesce((a.submitted_at AT TIME ZONE 'UTC')::time = TIME '12:00', false)) THEN 'a total'
        ELSE 'an attempt'
    END AS kind
FROM file_absent_row AS m
JOIN file_person_reference AS r ON r.source_id = m.source_id AND r.sis_id = m.sis_id AND r.email = m.email
JOIN file_quiz AS f ON f.key = m.quiz AND f.reason IS NULL
JOIN quizzes AS q ON q.id = f.quiz_id
JOIN quiz_attempts AS a ON a.quiz_id = q.id AND a.student_id = r.person_id
WHERE r.reason IS NULL
    AND a.origin = 'import'
    AND a.score IS NOT NULL
    AND a.taken_back_at IS NULL
    AND NOT a.banked
    AND NOT EXISTS (SELECT FROM file_rejected AS x WHERE x.position_id = m.row_position_id)
    AND NOT EXISTS (SELECT FROM file_attempt AS other WHERE other.quiz = f.quiz AND other.person = r.person_id)
ORDER BY a.id, m.n

-- part: take_back
UPDATE quiz_attempts AS a
SET taken_back_at = now()
FROM file_taken_back AS t
WHERE t.attempt_id = a.id AND t.kind = 'a total'

-- part: kept_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT t.part, t.row_number, t.column_name, t.why, 'has no score in the file, and attempts with answers in lmskit, which stay'
FROM file_taken_back AS t
WHERE t.kind = 'an attempt'
GROUP BY t.part, t.row_number, t.column_name, t.why

-- part: outcomes
SELECT
    t.part, t.row_number, t.column_name, 'changed', concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))) || ' · ' || t.title,
    'taken back: ' || t.why, trim_scale(t.score) || ' of ' || trim_scale(t.max_score), 'no longer counts'
FROM file_taken_back AS t
JOIN users AS u ON u.id = t.student_id
WHERE t.kind = 'a total'
ORDER BY t.n

-- part: missing_results
CREATE TEMPORARY TABLE file_missing_result ON COMMIT DROP AS
SELECT a.id AS attempt_id, a.student_id, a.course_id, q.id AS quiz_id, q.week_number
FROM file_quiz AS f
JOIN quizzes AS q ON q.id = f.quiz_id
JOIN quiz_attempts AS a ON a.quiz_id = q.id
JOIN student_enrollments AS e ON e.course_id = a.course_id AND e.student_id = a.student_id
WHERE f.reason IS NULL
    AND e.status <> 'withdrawn'
    AND a.origin = 'import'
    AND a.score IS NOT NULL
    AND a.taken_back_at IS NULL
    AND NOT a.banked
    AND NOT EXISTS (SELECT FROM file_person_reference AS r WHERE r.person_id = a.student_id)
    AND NOT EXISTS (SELECT FROM file_added_person AS p WHERE p.person_id = a.student_id)

-- part: missing_students
SELECT
    concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))) AS name, count(DISTINCT m.quiz_id) AS n_quizzes, count(*) AS n_results
FROM file_missing_result AS m
JOIN users AS u ON u.id = m.student_id
GROUP BY u.id
ORDER BY u.sort_name, u.id

-- part: result_counts
SELECT
    count(DISTINCT a.student_id) AS n_students,
    count(DISTINCT a.student_id) FILTER (WHERE EXISTS (SELECT FROM file_missing_result AS m WHERE m.student_id = a.student_id)) AS n_missing,
    EXISTS (SELECT FROM file_rejected AS r JOIN file_enrollment AS e ON e.position_id = r.position_id) AS is_rejected
FROM file_quiz AS f
JOIN quiz_attempts AS a ON a.quiz_id = f.quiz_id
JOIN student_enrollments AS e ON e.course_id = a.course_id AND e.student_id = a.student_id
WHERE e.status <> 'withdrawn' AND a.score IS NOT NULL AND a.taken_back_at IS NULL AND NOT a.banked

-- part: removed_results
SELECT
    concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))) || ' · ' || q.title,
    trim_scale(a.score) || ' of ' || trim_scale(a.max_score)
FROM file_missing_result AS m
JOIN quiz_attempts AS a ON a.id = m.attempt_id
JOIN quizzes AS q ON q.id = m.quiz_id
JOIN users AS u ON u.id = m.student_id
ORDER BY u.sort_name, u.id, q.week_number, q.id, a.number, a.id

-- part: take_missing_back
UPDATE quiz_attempts AS a
SET taken_back_at = now()
FROM file_missing_result AS m
WHERE m.attempt_id = a.id

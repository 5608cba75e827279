-- What became of every unit of the files.
--
-- One row of file_state: what one record did to its unit. Of file_outcome: a unit with its state.
-- Caveats: A unit with several records is added if one of them is, else changed if one is. Rejected units have no other state.
-- Source: the tables of people.sql, courses.sql, enrollments.sql and attempts.sql, once everything is written.
--
-- Each part begins with a line "-- part: <name>" and is one statement.

-- part: outcomes
CREATE TEMPORARY TABLE file_outcome ON COMMIT DROP AS
WITH record_states AS (
    SELECT unit, state, CASE WHEN state = 'changed' THEN 'the term' END AS change FROM file_term
    UNION ALL
    SELECT unit, state, CASE WHEN state = 'changed' THEN 'the course' END FROM file_course
    UNION ALL
    SELECT p.unit, CASE WHEN p.n = t.first_n THEN t.state ELSE 'unchanged' END,
        CASE WHEN p.n = t.first_n AND t.state = 'changed' THEN concat_ws(
            ', ',
            CASE WHEN t.is_renamed THEN 'name, was ' || concat_ws(', ', t.known_family_name, nullif(t.known_given_name, '')) END,
            CASE WHEN t.is_readdressed THEN 'address, was ' || coalesce(t.known_email, 'none') END,
            CASE WHEN t.has_new_id THEN 'new id' END
        ) END
    FROM file_person AS p
    JOIN file_taken_person AS t ON t.who = p.who
    UNION ALL
    SELECT e.unit, coalesce(t.state, p.state, 'unchanged'),
        CASE WHEN p.state = 'changed' THEN concat_ws(
            ', ',
            CASE WHEN p.old_status <> p.new_status THEN p.new_status || ', was ' || p.old_status ELSE 'days of enrollment' END,
            CASE WHEN p.is_notified THEN 'pending until the message is accepted' END
        ) WHEN p.state = 'added' AND p.is_notified THEN 'pending until the message is accepted' END
    FROM file_enrollment AS e
    LEFT JOIN file_teacher AS t ON t.n = e.n
    LEFT JOIN file_place AS p ON p.n = e.n
    UNION ALL
    SELECT w.unit, w.state, CASE WHEN w.state = 'changed' THEN 'the attempt' END FROM file_written AS w
),

units AS (
    SELECT
        s.unit,
        min(array_position(ARRAY['added', 'changed', 'unchanged'], s.state)) AS rank,
        string_agg(DISTINCT s.change, '; ') AS change
    FROM record_states AS s
    GROUP BY s.unit
)

SELECT
    u.unit, u.part, u.row_number, u.column_name,
    CASE WHEN r.unit IS NOT NULL THEN 'rejected' ELSE (ARRAY['added', 'changed', 'unchanged'])[units.rank] END AS state,
    CASE WHEN r.unit IS NOT NULL THEN r.reason ELSE units.change END AS reason,
    r.value
FROM file_unit AS u
LEFT JOIN units ON units.unit = u.unit
LEFT JOIN file_rejected AS r ON r.unit = u.unit

-- part: rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT f.name, o.row_number, o.column_name, CASE WHEN length(o.value) > 200 THEN left(o.value, 199) || '…' ELSE o.value END, o.reason
FROM file_outcome AS o
JOIN file_part AS f ON f.part = o.part
WHERE o.state = 'rejected'

-- part: unit_states
SELECT f.name, o.state, count(*) FROM file_outcome AS o JOIN file_part AS f ON f.part = o.part GROUP BY f.name, o.state

-- part: entity_states
SELECT 'terms' AS kind, t.state, count(*)
FROM file_term AS t
WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.unit = t.unit)
GROUP BY t.state
UNION ALL
SELECT 'courses', state, count(*) FROM file_course WHERE state IS NOT NULL GROUP BY state
UNION ALL
SELECT CASE role WHEN 'student' THEN 'students' WHEN 'lecturer' THEN 'lecturers' ELSE 'administrators' END, state, count(*)
FROM file_taken_person
WHERE NOT is_twin
GROUP BY 1, state
UNION ALL
SELECT 'enrollments', state, count(*) FROM file_place GROUP BY state
UNION ALL
SELECT 'quizzes', state, count(*) FROM file_quiz WHERE state IS NOT NULL GROUP BY state
UNION ALL
SELECT 'attempts', state, count(*) FROM file_written WHERE NOT is_compared GROUP BY state

-- part: listed
-- The first outcomes, each with who and what it is about.
WITH listed AS MATERIALIZED (
    SELECT o.unit, f.position, f.name, o.row_number, o.column_name, o.state, o.reason
    FROM file_outcome AS o
    JOIN file_part AS f ON f.part = o.part
    ORDER BY f.position, o.row_number, o.unit
    LIMIT 100000
),

labels AS (
    SELECT p.unit, p.n, concat_ws(', ', nullif(p.family_name, ''), nullif(p.given_name, '')) AS person, NULL AS thing
    FROM file_person AS p
    UNION ALL
    SELECT e.unit, e.n, concat_ws(', ', coalesce(t.family_name, u.family_name), nullif(coalesce(t.given_name, u.given_name), '')),
        coalesce(c.code, course.code, e.course_name)
    FROM file_enrollment AS e
    LEFT JOIN file_taken_person AS t ON t.who = e.who
    LEFT JOIN users AS u ON u.id = e.person AND t.family_name IS NULL
    LEFT JOIN file_course AS c ON c.n = -e.course
    LEFT JOIN courses AS course ON course.id = e.course
    UNION ALL
    SELECT a.unit, a.n, concat_ws(', ', coalesce(t.family_name, u.family_name), nullif(coalesce(t.given_name, u.given_name), '')), q.title
    FROM file_attempt AS a
    LEFT JOIN file_taken_person AS t ON t.who = a.who
    LEFT JOIN users AS u ON u.id = a.person AND t.family_name IS NULL
    LEFT JOIN file_quiz AS q ON q.quiz = a.quiz
    UNION ALL
    SELECT c.unit, c.n, NULL, c.code FROM file_course AS c
    UNION ALL
    SELECT t.unit, t.n, NULL, t.code FROM file_term AS t
),

about AS (
    SELECT
        l.unit,
        (array_agg(l.person ORDER BY l.n) FILTER (WHERE l.person <> ''))[1] AS person,
        string_agg(DISTINCT l.thing, ', ') FILTER (WHERE l.thing <> '') AS thing
    FROM labels AS l
    JOIN listed ON listed.unit = l.unit
    GROUP BY l.unit
)

SELECT l.name, l.row_number, l.column_name, l.state, concat_ws(' · ', a.person, a.thing), coalesce(l.reason, '')
FROM listed AS l
LEFT JOIN about AS a ON a.unit = l.unit
ORDER BY l.position, l.row_number, l.unit

-- part: temporary_tables
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND (relname LIKE 'file\_%' OR relname LIKE 'import\_%')

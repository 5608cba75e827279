-- The outcome of every row and cell of the files.
--
-- One row of file_outcome: a position in the files with its state: added, changed, unchanged or rejected.
-- Caveats: A row with several records is added if one of them is added, else changed if one is changed. A rejected row has no other state.
-- Source: the tables of people.sql, courses.sql, enrollments.sql, attempts.sql and excuses.sql, once everything is written.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: outcomes
CREATE TEMPORARY TABLE file_outcome ON COMMIT DROP AS
WITH record_states AS (
    SELECT
        t.position_id, t.n, t.state,
        CASE WHEN t.state = 'changed' THEN concat_ws(
            ', ', CASE WHEN has_name THEN 'name' END, CASE WHEN has_days THEN 'days of the term' END, CASE WHEN t.known_id IS NULL THEN 'new id' END
        ) END AS change,
        concat_ws('; ', CASE WHEN has_name THEN t.old_name END, CASE WHEN has_days THEN t.old_starts_on || ' to ' || t.old_ends_on END) AS before,
        concat_ws('; ', CASE WHEN has_name THEN t.name END, CASE WHEN has_days THEN t.new_starts_on || ' to ' || t.new_ends_on END) AS after
    FROM file_term AS t
    CROSS JOIN LATERAL (
        SELECT
            t.state = 'changed' AND t.name IS DISTINCT FROM t.old_name AS has_name,
            t.state = 'changed' AND (t.new_starts_on, t.new_ends_on) IS DISTINCT FROM (t.old_starts_on, t.old_ends_on) AS has_days
    ) AS differs
    UNION ALL
    SELECT
        c.position_id, c.n, c.state,
        CASE WHEN c.state = 'changed' THEN concat_ws(
            ', ', CASE WHEN has_title THEN 'title' END, CASE WHEN has_module THEN 'module' END, CASE WHEN has_term THEN 'term' END,
            CASE WHEN c.known_id IS NULL THEN 'new id' END
        ) END,
        concat_ws(
            '; ', CASE WHEN has_title THEN c.old_title END, CASE WHEN has_module THEN c.old_module_code END,
            CASE WHEN has_term THEN (SELECT t.code FROM terms AS t WHERE t.id = c.old_term_id) END
        ),
        concat_ws(
            '; ', CASE WHEN has_title THEN c.title END, CASE WHEN has_module THEN c.module_code END,
            CASE WHEN has_term THEN (SELECT t.code FROM terms AS t WHERE t.id = c.term_id) END
        )
    FROM file_course AS c
    CROSS JOIN LATERAL (
        SELECT
            c.state = 'changed' AND c.title IS DISTINCT FROM c.old_title AS has_title,
            c.state = 'changed' AND c.module_code IS DISTINCT FROM c.old_module_code AS has_module,
            c.state = 'changed' AND c.term_id IS DISTINCT FROM c.old_term_id AS has_term
    ) AS differs
    UNION ALL
    SELECT p.position_id, p.n, CASE WHEN p.n = t.first_n THEN t.state ELSE 'unchanged' END,
        CASE WHEN p.n = t.first_n AND t.state = 'changed' THEN concat_ws(
            ', ', CASE WHEN t.is_renamed THEN 'name' END, CASE WHEN t.is_readdressed THEN 'address' END, CASE WHEN t.has_new_id THEN 'new id' END
        ) END,
        CASE WHEN p.n = t.first_n AND t.state = 'changed' THEN concat_ws(
            '; ',
            CASE WHEN t.is_renamed THEN concat_ws(', ', t.known_family_name, nullif(t.known_given_name, '')) END,
            CASE WHEN t.is_readdressed THEN coalesce(t.known_email, 'no address') END
        ) END,
        CASE WHEN p.n = t.first_n AND t.state = 'changed' THEN concat_ws(
            '; ',
            CASE WHEN t.is_renamed THEN concat_ws(', ', t.family_name, nullif(t.given_name, '')) END,
            CASE WHEN t.is_readdressed THEN t.email END
        ) END
    FROM file_person AS p
    JOIN file_planned_person AS t ON t.identity = p.identity
    UNION ALL
    SELECT e.position_id, e.n, coalesce(t.state, p.state, 'unchanged'),
        CASE WHEN p.state = 'changed' THEN concat_ws(
            ', ',
            CASE WHEN p.old_status <> p.new_status THEN 'status of enrollment' ELSE 'days of enrollment' END,
            CASE WHEN p.is_notified THEN 'pending until the message is accepted' END
        ) WHEN p.state = 'added' AND p.is_notified THEN 'pending until the message is accepted' END,
        CASE WHEN p.state <> 'changed' THEN NULL WHEN p.old_status <> p.new_status THEN p.old_status
            ELSE concat_ws(' ', 'from ' || p.old_started_on, 'to ' || p.old_ended_on) END,
        CASE WHEN p.state <> 'changed' THEN NULL WHEN p.old_status <> p.new_status THEN p.new_status
            ELSE concat_ws(' ', 'from ' || p.new_started_on, 'to ' || p.new_ended_on) END
    FROM file_enrollment AS e
    LEFT JOIN file_teacher AS t ON t.n = e.n
    LEFT JOIN file_planned_enrollment AS p ON p.n = e.n
    UNION ALL
    SELECT s.position_id, s.n, 'changed', s.kind, array_to_string(s.old_names, ', '), array_to_string(s.names, ', ')
    FROM file_planned_section AS s
    UNION ALL
    -- Of an excuse that is new, the scores that no longer count are a change.
    SELECT
        x.position_id, x.n, CASE WHEN x.state = 'added' AND x.scores IS NOT NULL THEN 'changed' ELSE x.state END,
        CASE x.state WHEN 'added' THEN 'excuse added' WHEN 'changed' THEN 'excuse taken back' END,
        CASE WHEN x.state = 'added' THEN x.scores END, CASE WHEN x.state = 'added' AND x.scores IS NOT NULL THEN 'no longer counts' END
    FROM file_planned_excuse AS x
    WHERE x.position_id IS NOT NULL AND x.state IN ('added', 'changed', 'unchanged')
    UNION ALL
    SELECT
        w.position_id, w.n, w.state,
        CASE WHEN w.state = 'changed' THEN coalesce(nullif(concat_ws(
            ', ',
            CASE WHEN c.was_taken_back THEN 'counts again' END,
            CASE WHEN has_score THEN 'score' END,
            CASE WHEN c.answers IS DISTINCT FROM c.old_answers THEN 'answers' END,
            CASE WHEN c.feedback IS DISTINCT FROM c.old_feedback THEN 'feedback' END,
            CASE WHEN w.number IS DISTINCT FROM c.old_number THEN 'number of the attempt' END,
            CASE WHEN (w.started_at, w.submitted_at) IS DISTINCT FROM (c.old_started_at, c.old_submitted_at) THEN 'times' END
        ), ''), 'the attempt') END,
        concat_ws(
            ', ',
            CASE WHEN has_score THEN coalesce(trim_scale(c.old_score) || ' of ' || trim_scale(c.old_max_score), 'no score') END,
            CASE WHEN has_time THEN coalesce(to_char(c.old_submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'time unknown') END
        ),
        concat_ws(
            ', ',
            CASE WHEN has_score THEN coalesce(trim_scale(w.score) || ' of ' || trim_scale(w.max_score), 'no score') END,
            CASE WHEN has_time THEN coalesce(to_char(w.submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), 'time unknown') END
        )
    FROM file_planned_attempt AS w
    LEFT JOIN file_compared_attempt AS c ON c.n = w.n AND w.state = 'changed'
    CROSS JOIN LATERAL (
        SELECT
            w.state = 'changed' AND (w.score, w.max_score) IS DISTINCT FROM (c.old_score, c.old_max_score) AS has_score,
            w.state = 'changed' AND w.submitted_at IS DISTINCT FROM c.old_submitted_at AS has_time
    ) AS differs
),

positions AS (
    SELECT s.position_id, min(CASE s.state WHEN 'added' THEN 1 WHEN 'changed' THEN 2 WHEN 'unchanged' THEN 3 END) AS rank
    FROM record_states AS s
    GROUP BY s.position_id
),

-- Few records change something that is there.
changes AS (
    SELECT
        s.position_id,
        string_agg(s.change, '; ' ORDER BY s.n, s.change) AS change,
        coalesce(string_agg(nullif(s.before, ''), '; ' ORDER BY s.n, s.change), '') AS before,
        coalesce(string_agg(nullif(s.after, ''), '; ' ORDER BY s.n, s.change), '') AS after
    FROM record_states AS s
    WHERE s.change IS NOT NULL
    GROUP BY s.position_id
)

SELECT
    pos.position_id, pos.part, pos.row_number, pos.column_name,
    CASE WHEN r.position_id IS NOT NULL THEN 'rejected' ELSE (ARRAY['added', 'changed', 'unchanged'])[positions.rank] END AS state,
    CASE WHEN r.position_id IS NOT NULL THEN r.reason ELSE changes.change END AS reason,
    CASE WHEN r.position_id IS NULL THEN coalesce(changes.before, '') ELSE '' END AS before,
    CASE WHEN r.position_id IS NULL THEN coalesce(changes.after, '') ELSE '' END AS after,
    r.value
FROM file_position AS pos
LEFT JOIN positions ON positions.position_id = pos.position_id
LEFT JOIN changes ON changes.position_id = pos.position_id
LEFT JOIN file_rejected AS r ON r.position_id = pos.position_id

-- part: rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT f.name, o.row_number, o.column_name, CASE WHEN length(o.value) > 200 THEN left(o.value, 199) || '…' ELSE o.value END, o.reason
FROM file_outcome AS o
JOIN file_part AS f ON f.part = o.part
WHERE o.state = 'rejected'

-- part: position_states
SELECT f.name, o.state, count(*) FROM file_outcome AS o JOIN file_part AS f ON f.part = o.part GROUP BY f.name, o.state

-- part: entity_states
SELECT 'terms' AS kind, t.state, count(*)
FROM file_term AS t
WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = t.position_id)
GROUP BY t.state
UNION ALL
SELECT 'courses', state, count(*) FROM file_course WHERE state IS NOT NULL GROUP BY state
UNION ALL
SELECT CASE role WHEN 'student' THEN 'students' WHEN 'lecturer' THEN 'lecturers' ELSE 'administrators' END, state, count(*)
FROM file_planned_person
WHERE NOT is_twin
GROUP BY 1, state
UNION ALL
SELECT 'enrollments', state, count(*) FROM file_planned_enrollment GROUP BY state
UNION ALL
SELECT 'quizzes', state, count(*) FROM file_quiz WHERE state IS NOT NULL GROUP BY state
UNION ALL
SELECT 'attempts', state, count(*) FROM file_planned_attempt WHERE NOT is_compared GROUP BY state
UNION ALL
SELECT 'excuses', state, count(*) FROM file_planned_excuse WHERE state IN ('added', 'changed', 'unchanged') GROUP BY state

-- part: first_outcomes
-- The outcomes that are listed, each with the person and the thing that it is about. If there are too many, rows that change
-- nothing are left out first, and rows that add something next.
WITH listed AS MATERIALIZED (
    SELECT o.position_id, f.part_order, f.name, o.row_number, o.column_name, o.state, o.reason, o.before, o.after
    FROM file_outcome AS o
    JOIN file_part AS f ON f.part = o.part
    ORDER BY coalesce(array_position(ARRAY['added', 'unchanged'], o.state), 0), f.part_order, o.row_number, o.position_id
    LIMIT 100000
),

of_people AS (
    SELECT p.position_id, p.n, p.identity, NULL::bigint AS person, p.family_name, p.given_name, NULL AS thing
    FROM file_person AS p
    UNION ALL
    SELECT e.position_id, e.n, e.identity, e.person, NULL, NULL, coalesce(c.code, course.code, e.course_name)
    FROM file_enrollment AS e
    LEFT JOIN file_course AS c ON c.n = -e.course
    LEFT JOIN courses AS course ON course.id = e.course
    UNION ALL
    SELECT a.position_id, a.n, a.identity, a.person, NULL, NULL, q.title
    FROM (
        SELECT position_id, n, identity, person, quiz FROM file_attempt
        UNION ALL
        SELECT position_id, n, identity, person, quiz FROM file_excuse
    ) AS a
    LEFT JOIN file_quiz AS q ON q.quiz = a.quiz
),

-- Whom lmskit knows is called as in its lists.
labels AS (
    SELECT
        r.position_id, r.n,
        CASE
            WHEN u.id IS NOT NULL THEN concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, '')))
            ELSE concat_ws(', ', nullif(coalesce(r.family_name, t.family_name), ''), nullif(coalesce(r.given_name, t.given_name), ''))
        END AS person,
        r.thing
    FROM of_people AS r
    LEFT JOIN file_planned_person AS t ON t.identity = r.identity
    LEFT JOIN users AS u ON u.id = coalesce(t.person_id, r.person)
    UNION ALL
    SELECT c.position_id, c.n, NULL, c.code FROM file_course AS c
    UNION ALL
    SELECT t.position_id, t.n, NULL, t.code FROM file_term AS t
),

found AS MATERIALIZED (
    SELECT l.* FROM labels AS l JOIN listed ON listed.position_id = l.position_id
),

about AS (
    SELECT
        f.position_id,
        min(f.person) FILTER (WHERE f.person <> '') AS person, max(f.person) AS last_person,
        min(f.thing) FILTER (WHERE f.thing <> '') AS thing, max(f.thing) AS last_thing
    FROM found AS f
    GROUP BY f.position_id
),

-- Few rows name several people or things.
about_several AS (
    SELECT
        f.position_id,
        (array_agg(f.person ORDER BY f.n) FILTER (WHERE f.person <> ''))[1] AS person,
        string_agg(DISTINCT f.thing, ', ') FILTER (WHERE f.thing <> '') AS thing
    FROM found AS f
    WHERE f.position_id IN (SELECT a.position_id FROM about AS a WHERE a.person <> a.last_person OR a.thing <> a.last_thing)
    GROUP BY f.position_id
)

SELECT
    l.name, l.row_number, l.column_name, l.state,
    CASE WHEN s.position_id IS NULL THEN concat_ws(' · ', a.person, a.thing) ELSE concat_ws(' · ', s.person, s.thing) END,
    coalesce(l.reason, ''), l.before, l.after
FROM listed AS l
LEFT JOIN about AS a ON a.position_id = l.position_id
LEFT JOIN about_several AS s ON s.position_id = l.position_id
ORDER BY l.part_order, l.row_number, l.position_id

-- part: temporary_tables
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND (relname LIKE 'file\_%' OR relname LIKE 'import\_%')

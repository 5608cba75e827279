-- Enrollments of students: what the file says, what is stored, and the change to make.
--
-- One row of file_planned_enrollment: a student in a course, with the row of the file that counts (n).
--   The id of a new student whom a dry run only plans is the negative number of the identity.
--   Of file_missing_enrollment: a student who is enrolled in a course of the file and is not in the file.
-- Caveats: Several rows may be about one enrollment, such as sections of a course: active counts before completed, completed before
--   withdrawn. A completed enrollment stays completed. An enrollment that waits for its message stays pending unless it is withdrawn.
-- Source: file_enrollment (courses.sql), once people and courses are written.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: planned_enrollments
CREATE TEMPORARY TABLE file_planned_enrollment ON COMMIT DROP AS
WITH accepted AS (
    SELECT
        e.n, e.position_id, e.identity, e.status, e.started_on, e.ended_on, e.is_implied,
        coalesce(c.course_id, e.course) AS course_id,
        coalesce(a.person_id, e.person) AS student_id
    FROM file_enrollment AS e
    LEFT JOIN file_added_person AS a ON a.identity = -e.person
    LEFT JOIN file_course AS c ON c.n = -e.course
    WHERE e.role = 'student' AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
),

ranked AS (
    SELECT
        accepted.*,
        row_number() OVER (
            PARTITION BY course_id, student_id ORDER BY is_implied, array_position(ARRAY['active', 'completed', 'withdrawn'], status), n
        ) AS rank
    FROM accepted
),

compared AS (
    SELECT
        r.*,
        t.starts_on AS term_starts_on,
        e.status::text AS old_status, e.previous_status::text AS old_previous_status, e.request_sequence AS old_sequence,
        e.started_on AS old_started_on, e.ended_on AS old_ended_on,
        CASE
            WHEN e.status = 'completed' OR (e.status = 'pending' AND r.status = 'active') OR (e.status IS NOT NULL AND r.is_implied)
                THEN e.status::text
            ELSE r.status
        END AS new_status
    FROM ranked AS r
    JOIN courses AS c ON c.id = r.course_id
    JOIN terms AS t ON t.id = c.term_id
    LEFT JOIN student_enrollments AS e ON e.course_id = r.course_id AND e.student_id = r.student_id
    WHERE r.rank = 1
),

begun AS (
    SELECT
        compared.*,
        CASE
            WHEN old_status IS NOT NULL AND (is_implied OR (old_status = 'pending' AND new_status = 'pending')) THEN old_started_on
            ELSE coalesce(started_on, old_started_on, least(term_starts_on, ended_on))
        END AS new_started_on
    FROM compared
),

ended AS (
    SELECT
        begun.*,
        CASE
            WHEN new_status NOT IN ('withdrawn', 'completed') THEN NULL
            WHEN is_implied AND old_status IS NOT NULL THEN old_ended_on
            WHEN ended_on IS NOT NULL AND (old_status IS DISTINCT FROM 'completed' OR status = 'completed')
                THEN greatest(ended_on, new_started_on)
            WHEN old_status = new_status AND old_ended_on IS NOT NULL THEN greatest(old_ended_on, new_started_on)
            WHEN old_status = new_status THEN NULL
            WHEN new_status = 'withdrawn' AND old_status IS NOT NULL THEN greatest(o.today, new_started_on)
        END AS new_ended_on
    FROM begun
    CROSS JOIN file_option AS o
)

SELECT
    ended.n, ended.position_id, ended.identity, ended.course_id, ended.student_id, ended.status, ended.is_implied, ended.old_status, ended.old_previous_status, ended.old_sequence,
    ended.old_started_on, ended.old_ended_on, ended.new_status, ended.new_started_on, ended.new_ended_on,
    u.email AS address,
    CASE
        WHEN old_status IS NULL THEN 'added'
        WHEN (old_status, old_started_on, old_ended_on) IS DISTINCT FROM (new_status, new_started_on, new_ended_on) THEN 'changed'
        ELSE 'unchanged'
    END AS state,
    -- Students who begin or return get a message, if their address receives mail.
    o.notify AND new_status = 'active' AND old_status IS DISTINCT FROM 'active' AND old_status IS DISTINCT FROM 'completed'
        AND u.email IS NOT NULL AND u.email !~* '[.@]invalid$' AS is_notified
FROM ended
CROSS JOIN file_option AS o
LEFT JOIN users AS u ON u.id = ended.student_id

-- part: enrollment_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, pos.row_number, pos.column_name, warning.value, warning.reason
FROM file_planned_enrollment AS p
JOIN file_position AS pos ON pos.position_id = p.position_id
JOIN file_part AS f ON f.part = pos.part
CROSS JOIN file_option AS o
CROSS JOIN LATERAL (VALUES
    (NOT p.is_implied AND p.old_status = 'completed' AND p.status <> 'completed', p.status, 'has completed the course in lmskit: stays completed'),
    (NOT p.is_implied AND p.old_status = 'pending' AND p.new_status = 'pending', 'pending', 'is pending in lmskit until its message is accepted: stays pending'),
    (
        o.notify AND NOT p.is_notified AND p.new_status = 'active' AND (p.old_status IS NULL OR p.old_status = 'withdrawn'),
        p.address, 'has no e-mail address that receives mail: enrolled without a message'
    )
) AS warning (applies, value, reason)
WHERE (o.notify OR p.old_status IN ('completed', 'pending')) AND warning.applies
UNION ALL
SELECT f.name, pos.row_number, pos.column_name, e.course_name, 'is in several rows with different statuses: active counts before completed, completed before withdrawn'
FROM file_enrollment AS e
JOIN file_position AS pos ON pos.position_id = e.position_id
JOIN file_part AS f ON f.part = pos.part
LEFT JOIN file_added_person AS a ON a.identity = -e.person
LEFT JOIN file_course AS c ON c.n = -e.course
JOIN file_planned_enrollment AS p ON p.course_id = coalesce(c.course_id, e.course) AND p.student_id = coalesce(a.person_id, e.person)
WHERE e.role = 'student' AND e.n NOT IN (SELECT counts.n FROM file_planned_enrollment AS counts) AND e.status <> p.status AND NOT e.is_implied
    AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)

-- part: possible_duplicates
-- A new person with the name of another student of the course, before the enrollments of the file are added.
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT
    f.name, pos.row_number, pos.column_name,
    format(
        '%s; in lmskit: %s',
        concat_ws(', ', t.family_name, nullif(t.given_name, '')),
        concat_ws(', ', (SELECT string_agg(x.external_id, ', ' ORDER BY x.source) FROM external_ids AS x WHERE x.person_id = known.id), known.email)
    ),
    'is new and has the name of another student of the course: possibly a duplicate'
FROM file_planned_enrollment AS p
JOIN file_planned_person AS t ON t.identity = p.identity AND t.state = 'added'
JOIN (
    SELECT DISTINCT ON (e.course_id, named.name) e.course_id, named.name, u.id, u.email
    FROM student_enrollments AS e
    JOIN users AS u ON u.id = e.student_id
    CROSS JOIN LATERAL (VALUES (translate(u.sort_name, '’‘ʼ', ''''''''))) AS named (name)
    WHERE e.course_id IN (SELECT c.course_id FROM file_planned_enrollment AS c WHERE c.state = 'added')
    ORDER BY e.course_id, named.name, u.id
) AS known ON known.course_id = p.course_id AND known.name = translate(t.sort_name, '’‘ʼ', '''''''')
JOIN file_position AS pos ON pos.position_id = p.position_id
JOIN file_part AS f ON f.part = pos.part
WHERE p.state = 'added'

-- part: add_enrollments
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
SELECT p.course_id, p.student_id, (CASE WHEN p.is_notified THEN 'pending' ELSE p.new_status END)::enrollment_status, 'import', p.new_started_on,
    p.new_ended_on
FROM file_planned_enrollment AS p
CROSS JOIN file_option AS o
WHERE p.state = 'added' AND (p.student_id > 0 OR NOT o.dry_run)
ORDER BY p.course_id, p.student_id

-- part: change_enrollments
UPDATE student_enrollments AS e
SET
    status = (CASE WHEN p.is_notified THEN 'pending' ELSE p.new_status END)::enrollment_status,
    previous_status = CASE WHEN p.is_notified THEN e.status END,
    request_sequence = e.request_sequence + p.is_notified::integer,
    started_on = p.new_started_on,
    ended_on = p.new_ended_on
FROM file_planned_enrollment AS p
WHERE p.state = 'changed' AND e.course_id = p.course_id AND e.student_id = p.student_id

-- part: cancel_messages
-- Of students who waited for their message and are withdrawn or have completed now.
UPDATE outbox AS m
SET status = 'refused', last_error = 'withdrawn before the message was sent', leased_until = NULL
FROM file_planned_enrollment AS p
WHERE p.old_status = 'pending' AND p.new_status <> 'pending'
    AND m.course_id = p.course_id AND m.student_id = p.student_id AND m.request_sequence = p.old_sequence
    AND m.status = 'waiting' AND (m.leased_until IS NULL OR m.leased_until < clock_timestamp())

-- part: raise_sequences
-- An enrollment that was removed because its message was refused leaves its message behind, whose number is not used again.
UPDATE student_enrollments AS e
SET request_sequence = greatest(e.request_sequence, sent.last + 1)
FROM file_planned_enrollment AS p
CROSS JOIN LATERAL (
    SELECT max(m.request_sequence) AS last FROM outbox AS m WHERE m.course_id = p.course_id AND m.student_id = p.student_id
) AS sent
WHERE p.is_notified AND p.state <> 'unchanged' AND e.course_id = p.course_id AND e.student_id = p.student_id AND sent.last >= e.request_sequence

-- part: messages
SELECT
    e.course_id, e.student_id, e.request_sequence, u.email, u.family_name, coalesce(nullif(u.preferred_name, ''), u.given_name) AS given_name,
    c.code, c.title, t.name AS term, p.old_ended_on AS ended_before
FROM file_planned_enrollment AS p
JOIN student_enrollments AS e ON e.course_id = p.course_id AND e.student_id = p.student_id
JOIN users AS u ON u.id = p.student_id
JOIN courses AS c ON c.id = p.course_id
JOIN terms AS t ON t.id = c.term_id
WHERE p.is_notified AND p.state <> 'unchanged'
ORDER BY e.course_id, e.student_id

-- part: missing_enrollments
CREATE TEMPORARY TABLE file_missing_enrollment ON COMMIT DROP AS
SELECT
    e.course_id, e.student_id, e.status::text AS old_status, e.previous_status::text AS old_previous_status, e.request_sequence,
    e.origin = 'form' AS is_by_hand
FROM student_enrollments AS e
WHERE e.course_id IN (SELECT p.course_id FROM file_planned_enrollment AS p WHERE NOT p.is_implied)
    AND e.status IN ('active', 'pending')
    AND NOT EXISTS (SELECT FROM file_planned_enrollment AS p WHERE p.course_id = e.course_id AND p.student_id = e.student_id)

-- part: absent_students
-- Of a roster: a gradebook or a report on a quiz need not name every student of its course.
SELECT concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))), c.code
FROM file_missing_enrollment AS m
JOIN users AS u ON u.id = m.student_id
JOIN courses AS c ON c.id = m.course_id
WHERE NOT EXISTS (SELECT FROM file_quiz)
ORDER BY c.code, u.sort_name, u.id

-- part: missing_counts
-- Of each course with missing students: those who were active or pending before, and how many of them are missing.
SELECT c.code, missing.n + count(p.student_id), missing.n, missing.n_by_hand
FROM (
    SELECT course_id, count(*) AS n, count(*) FILTER (WHERE is_by_hand) AS n_by_hand FROM file_missing_enrollment GROUP BY course_id
) AS missing
JOIN courses AS c ON c.id = missing.course_id
LEFT JOIN file_planned_enrollment AS p ON p.course_id = missing.course_id AND p.old_status IN ('active', 'pending')
GROUP BY c.code, missing.n, missing.n_by_hand
ORDER BY c.code

-- part: cancel_messages_of_missing
UPDATE outbox AS m
SET status = 'refused', last_error = 'withdrawn before the message was sent', leased_until = NULL
FROM file_missing_enrollment AS p
WHERE p.old_status = 'pending' AND m.course_id = p.course_id AND m.student_id = p.student_id AND m.request_sequence = p.request_sequence
    AND m.status = 'waiting' AND (m.leased_until IS NULL OR m.leased_until < clock_timestamp())

-- part: withdraw_missing
-- A student who had left and only waited for a new message gets back the day on which the enrollment had ended.
UPDATE student_enrollments AS e
SET
    status = 'withdrawn',
    previous_status = NULL,
    ended_on = greatest(
        coalesce(
            CASE WHEN e.previous_status = 'withdrawn' THEN (
                SELECT (m.context ->> 'ended_before')::date
                FROM outbox AS m
                WHERE m.course_id = e.course_id AND m.student_id = e.student_id AND m.request_sequence = e.request_sequence
            ) END,
            o.today
        ),
        e.started_on
    )
FROM file_missing_enrollment AS p
CROSS JOIN file_option AS o
WHERE e.course_id = p.course_id AND e.student_id = p.student_id

-- part: missing_students
SELECT concat_ws(', ', u.family_name, coalesce(nullif(u.preferred_name, ''), nullif(u.given_name, ''))), c.code, m.is_by_hand
FROM file_missing_enrollment AS m
JOIN users AS u ON u.id = m.student_id
JOIN courses AS c ON c.id = m.course_id
ORDER BY c.code, u.sort_name, u.id

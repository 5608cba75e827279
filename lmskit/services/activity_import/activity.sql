-- What of a file of logs or events is new.
--
-- One row of activity_row: a record of the file; of activity_actor: a person of the file, with the student who is meant.
--   Of activity_event: a record of a student, with its fingerprint, the row that lmskit has of it (known_id), and what becomes of it.
-- Caveat: Moodle's log has rows that are equal in all. The nth of them has the fingerprint of the nth in every export, whatever order
--   and part of the log that has; so what is counted is how many there are. Records with an id are one, however often they are there.
-- Source: the tables that writer.py fills; activity_option has one row.
--
-- Each part begins with a line "-- part: <name>" and is one statement.

-- part: events
CREATE TEMPORARY TABLE activity_event ON COMMIT DROP AS
WITH numbered AS (
    SELECT
        r.*, a.student_id, o.course_id, o.source, o.repeats,
        row_number() OVER (PARTITION BY r.actor, r.identity, r.occurred_at ORDER BY r.row_number) AS nth
    FROM activity_row AS r
    JOIN activity_actor AS a ON a.actor = r.actor
    CROSS JOIN activity_option AS o
    WHERE a.student_id IS NOT NULL
),

printed AS (
    SELECT
        n.row_number, n.course_id, n.student_id, n.source, n.kind, n.resource, n.occurred_at,
        CAST(md5(concat_ws(
            E'\x1f', n.source, n.identity, CASE WHEN n.repeats THEN concat_ws(E'\x1f', extract(EPOCH FROM n.occurred_at), n.nth) END
        )) AS uuid) AS fingerprint
    FROM numbered AS n
),

ordered AS (
    -- Two rows of one person are one completion: the earlier one.
    SELECT p.*, row_number() OVER (PARTITION BY p.student_id, p.fingerprint ORDER BY p.occurred_at ASC NULLS LAST, p.row_number ASC) AS nth
    FROM printed AS p
)

SELECT
    e.row_number, e.course_id, e.student_id, e.source, e.kind, e.resource, e.occurred_at, e.fingerprint, k.id AS known_id,
    CASE
        WHEN e.nth > 1 OR (k.id IS NULL AND e.occurred_at IS NULL) THEN 'unchanged'
        WHEN k.id IS NULL THEN 'added'
        WHEN e.source = 'moodle-completion' AND k.occurred_at IS DISTINCT FROM e.occurred_at THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM ordered AS e
LEFT JOIN student_activity AS k ON k.course_id = e.course_id AND k.student_id = e.student_id AND k.fingerprint = e.fingerprint

-- part: add
INSERT INTO student_activity (course_id, student_id, source, kind, resource, occurred_at, fingerprint)
SELECT e.course_id, e.student_id, CAST(e.source AS activity_source), CAST(e.kind AS activity_kind), e.resource, e.occurred_at, e.fingerprint
FROM activity_event AS e
WHERE e.state = 'added'
ORDER BY e.student_id, e.occurred_at, e.row_number

-- part: change
UPDATE student_activity AS k SET occurred_at = e.occurred_at FROM activity_event AS e WHERE e.state = 'changed' AND k.id = e.known_id

-- part: states
SELECT e.kind, e.state, count(*) FROM activity_event AS e GROUP BY e.kind, e.state ORDER BY 1, 2

-- part: actors
SELECT r.actor, count(*) FROM activity_row AS r GROUP BY r.actor ORDER BY count(*) DESC, r.actor

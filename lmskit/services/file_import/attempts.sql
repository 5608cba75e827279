-- Attempts: described ones, and totals, of which the file has only the score.
--
-- One row of file_attempt: an attempt of the file. Of file_numbered_attempt: an accepted attempt with its number in the file.
--   Of file_matched_attempt: an attempt with the stored attempt that is the same one (attempt_id; null if new).
--   Of file_compared_attempt: an attempt merged with the stored one. Of file_planned_attempt: an attempt with the change to make.
-- Caveats: A described attempt is recognised by its number; without a number by when it began or was submitted; with neither by its
--   order among the student's attempts. A stored total is marked as one; those from before there was a mark are imported first attempts
--   without answers and start, at noon. A stored attempt of unknown time is that of a described one without a number by their order. A described attempt replaces a total; a total never replaces a described attempt.
--   A score that differs from the stored one by no more than the file's rounding is the same: the more exact one stays.
--   If only the maximum score differs, a stored attempt keeps its own: whether the score is meant on the new scale is not known.
-- Source: file_attempt_row, filled by staging.py; file_quiz, filled by quizzes.py.
--
-- Each part begins with a line "-- part: <name>" and is one statement. pipeline.py has their order.

-- part: attempts
CREATE TEMPORARY TABLE file_attempt ON COMMIT DROP AS
SELECT
    a.n, a.position_id, r.identity, coalesce(r.person_id, -r.identity) AS person, q.quiz, o.course_id,
    a.score, coalesce(a.max_score, q.max_score) AS max_score, a.max_score AS stated_max_score, a.is_total, a.number, a.started_at, a.submitted_at, a.answers::jsonb AS answers, a.feedback, a.rounding,
    CASE
        WHEN r.reason IS NOT NULL THEN r.reason
        WHEN r.role <> 'student' THEN 'is a person who is not a student in lmskit'
        WHEN q.quiz IS NULL THEN 'is of a quiz that the file does not describe'
        WHEN q.reason IS NOT NULL THEN q.reason
        WHEN NOT (a.score >= 0 AND a.score < 100000000) THEN 'is not a score from 0 to 99999999'
        WHEN coalesce(a.max_score, q.max_score) IS NULL OR NOT (a.max_score >= 0 AND a.max_score < 100000000) THEN 'has a maximum score that is not a number from 0 to 99999999'
        WHEN a.number NOT BETWEEN 1 AND o.most_attempts THEN 'has an attempt number that is not from 1 to ' || o.most_attempts
        WHEN a.submitted_at < a.started_at THEN 'was submitted before it began'
        WHEN extract(YEAR FROM coalesce(a.started_at, a.submitted_at) AT TIME ZONE 'UTC') < o.earliest_year
            OR extract(YEAR FROM coalesce(a.submitted_at, a.started_at) AT TIME ZONE 'UTC') > o.latest_year
            THEN 'has a time that is not in the years ' || o.earliest_year || ' to ' || o.latest_year
        WHEN pg_column_size(a.answers::jsonb) > o.largest_answers THEN 'has answers that take more than ' || o.largest_answers || ' bytes'
    END AS reason,
    CASE
        WHEN r.reason IS NOT NULL THEN concat_ws(', ', nullif(a.source_id, ''), nullif(a.sis_id, ''), nullif(a.email, ''))
        WHEN q.reason IS NOT NULL THEN q.title
        WHEN a.number NOT BETWEEN 1 AND o.most_attempts THEN a.number::text
        WHEN a.submitted_at < a.started_at THEN a.submitted_at::text
        ELSE a.score::text
    END AS value
FROM file_attempt_row AS a
CROSS JOIN file_option AS o
JOIN file_person_reference AS r ON r.source_id = a.source_id AND r.sis_id = a.sis_id AND r.email = a.email
LEFT JOIN file_quiz AS q ON q.key = a.quiz

-- part: reject_attempts
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, value, reason FROM file_attempt WHERE reason IS NOT NULL ORDER BY position_id, n
ON CONFLICT (position_id) DO NOTHING

-- part: reject_not_enrolled
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (a.position_id) a.position_id, a.value, 'is of a person who is not enrolled in the course'
FROM (
    SELECT n, position_id, value, reason, course_id, person FROM file_attempt
    UNION ALL
    SELECT n, position_id, value, reason, course_id, person FROM file_excuse
) AS a
WHERE a.reason IS NULL
    AND NOT EXISTS (SELECT FROM student_enrollments AS e WHERE e.course_id = a.course_id AND e.student_id = a.person)
    AND NOT EXISTS (
        SELECT FROM file_enrollment AS e
        WHERE e.course = a.course_id AND e.person = a.person AND e.role = 'student'
            AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = e.position_id)
    )
ORDER BY a.position_id, a.n
ON CONFLICT (position_id) DO NOTHING

-- part: numbered_attempts
-- The accepted attempts with the numbers that the file gives or implies, and whether an earlier row is the same attempt.
CREATE TEMPORARY TABLE file_numbered_attempt ON COMMIT DROP AS
WITH accepted AS (
    SELECT
        a.*,
        NOT a.is_total AND a.number IS NULL AND coalesce(a.started_at, a.submitted_at) IS NULL AS is_untimed
    FROM file_attempt AS a
    WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = a.position_id)
),

given AS (
    SELECT
        accepted.*,
        CASE
            WHEN is_total THEN NULL
            WHEN number IS NOT NULL THEN number
            WHEN is_untimed THEN coalesce(max(number) FILTER (WHERE NOT is_total) OVER of_student, 0)
                + row_number() OVER (PARTITION BY quiz, person, is_untimed ORDER BY n)
        END AS given_number
    FROM accepted
    WINDOW of_student AS (PARTITION BY quiz, person)
)

SELECT
    given.*,
    CASE
        WHEN is_total THEN row_number() OVER (PARTITION BY quiz, person, is_total ORDER BY n) > 1
        WHEN given_number IS NOT NULL THEN row_number() OVER (PARTITION BY quiz, person, is_total, given_number ORDER BY n) > 1
        ELSE row_number() OVER (PARTITION BY quiz, person, is_total, given_number, coalesce(started_at, submitted_at) ORDER BY n) > 1
    END AS is_repeated
FROM given

-- part: matched_attempts
CREATE TEMPORARY TABLE file_matched_attempt ON COMMIT DROP AS
WITH stored AS (
    SELECT
        a.id, a.quiz_id, a.student_id, a.number, a.started_at, a.submitted_at, a.origin,
        a.origin = 'import' AND a.number = 1 AND a.answers = '[]' AND a.started_at IS NULL
            AND (a.is_total OR coalesce((a.submitted_at AT TIME ZONE 'UTC')::time = TIME '12:00', false)) AS is_total
    FROM quiz_attempts AS a
    WHERE a.quiz_id = ANY (ARRAY(SELECT q.quiz FROM file_quiz AS q))
),

students AS (
    SELECT
        h.quiz_id, h.student_id,
        max(h.number) AS last_number,
        bool_or(NOT h.is_total) AS has_described,
        max(h.id) FILTER (WHERE h.is_total) AS total_id
    FROM stored AS h
    GROUP BY h.quiz_id, h.student_id
),

numbers AS (
    SELECT quiz, person, max(given_number) AS last_given, bool_or(NOT is_total) AS has_described
    FROM file_numbered_attempt
    WHERE NOT is_repeated
    GROUP BY quiz, person
),

by_time AS (
    SELECT f.n, min(h.id) AS id
    FROM file_numbered_attempt AS f
    JOIN stored AS h ON h.quiz_id = f.quiz AND h.student_id = f.person
    WHERE NOT f.is_total AND f.given_number IS NULL
        -- Reports have whole minutes, and a backup has the seconds.
        AND CASE WHEN f.started_at IS NOT NULL AND h.started_at IS NOT NULL THEN f.started_at IN (h.started_at, date_trunc('minute', h.started_at))
            ELSE f.submitted_at IN (h.submitted_at, date_trunc('minute', h.submitted_at)) END
        AND NOT EXISTS (
            SELECT FROM file_numbered_attempt AS other
            WHERE other.quiz = h.quiz_id AND other.person = h.student_id AND other.given_number = h.number
        )
    GROUP BY f.n
),

by_order AS (
    SELECT f.n, h.id
    FROM (
        SELECT n, quiz, person, row_number() OVER (PARTITION BY quiz, person ORDER BY coalesce(started_at, submitted_at), n) AS nth
        FROM file_numbered_attempt
        WHERE NOT is_total AND NOT is_repeated AND given_number IS NULL AND n NOT IN (SELECT by_time.n FROM by_time)
    ) AS f
    JOIN (
        SELECT s.id, s.quiz_id, s.student_id, row_number() OVER (PARTITION BY s.quiz_id, s.student_id ORDER BY s.number) AS nth
        FROM stored AS s
        WHERE NOT s.is_total AND s.origin = 'import' AND coalesce(s.started_at, s.submitted_at) IS NULL
            AND NOT EXISTS (
                SELECT FROM file_numbered_attempt AS other
                WHERE other.quiz = s.quiz_id AND other.person = s.student_id AND other.given_number = s.number
            )
    ) AS h ON h.quiz_id = f.quiz AND h.student_id = f.person AND h.nth = f.nth
),

same AS (
    SELECT
        f.*, s.last_number, s.total_id, numbers.last_given,
        coalesce(s.has_described, false) OR numbers.has_described AS has_described,
        CASE
            WHEN f.is_total THEN s.total_id
            WHEN f.given_number IS NOT NULL THEN by_number.id
            ELSE coalesce(by_time.id, by_order.id)
        END AS same_id
    FROM file_numbered_attempt AS f
    JOIN numbers ON numbers.quiz = f.quiz AND numbers.person = f.person
    LEFT JOIN students AS s ON s.quiz_id = f.quiz AND s.student_id = f.person
    LEFT JOIN by_time ON by_time.n = f.n
    LEFT JOIN by_order ON by_order.n = f.n
    LEFT JOIN stored AS by_number ON by_number.quiz_id = f.quiz AND by_number.student_id = f.person AND by_number.number = f.given_number
    WHERE NOT f.is_repeated
),

matched AS (
    SELECT
        same.*,
        NOT is_total AND same_id IS NULL AND total_id IS NOT NULL
            AND NOT coalesce(bool_or(same_id = total_id AND NOT is_total) OVER (PARTITION BY quiz, person), false)
            AND row_number() OVER (
                PARTITION BY quiz, person, is_total, same_id ORDER BY given_number, coalesce(started_at, submitted_at), n
            ) = 1 AS takes_over_total
    FROM same
)

SELECT
    matched.*,
    CASE WHEN is_total AND has_described THEN NULL WHEN takes_over_total THEN total_id ELSE same_id END AS attempt_id,
    is_total AND has_described AS is_compared,
    CASE WHEN same_id IS NOT NULL THEN row_number() OVER (PARTITION BY same_id, is_total ORDER BY n) > 1 ELSE false END AS is_same_as_earlier
FROM matched

-- part: reject_repeated
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (f.position_id) f.position_id, f.score::text,
    CASE WHEN f.is_total THEN 'is a second score of the same student for the same quiz' ELSE 'is a second row for the same attempt' END
FROM file_numbered_attempt AS f
LEFT JOIN file_matched_attempt AS m ON m.n = f.n
WHERE f.is_repeated OR m.is_same_as_earlier
ORDER BY f.position_id, f.n
ON CONFLICT (position_id) DO NOTHING

-- part: compared_attempts
CREATE TEMPORARY TABLE file_compared_attempt ON COMMIT DROP AS
WITH merged AS (
    SELECT
        m.n, m.position_id, m.quiz, m.person, m.is_total, m.is_compared, m.given_number, m.last_number, m.last_given, m.attempt_id,
        m.takes_over_total, a.is_total AS was_total, a.taken_back_at IS NOT NULL AS was_taken_back, a.origin,
        a.score AS old_score, a.max_score AS old_max_score, a.answers AS old_answers, a.feedback AS old_feedback,
        a.started_at AS old_started_at, a.submitted_at AS old_submitted_at, a.number AS old_number,
        -- A total is not that of the attempt that replaces it: it may be the best or the average of several.
        CASE WHEN kept.has_same_score THEN a.score ELSE coalesce(m.score::numeric(12, 4), CASE WHEN NOT m.takes_over_total THEN a.score END) END
            AS score,
        CASE
            WHEN NOT m.takes_over_total AND a.id IS NOT NULL AND (m.score IS NULL OR kept.has_same_score) THEN a.max_score
            ELSE m.max_score::numeric(12, 4)
        END AS max_score,
        coalesce(kept.has_same_score AND m.stated_max_score::numeric(12, 4) <> a.max_score, false) AS keeps_maximum,
        m.stated_max_score::numeric(12, 4) AS stated_max_score,
        CASE
            WHEN a.id IS NULL OR a.answers = '[]' THEN m.answers
            WHEN m.answers = '[]' OR m.answers = a.answers THEN a.answers
            ELSE (
                SELECT jsonb_agg(
                    CASE
                        WHEN o.answer IS NULL THEN said.answer
                        -- The answer was read as that of its question's type: the text of an option is stored as its id.
                        WHEN o.answer -> 'raw' = f.answer -> 'response' THEN o.answer || (jsonb_strip_nulls(said.answer) - 'response')
                        -- A backup has a text without a response where it shows the labels of parts that are all blank.
                        WHEN jsonb_typeof(f.answer -> 'response') <> 'null' OR f.answer -> 'raw' IS NOT NULL
                            THEN (o.answer - 'raw') || jsonb_strip_nulls(said.answer)
                                || jsonb_build_object('response', f.answer -> 'response')
                        ELSE o.answer || coalesce(jsonb_strip_nulls(said.answer), '{}')
                    END
                    ORDER BY o.nth, f.nth
                )
                FROM jsonb_array_elements(a.answers) WITH ORDINALITY AS o (answer, nth)
                FULL JOIN jsonb_array_elements(m.answers) WITH ORDINALITY AS f (answer, nth)
                    ON f.answer ->> 'question' = o.answer ->> 'question'
                CROSS JOIN LATERAL (
                    SELECT
                        CASE WHEN jsonb_typeof(f.answer -> 'score') = 'number' THEN (f.answer ->> 'score')::double precision END AS given,
                        CASE WHEN jsonb_typeof(o.answer -> 'score') = 'number' THEN (o.answer ->> 'score')::double precision END AS known
                ) AS s
                CROSS JOIN LATERAL (
                    SELECT CASE WHEN m.rounding > 0 AND abs(s.given - s.known) < m.rounding + 0.0001 THEN f.answer - 'score' ELSE f.answer END
                        AS answer
                ) AS said
            )
        END AS answers,
        coalesce(m.feedback, a.feedback) AS feedback,
        known.started_at,
        CASE WHEN known.submitted_at IS NOT NULL THEN greatest(known.submitted_at, known.started_at) END AS submitted_at,
        CASE WHEN m.takes_over_total AND m.given_number IS NOT NULL THEN m.given_number ELSE a.number END AS number
    FROM file_matched_attempt AS m
    LEFT JOIN quiz_attempts AS a ON a.id = m.attempt_id
    CROSS JOIN LATERAL (
        -- A score that the file has rounded is that which is stored, with four decimals.
        SELECT
            NOT m.takes_over_total AND a.score > 0
            AND (
                m.score::numeric(12, 4) = a.score
                OR (m.rounding > 0 AND abs(m.score - a.score::double precision) < m.rounding + 0.0001)
            ) AS has_same_score
    ) AS kept
    CROSS JOIN LATERAL (
        -- The time of a total is not that of the attempt that replaces it. Seconds that are known stay where a file has none.
        SELECT
            CASE WHEN date_trunc('minute', a.started_at) = m.started_at THEN a.started_at ELSE coalesce(m.started_at, a.started_at) END
                AS started_at,
            CASE
                WHEN m.takes_over_total THEN m.submitted_at
                WHEN date_trunc('minute', a.submitted_at) = m.submitted_at THEN a.submitted_at
                ELSE coalesce(m.submitted_at, a.submitted_at)
            END AS submitted_at
    ) AS known
    WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = m.position_id)
)

SELECT
    merged.*,
    CASE
        WHEN is_compared THEN 'unchanged'
        WHEN attempt_id IS NULL THEN 'added'
        WHEN (old_score, old_max_score, old_answers, old_feedback, old_started_at, old_submitted_at, old_number)
            IS DISTINCT FROM (score, max_score, answers, feedback, started_at, submitted_at, number)
            OR (takes_over_total AND was_total) OR was_taken_back THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM merged

-- part: reject_changes_of_other_origins
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (position_id) position_id, score::text, 'is an attempt in lmskit that was not imported, so it is not changed'
FROM file_compared_attempt
WHERE state = 'changed' AND origin <> 'import'
ORDER BY position_id, n
ON CONFLICT (position_id) DO NOTHING

-- part: reject_changes_beyond_limits
-- An attempt from before the limits stays as it is unless a change brings it within them; its row is rejected, and no other.
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (c.position_id) c.position_id, c.score::text,
    'is an attempt in lmskit that is beyond the limits of its number, times, feedback or answers, so it is not changed'
FROM file_compared_attempt AS c
CROSS JOIN file_option AS o
WHERE c.state = 'changed'
    AND (
        c.number > o.most_attempts
        OR length(c.feedback) > o.longest_feedback
        OR pg_column_size('[]'::jsonb || c.answers) > o.largest_answers
        OR jsonb_path_exists(c.answers, format('$.**{%s to last}', o.deepest_answers + 1)::jsonpath)
        OR extract(YEAR FROM least(c.started_at, c.submitted_at) AT TIME ZONE 'UTC') < o.earliest_year
        OR extract(YEAR FROM greatest(c.started_at, c.submitted_at) AT TIME ZONE 'UTC') > o.latest_year
    )
ORDER BY c.position_id, c.n
ON CONFLICT (position_id) DO NOTHING

-- part: reject_excess_attempts
-- A student has attempt numbers up to a limit; an attempt beyond it rejects its row, and no other.
INSERT INTO file_rejected (position_id, value, reason)
SELECT DISTINCT ON (c.position_id) c.position_id, c.score::text,
    'would have an attempt number above ' || o.most_attempts || ', since an attempt of the student in lmskit has the number ' || c.last_number
FROM (
    SELECT
        a.*,
        greatest(coalesce(a.last_number, 0), coalesce(a.last_given, 0)) + row_number() OVER (
            PARTITION BY a.quiz, a.person ORDER BY coalesce(a.started_at, a.submitted_at), a.n
        ) AS new_number
    FROM file_compared_attempt AS a
    WHERE a.state = 'added' AND a.given_number IS NULL AND NOT a.is_total
) AS c
CROSS JOIN file_option AS o
WHERE c.new_number > o.most_attempts
ORDER BY c.position_id, c.n
ON CONFLICT (position_id) DO NOTHING

-- part: planned_attempts
CREATE TEMPORARY TABLE file_planned_attempt ON COMMIT DROP AS
SELECT
    c.n, c.position_id, q.id AS quiz_id, q.course_id, q.week_number, c.is_total, c.is_compared, c.attempt_id, c.state,
    coalesce(a.person_id, c.person) AS student_id,
    c.score, c.max_score, c.answers, c.feedback, c.started_at,
    CASE
        WHEN c.attempt_id IS NOT NULL THEN coalesce(c.number, c.old_number)
        WHEN c.is_total THEN 1
        WHEN c.given_number IS NOT NULL THEN c.given_number
        ELSE greatest(coalesce(c.last_number, 0), coalesce(c.last_given, 0)) + row_number() OVER (
            PARTITION BY c.quiz, c.person, c.state = 'added' AND c.given_number IS NULL AND NOT c.is_total
            ORDER BY coalesce(c.started_at, c.submitted_at), c.n
        )
    END::integer AS number,
    c.submitted_at
FROM file_compared_attempt AS c
JOIN file_quiz AS f ON f.quiz = c.quiz
JOIN quizzes AS q ON q.id = f.quiz_id
LEFT JOIN file_added_person AS a ON a.identity = -c.person
WHERE NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = c.position_id)

-- part: add_attempts
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, feedback, answers, started_at, submitted_at, origin, is_total)
SELECT quiz_id, course_id, student_id, number, score, max_score, feedback, answers, started_at, submitted_at, 'import', is_total
FROM file_planned_attempt
WHERE state = 'added'
ORDER BY n

-- part: change_attempts
UPDATE quiz_attempts AS a
SET
    number = w.number, score = w.score, max_score = w.max_score, feedback = w.feedback, answers = w.answers,
    started_at = w.started_at, submitted_at = w.submitted_at, is_total = w.is_total, taken_back_at = NULL
FROM file_planned_attempt AS w
WHERE w.state = 'changed' AND a.id = w.attempt_id

-- part: total_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, pos.row_number, pos.column_name, trim_scale(w.score) || ' of ' || trim_scale(w.max_score),
    'differs from the score of every attempt in lmskit and from their average: the attempts count'
FROM file_planned_attempt AS w
JOIN file_position AS pos ON pos.position_id = w.position_id
JOIN file_part AS f ON f.part = pos.part
CROSS JOIN LATERAL (
    SELECT avg(a.score / a.max_score) AS average, array_agg(round(a.score / a.max_score, 3)) AS shares
    FROM quiz_attempts AS a
    WHERE a.quiz_id = w.quiz_id AND a.student_id = w.student_id AND a.score IS NOT NULL AND a.max_score > 0 AND a.taken_back_at IS NULL
) AS stored
WHERE w.is_compared AND w.score IS NOT NULL AND w.max_score > 0
    AND NOT coalesce(round(w.score / w.max_score, 3) = ANY (stored.shares) OR round(w.score / w.max_score, 3) = round(stored.average, 3), false)

-- part: maximum_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT f.name, pos.row_number, pos.column_name, trim_scale(c.score) || ' of ' || trim_scale(c.stated_max_score),
    'has the same score as in lmskit and another maximum score: the attempt stays ' || trim_scale(c.score) || ' of ' || trim_scale(c.max_score)
FROM file_compared_attempt AS c
JOIN file_position AS pos ON pos.position_id = c.position_id
JOIN file_part AS f ON f.part = pos.part
WHERE c.keeps_maximum AND NOT EXISTS (SELECT FROM file_rejected AS r WHERE r.position_id = c.position_id)
ORDER BY c.n

-- part: touched
-- The students, courses and weeks whose evidence is new or changed; results of quizzes without a week are left out.
SELECT DISTINCT student_id, course_id, week_number FROM file_planned_attempt WHERE state IN ('added', 'changed') AND week_number IS NOT NULL
UNION
SELECT student_id, course_id, week_number FROM file_planned_excuse
WHERE (state = 'changed' OR (state = 'added' AND scores IS NOT NULL)) AND week_number IS NOT NULL
UNION
SELECT student_id, course_id, week_number FROM file_taken_back WHERE week_number IS NOT NULL
UNION
SELECT a.student_id, a.course_id, m.week_number FROM file_missing_result AS m JOIN quiz_attempts AS a ON a.id = m.attempt_id
WHERE a.taken_back_at IS NOT NULL AND m.week_number IS NOT NULL
UNION
SELECT a.student_id, a.course_id, q.week_number
FROM quiz_attempts AS a
JOIN quizzes AS q ON q.id = a.quiz_id
WHERE a.quiz_id = ANY (ARRAY(SELECT f.quiz_id FROM file_quiz AS f WHERE f.state = 'changed')) AND q.week_number IS NOT NULL

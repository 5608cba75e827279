-- From staged rows of OULAD to the tables, one subject after the other.
--
-- One row of each oulad_* table: a row of the file with its meaning in lmskit, its state (added, changed, unchanged or
--   rejected) and the reason if it is rejected.
-- Caveats: The first row that names a thing counts, later ones are rejected. A row whose parent was rejected is rejected too.
--   What OULAD does not contain (titles of courses, names, topics, lecturers) is set when a row is added and not changed later.
-- Source: the tables that lmskit.services.oulad fills with the records of lmskit.importers.oulad.
--
-- Each part begins with a line "-- part: <name>" and is one statement.

-- part: courses
CREATE TEMPORARY TABLE oulad_course ON COMMIT DROP AS
WITH checked AS (
    SELECT
        r.*,
        r.module || '-' || r.presentation AS code,
        known.course_id,
        owner.id AS lecturer_id,
        taught.n_weeks,
        taught.last_week,
        CASE
            WHEN row_number() OVER (PARTITION BY r.module, r.presentation ORDER BY r.row_number) > 1
                THEN 'names a presentation that an earlier row names'
            WHEN known.course_id IS NULL AND taken.id IS NOT NULL THEN 'is the code of a course in lmskit that was not imported from OULAD'
            WHEN known.course_id IS NULL AND owner.role <> 'lecturer'
                THEN 'needs a lecturer whose address belongs to a person in lmskit who is not a lecturer'
        END AS reason
    FROM oulad_course_row AS r
    LEFT JOIN external_ids AS known
        ON known.source = 'oulad' AND known.kind = 'course' AND known.external_id = r.module || '-' || r.presentation
    LEFT JOIN courses AS taken ON lower(taken.code) = lower(r.module || '-' || r.presentation)
    LEFT JOIN users AS owner ON owner.id = coalesce(
        (SELECT u.id FROM users AS u WHERE u.email = 'lecturer.' || lower(r.module) || '@oulad.invalid'),
        (
            SELECT former.person_id
            FROM external_ids AS former
            WHERE former.source = 'address' AND former.kind = 'person' AND former.external_id = 'lecturer.' || lower(r.module) || '@oulad.invalid'
        )
    )
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE s.week_number <= r.weeks) AS n_weeks, max(s.week_number) AS last_week
        FROM syllabi AS s
        WHERE s.course_id = known.course_id
    ) AS taught ON true
)

SELECT
    checked.*,
    CASE
        WHEN reason IS NOT NULL THEN 'rejected'
        WHEN course_id IS NULL THEN 'added'
        WHEN n_weeks < weeks THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM checked

-- part: course_rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT 'courses.csv', row_number, 'code_presentation', code, reason FROM oulad_course WHERE reason IS NOT NULL

-- part: course_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT 'courses.csv', row_number, 'module_presentation_length', length::text,
    'is shorter than the syllabus in lmskit: the further weeks are kept'
FROM oulad_course
WHERE state <> 'rejected' AND last_week > weeks

-- part: terms
CREATE TEMPORARY TABLE oulad_term ON COMMIT DROP AS
SELECT
    wanted.*,
    stored.id AS term_id,
    CASE
        WHEN stored.id IS NULL THEN 'added'
        WHEN stored.starts_on > wanted.starts_on OR stored.ends_on < wanted.ends_on THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM (
    SELECT presentation, min(first_day) AS starts_on, max(first_day + length) AS ends_on
    FROM oulad_course
    WHERE state <> 'rejected'
    GROUP BY presentation
) AS wanted
LEFT JOIN external_ids AS known ON known.source = 'oulad' AND known.kind = 'term' AND known.external_id = wanted.presentation
LEFT JOIN terms AS same_code ON lower(same_code.code) = lower(wanted.presentation)
LEFT JOIN terms AS stored ON stored.id = coalesce(known.term_id, same_code.id)

-- part: add_terms
INSERT INTO terms (code, name, starts_on, ends_on)
SELECT presentation, to_char(starts_on, 'FMMonth YYYY'), starts_on, ends_on FROM oulad_term WHERE state = 'added' ORDER BY starts_on

-- part: widen_terms
UPDATE terms AS t
SET starts_on = least(t.starts_on, o.starts_on), ends_on = greatest(t.ends_on, o.ends_on)
FROM oulad_term AS o
WHERE o.state = 'changed' AND t.id = o.term_id

-- part: find_added_terms
UPDATE oulad_term AS o SET term_id = t.id FROM terms AS t WHERE o.state = 'added' AND t.code = o.presentation

-- part: name_terms
INSERT INTO external_ids (source, kind, external_id, term_id)
SELECT 'oulad', 'term', presentation, term_id FROM oulad_term
ON CONFLICT (source, kind, external_id) DO NOTHING

-- part: add_lecturers
INSERT INTO users (email, family_name, sort_name, role)
SELECT 'lecturer.' || lower(module) || '@oulad.invalid', 'Lecturer ' || min(module), 'lecturer ' || lower(module), 'lecturer'
FROM oulad_course
WHERE state = 'added' AND lecturer_id IS NULL
GROUP BY lower(module)
ORDER BY lower(module)

-- part: add_courses
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
SELECT c.code, c.module, 'Module ' || c.module || ', ' || to_char(c.first_day, 'FMMonth YYYY'), t.term_id, l.id, 'import'
FROM oulad_course AS c
JOIN oulad_term AS t ON t.presentation = c.presentation
JOIN users AS l ON l.id = coalesce(c.lecturer_id, (SELECT u.id FROM users AS u WHERE u.email = 'lecturer.' || lower(c.module) || '@oulad.invalid'))
WHERE c.state = 'added'
ORDER BY c.row_number

-- part: find_added_courses
UPDATE oulad_course AS o SET course_id = c.id FROM courses AS c WHERE o.state = 'added' AND c.code = o.code

-- part: name_courses
INSERT INTO external_ids (source, kind, external_id, course_id)
SELECT 'oulad', 'course', code, course_id FROM oulad_course WHERE state = 'added'

-- part: add_weeks
INSERT INTO syllabi (course_id, week_number, topic)
SELECT c.course_id, week, 'Week ' || week
FROM oulad_course AS c
CROSS JOIN LATERAL generate_series(1, c.weeks) AS week
WHERE c.state IN ('added', 'changed')
ORDER BY c.course_id, week
ON CONFLICT (course_id, week_number) DO NOTHING

-- part: quizzes
CREATE TEMPORARY TABLE oulad_quiz ON COMMIT DROP AS
WITH checked AS (
    SELECT
        r.*,
        c.course_id,
        c.code,
        c.first_day,
        c.length,
        known.quiz_id,
        CASE WHEN r.day IS NULL THEN c.weeks ELSE least(greatest(ceil(r.day / 7.0)::integer, 1), c.weeks) END AS week_number,
        c.first_day + r.day AS due_on,
        CASE
            WHEN row_number() OVER (PARTITION BY r.assessment ORDER BY r.row_number) > 1 THEN 'names an assessment that an earlier row names'
            WHEN c.course_id IS NULL THEN 'is of a presentation that courses.csv does not name, or whose row was rejected'
            WHEN known.course_id <> c.course_id THEN 'is an assessment of another presentation in lmskit'
        END AS reason
    FROM oulad_assessment_row AS r
    LEFT JOIN oulad_course AS c ON c.module = r.module AND c.presentation = r.presentation AND c.state <> 'rejected'
    LEFT JOIN external_ids AS known ON known.source = 'oulad' AND known.kind = 'quiz' AND known.external_id = r.assessment
),

titled AS (
    SELECT
        checked.*,
        kind || CASE
            WHEN kind = 'Exam' AND count(*) OVER (PARTITION BY course_id, kind, reason IS NULL) = 1 THEN ''
            ELSE ' ' || row_number() OVER (PARTITION BY course_id, kind, reason IS NULL ORDER BY day NULLS LAST, assessment::numeric)
        END AS title
    FROM checked
)

SELECT
    titled.*,
    q.week_number AS old_week,
    CASE
        WHEN reason IS NOT NULL THEN 'rejected'
        WHEN titled.quiz_id IS NULL THEN 'added'
        WHEN (q.title, q.week_number, q.due_on) IS DISTINCT FROM (titled.title, titled.week_number, titled.due_on) THEN 'changed'
        ELSE 'unchanged'
    END AS state
FROM titled
LEFT JOIN quizzes AS q ON q.id = titled.quiz_id

-- part: quiz_rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT 'assessments.csv', row_number, 'id_assessment', assessment, reason FROM oulad_quiz WHERE reason IS NOT NULL

-- part: quiz_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT 'assessments.csv', row_number, 'date', '?', 'has no day: it is put in the last week' FROM oulad_quiz WHERE state <> 'rejected' AND day IS NULL
UNION ALL
SELECT 'assessments.csv', row_number, 'date', day::text, 'is due after the end of the presentation: it is put in the last week'
FROM oulad_quiz
WHERE state <> 'rejected' AND day > length
UNION ALL
SELECT 'assessments.csv', min(row_number), 'weight', code || ': ' || sum(weight),
    'the weights of a presentation do not add up to 200, 100 for coursework and 100 for the exam'
FROM oulad_quiz
WHERE state <> 'rejected'
GROUP BY code
HAVING sum(weight) <> 200
UNION ALL
SELECT 'assessments.csv', min(row_number), 'weight', code || ': 0', 'the coursework of a presentation weighs nothing'
FROM oulad_quiz
WHERE state <> 'rejected' AND kind <> 'Exam'
GROUP BY code
HAVING sum(weight) = 0

-- part: add_quizzes
-- Ids are assigned in the order of the rows, so the n-th new quiz is the n-th new row.
WITH added AS (
    INSERT INTO quizzes (course_id, week_number, title, max_score, due_on)
    SELECT course_id, week_number, title, 100, due_on FROM oulad_quiz WHERE state = 'added' ORDER BY row_number
    RETURNING id, course_id
),

added_in_order AS (
    SELECT id, course_id, row_number() OVER (ORDER BY id) AS nth FROM added
),

rows_in_order AS (
    SELECT assessment, row_number() OVER (ORDER BY row_number) AS nth FROM oulad_quiz WHERE state = 'added'
)

INSERT INTO external_ids (source, kind, external_id, course_id, quiz_id)
SELECT 'oulad', 'quiz', r.assessment, m.course_id, m.id FROM added_in_order AS m JOIN rows_in_order AS r ON r.nth = m.nth

-- part: find_added_quizzes
UPDATE oulad_quiz AS o
SET quiz_id = known.quiz_id
FROM external_ids AS known
WHERE o.state = 'added' AND known.source = 'oulad' AND known.kind = 'quiz' AND known.external_id = o.assessment

-- part: change_quizzes
UPDATE quizzes AS q
SET title = o.title, week_number = o.week_number, due_on = o.due_on
FROM oulad_quiz AS o
WHERE o.state = 'changed' AND q.id = o.quiz_id

-- part: people
-- People are looked up one by one by unique keys, since the planner knows little about tables that were just filled.
CREATE TEMPORARY TABLE oulad_person ON COMMIT DROP AS
SELECT
    wanted.student,
    'student.' || wanted.student || '@oulad.invalid' AS email,
    (
        SELECT known.person_id
        FROM external_ids AS known
        WHERE known.source = 'oulad' AND known.kind = 'person' AND known.external_id = wanted.student
    ) AS known_id,
    (SELECT u.id FROM users AS u WHERE u.email = 'student.' || wanted.student || '@oulad.invalid') AS same_address_id
FROM (
    SELECT DISTINCT r.student
    FROM oulad_student_row AS r
    JOIN oulad_course AS c ON c.module = r.module AND c.presentation = r.presentation AND c.state <> 'rejected'
) AS wanted

-- part: add_people
INSERT INTO users (email, family_name, sort_name, role)
SELECT email, 'Student ' || student, 'student ' || student, 'student'
FROM oulad_person
WHERE known_id IS NULL AND same_address_id IS NULL
ORDER BY student::numeric

-- part: students
CREATE TEMPORARY TABLE oulad_student ON COMMIT DROP AS
SELECT found.student, found.person_id, found.is_known
FROM (
    SELECT
        p.student,
        coalesce(p.known_id, p.same_address_id, (SELECT u.id FROM users AS u WHERE u.email = p.email)) AS person_id,
        p.known_id IS NOT NULL AS is_known
    FROM oulad_person AS p
) AS found
WHERE (SELECT u.role FROM users AS u WHERE u.id = found.person_id) = 'student'

-- part: name_people
INSERT INTO external_ids (source, kind, external_id, person_id)
SELECT 'oulad', 'person', student, person_id FROM oulad_student WHERE NOT is_known

-- part: registrations
CREATE TEMPORARY TABLE oulad_registration ON COMMIT DROP AS
SELECT
    r.*,
    CASE
        WHEN row_number() OVER (PARTITION BY r.module, r.presentation, r.student ORDER BY r.row_number) > 1
            THEN 'names a registration that an earlier row names'
        WHEN r.unregistered < r.registered THEN 'unregistered before registering'
    END AS reason
FROM oulad_registration_row AS r

-- part: enrollments
CREATE TEMPORARY TABLE oulad_enrollment ON COMMIT DROP AS
WITH checked AS (
    SELECT
        r.row_number,
        r.module,
        r.presentation,
        r.student,
        r.result,
        c.course_id,
        c.first_day,
        c.length,
        p.person_id,
        g.row_number AS registration_row,
        g.registered,
        g.unregistered,
        CASE
            WHEN c.course_id IS NULL THEN 'is of a presentation that courses.csv does not name, or whose row was rejected'
            WHEN p.person_id IS NULL THEN 'is a person in lmskit who is not a student'
            WHEN row_number() OVER (PARTITION BY c.course_id, p.person_id ORDER BY r.row_number) > 1
                THEN 'names a registration that an earlier row names'
        END AS reason
    FROM oulad_student_row AS r
    LEFT JOIN oulad_course AS c ON c.module = r.module AND c.presentation = r.presentation AND c.state <> 'rejected'
    LEFT JOIN oulad_student AS p ON p.student = r.student
    LEFT JOIN oulad_registration AS g
        ON g.module = r.module AND g.presentation = r.presentation AND g.student = r.student AND g.reason IS NULL
),

dated AS (
    SELECT
        checked.*,
        e.status AS old_status,
        e.started_on AS old_started_on,
        e.ended_on AS old_ended_on,
        CASE WHEN unregistered IS NOT NULL OR result = 'Withdrawn' THEN 'withdrawn' ELSE 'completed' END::enrollment_status AS status,
        CASE
            WHEN registration_row IS NOT NULL THEN first_day + coalesce(registered, least(unregistered, 0))
            ELSE coalesce(e.started_on, first_day)
        END AS started_on,
        CASE WHEN registration_row IS NOT NULL THEN first_day + unregistered ELSE e.ended_on END AS ended_on
    FROM checked
    LEFT JOIN student_enrollments AS e ON e.course_id = checked.course_id AND e.student_id = checked.person_id
)

SELECT
    dated.*,
    CASE
        WHEN reason IS NOT NULL THEN 'rejected'
        WHEN old_status IS NULL THEN 'added'
        WHEN old_status <> status THEN 'changed'
        ELSE 'unchanged'
    END AS state,
    CASE
        WHEN reason IS NOT NULL THEN 'rejected'
        WHEN old_status IS NULL THEN 'added'
        WHEN (old_started_on, old_ended_on) IS DISTINCT FROM (started_on, ended_on) THEN 'changed'
        ELSE 'unchanged'
    END AS registration_state
FROM dated

-- part: enrollment_rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT 'studentInfo.csv', row_number, 'id_student', student, reason FROM oulad_enrollment WHERE reason IS NOT NULL
UNION ALL
SELECT 'studentRegistration.csv', g.row_number,
    CASE WHEN g.unregistered < g.registered THEN 'date_unregistration' ELSE 'id_student' END,
    CASE WHEN g.unregistered < g.registered THEN g.unregistered::text ELSE g.student END,
    coalesce(g.reason, 'is of a student who is not in studentInfo.csv for this presentation, or whose row was rejected')
FROM oulad_registration AS g
LEFT JOIN oulad_enrollment AS e ON e.registration_row = g.row_number AND e.reason IS NULL
WHERE g.reason IS NOT NULL OR e.row_number IS NULL

-- part: enrollment_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT 'studentRegistration.csv', registration_row, 'date_unregistration', '?', 'withdrew on a day that is not known: the last day stays empty'
FROM oulad_enrollment
WHERE state <> 'rejected' AND result = 'Withdrawn' AND registration_row IS NOT NULL AND unregistered IS NULL
UNION ALL
SELECT 'studentInfo.csv', row_number, 'final_result', result, 'unregistered, yet has a result other than Withdrawn: taken as withdrawn'
FROM oulad_enrollment
WHERE state <> 'rejected' AND result <> 'Withdrawn' AND unregistered IS NOT NULL
UNION ALL
SELECT 'studentRegistration.csv', registration_row, 'date_registration', '?',
    'registered on a day that is not known: taken as the first day of the presentation, or the day of leaving if that is earlier'
FROM oulad_enrollment
WHERE state <> 'rejected' AND registration_row IS NOT NULL AND registered IS NULL
UNION ALL
SELECT 'studentRegistration.csv', registration_row, 'date_unregistration', unregistered::text, 'unregistered after the end of the presentation'
FROM oulad_enrollment
WHERE state <> 'rejected' AND unregistered > length
UNION ALL
SELECT 'studentInfo.csv', row_number, 'id_student', student,
    'has no accepted row in studentRegistration.csv: what is known stays, else the first day of the presentation is taken'
FROM oulad_enrollment
WHERE state <> 'rejected' AND registration_row IS NULL

-- part: add_enrollments
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
SELECT course_id, person_id, status, 'import', started_on, ended_on FROM oulad_enrollment WHERE state = 'added' ORDER BY course_id, person_id

-- part: change_enrollments
UPDATE student_enrollments AS e
SET status = o.status, previous_status = NULL, started_on = o.started_on, ended_on = o.ended_on
FROM oulad_enrollment AS o
WHERE e.course_id = o.course_id AND e.student_id = o.person_id AND 'changed' IN (o.state, o.registration_state)

-- part: stored_attempts
-- Quiz by quiz, by the index (the subquery with OFFSET stays one): joined as a whole, the table of all courses would be read, which the
-- planner chooses until it is very large.
CREATE TEMPORARY TABLE oulad_stored ON COMMIT DROP AS
SELECT a.id, a.quiz_id, a.student_id, a.score, a.submitted_at, a.banked, a.origin
FROM oulad_quiz AS q
CROSS JOIN LATERAL (
    SELECT t.id, t.quiz_id, t.student_id, t.score, t.submitted_at, t.banked, t.origin
    FROM quiz_attempts AS t
    WHERE t.quiz_id = q.quiz_id AND t.number = 1
    OFFSET 0
) AS a
WHERE q.state NOT IN ('added', 'rejected')

-- part: attempts
CREATE TEMPORARY TABLE oulad_attempt ON COMMIT DROP AS
WITH repeated AS (
    SELECT assessment, student, min(row_number) AS first_row FROM oulad_attempt_row GROUP BY assessment, student HAVING count(*) > 1
),

checked AS (
    SELECT
        r.row_number,
        r.day,
        r.banked,
        r.score::numeric(12, 4) AS score,
        (q.first_day + r.day + TIME '12:00') AT TIME ZONE 'UTC' AS submitted_at,
        q.quiz_id,
        q.course_id,
        q.week_number,
        q.length,
        e.person_id,
        e.unregistered,
        a.id AS attempt_id,
        a.score AS old_score,
        a.submitted_at AS old_submitted_at,
        a.banked AS old_banked,
        CASE
            WHEN repeated.first_row < r.row_number THEN 'is a second result of the same student in the same assessment'
            WHEN q.quiz_id IS NULL THEN 'is an assessment that assessments.csv does not name, or whose row was rejected'
            WHEN e.person_id IS NULL THEN 'is not enrolled in the presentation of the assessment'
            WHEN a.origin <> 'import' THEN 'has an attempt in lmskit that was not imported'
        END AS reason
    FROM oulad_attempt_row AS r
    LEFT JOIN oulad_quiz AS q ON q.assessment = r.assessment AND q.state <> 'rejected'
    LEFT JOIN oulad_enrollment AS e ON e.course_id = q.course_id AND e.student = r.student AND e.state <> 'rejected'
    LEFT JOIN oulad_stored AS a ON a.quiz_id = q.quiz_id AND a.student_id = e.person_id
    LEFT JOIN repeated ON repeated.assessment = r.assessment AND repeated.student = r.student
)

SELECT
    row_number, day, banked, score, submitted_at, quiz_id, course_id, week_number, person_id, attempt_id, reason,
    CASE
        WHEN reason IS NOT NULL THEN 'rejected'
        WHEN attempt_id IS NULL THEN 'added'
        WHEN (old_score, old_submitted_at, old_banked) IS DISTINCT FROM (score, submitted_at, banked) THEN 'changed'
        ELSE 'unchanged'
    END AS state,
    day > length AS is_late,
    NOT banked AND day > unregistered AS is_after_leaving
FROM checked

-- part: attempt_rejections
INSERT INTO import_rejection (file, row_number, column_name, value, reason)
SELECT 'studentAssessment.csv', a.row_number, CASE WHEN a.quiz_id IS NULL THEN 'id_assessment' ELSE 'id_student' END,
    CASE WHEN a.quiz_id IS NULL THEN r.assessment ELSE r.student END, a.reason
FROM oulad_attempt AS a
JOIN oulad_attempt_row AS r ON r.row_number = a.row_number
WHERE a.reason IS NOT NULL

-- part: attempt_warnings
INSERT INTO import_warning (file, row_number, column_name, value, reason)
SELECT 'studentAssessment.csv', a.row_number, warning.column_name, warning.value, warning.reason
FROM oulad_attempt AS a
CROSS JOIN LATERAL (VALUES
    (a.score IS NULL, 'score', '?', 'is not graded: kept without a score'),
    (a.banked, 'is_banked', '1', 'is a result carried over from an earlier presentation: kept, but no evidence'),
    (a.day < 0, 'date_submitted', a.day::text, 'was submitted before the first day of the presentation'),
    (a.is_late, 'date_submitted', a.day::text, 'was submitted after the end of the presentation'),
    (a.is_after_leaving, 'date_submitted', a.day::text, 'was submitted after the student had unregistered')
) AS warning (applies, column_name, value, reason)
WHERE a.reason IS NULL
    AND (a.score IS NULL OR a.banked OR a.day < 0 OR a.is_late OR a.is_after_leaving)
    AND warning.applies

-- part: add_attempts
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin, banked)
SELECT quiz_id, course_id, person_id, 1, score, 100, submitted_at, 'import', banked FROM oulad_attempt WHERE state = 'added'

-- part: change_attempts
UPDATE quiz_attempts AS a
SET score = o.score, submitted_at = o.submitted_at, banked = o.banked
FROM oulad_attempt AS o
WHERE o.state = 'changed' AND a.id = o.attempt_id

-- part: touched
SELECT person_id, course_id, week_number FROM oulad_attempt WHERE state IN ('added', 'changed')
UNION
SELECT a.student_id, a.course_id, week
FROM oulad_quiz AS q
JOIN quiz_attempts AS a ON a.quiz_id = q.quiz_id
CROSS JOIN LATERAL (VALUES (q.old_week), (q.week_number)) AS weeks (week)
WHERE q.state = 'changed' AND q.old_week IS DISTINCT FROM q.week_number AND weeks.week IS NOT NULL

-- part: row_states
SELECT 'courses.csv' AS file, state, count(*) FROM oulad_course GROUP BY state
UNION ALL
SELECT 'assessments.csv', state, count(*) FROM oulad_quiz GROUP BY state
UNION ALL
SELECT 'studentInfo.csv', state, count(*) FROM oulad_enrollment GROUP BY state
UNION ALL
SELECT 'studentRegistration.csv', coalesce(e.registration_state, 'rejected'), count(*)
FROM oulad_registration AS g
LEFT JOIN oulad_enrollment AS e ON e.registration_row = g.row_number AND e.reason IS NULL
GROUP BY 2
UNION ALL
SELECT 'studentAssessment.csv', state, count(*) FROM oulad_attempt GROUP BY state

-- part: entity_states
SELECT 'terms' AS kind, state, count(*) FROM oulad_term GROUP BY state
UNION ALL
SELECT 'courses', state, count(*) FROM oulad_course GROUP BY state
UNION ALL
SELECT 'quizzes', state, count(*) FROM oulad_quiz GROUP BY state
UNION ALL
SELECT 'enrollments', CASE WHEN 'changed' IN (state, registration_state) THEN 'changed' ELSE state END, count(*)
FROM oulad_enrollment
GROUP BY 2
UNION ALL
SELECT 'attempts', state, count(*) FROM oulad_attempt GROUP BY state

-- part: totals
SELECT
    (SELECT count(DISTINCT lower(module)) FROM oulad_course WHERE state <> 'rejected') AS lecturers,
    (SELECT coalesce(sum(weeks), 0) FROM oulad_course WHERE state <> 'rejected') AS weeks,
    (SELECT count(DISTINCT person_id) FROM oulad_enrollment WHERE state <> 'rejected') AS students,
    (SELECT count(*) FROM (
        SELECT person_id FROM oulad_enrollment WHERE state <> 'rejected' GROUP BY person_id HAVING count(*) > 1
    ) AS several) AS students_in_several

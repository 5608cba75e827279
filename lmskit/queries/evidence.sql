-- Evidence of mastery, in the order in which it came.
--
-- One row: one unit of evidence of a student in a week of a course. That is a graded question where the attempt has
--   per-question answers, otherwise the attempt as a whole.
-- Order: course, student, week; then time of submission, attempt, position of the question in its quiz.
-- Caveats: Banked attempts, what was not graded and what has a maximum of 0 is no evidence, and has no row. An attempt of which
--   only some questions are graded yet counts with those, whatever its total says. Marks below 0 count as 0; marks above the
--   maximum are passed on as they are. Answers to questions that the quiz does not have are passed over.
-- Robust: a lecturer can store any JSON as questions and answers; what is no number of sensible size cannot stop a refresh.
-- Source: lmskit.schemas.quiz (shape of questions and answers); the module narrows what is read, and asks for further columns
--   where single answers are looked at.
WITH quiz AS MATERIALIZED (
    SELECT
        q.id,
        q.course_id,
        q.week_number,
        (
            SELECT jsonb_object_agg(entry.question ->> 'id', jsonb_build_array(entry.position, entry.question -> 'points'))
            FROM jsonb_array_elements(q.questions) WITH ORDINALITY AS entry (question, position)
            WHERE entry.question ->> 'id' IS NOT NULL
        ) AS points{about_quizzes}
    FROM quizzes AS q
    WHERE {quizzes}
)

SELECT
    a.student_id,
    a.course_id,
    quiz.week_number,
    coalesce(graded.score, a.score::float8) AS score,
    coalesce(graded.points, a.max_score::float8) AS max_score,
    a.submitted_at{about_responses}
FROM quiz
JOIN quiz_attempts AS a ON a.quiz_id = quiz.id AND a.course_id = quiz.course_id
LEFT JOIN LATERAL (
    SELECT marks.position, marks.score, marks.points
    FROM jsonb_array_elements(a.answers) AS answer
    CROSS JOIN LATERAL (SELECT quiz.points -> (answer ->> 'question') AS known) AS asked
    CROSS JOIN LATERAL (
        SELECT
            (asked.known ->> 0)::bigint AS position,
            CASE WHEN jsonb_typeof(answer -> 'score') = 'number'
                THEN round(least(greatest((answer -> 'score')::numeric, 0), 100000000), 8)::float8 END AS score,
            CASE WHEN jsonb_typeof(asked.known -> 1) = 'number'
                THEN round(least(greatest((asked.known -> 1)::numeric, 0), 100000000), 8)::float8 END AS points
    ) AS marks
    WHERE marks.score IS NOT NULL AND marks.points > 0
) AS graded ON true
WHERE NOT a.banked
  AND (graded.position IS NOT NULL OR (a.score IS NOT NULL AND a.max_score > 0))
  AND {students}
ORDER BY a.course_id, a.student_id, quiz.week_number, a.submitted_at, a.id, graded.position

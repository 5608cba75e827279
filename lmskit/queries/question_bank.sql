-- The questions of the banks of a course, and of each the quiz that it is in.
--
-- One row for each question of a bank.
-- Order: bank, position in it; it is total.
-- Columns: quiz and asked_as are null where the question is in no quiz of the course.
-- Caveats: A question is in a quiz that has the same text, options and topic, whatever its id and points: a quiz that reports define has
--   the numbers and points of the reports. A question whose text was changed in the quiz since is not found.
-- Robust: a lecturer can store any JSON as questions of a quiz.
-- Source: lmskit.services.question_joining, which puts them into quizzes.
WITH asked AS MATERIALIZED (
    SELECT
        q.id AS quiz_id,
        q.title,
        entry.question ->> 'id' AS id,
        entry.question - 'id' - 'points' AS content
    FROM quizzes AS q
    CROSS JOIN LATERAL jsonb_array_elements(q.questions) AS entry (question)
    WHERE q.course_id = :course AND jsonb_typeof(entry.question) = 'object'
)

SELECT
    b.bank,
    b.number,
    b.question ->> 'id' AS question,
    b.question ->> 'type' AS type,
    b.question ->> 'prompt' AS prompt,
    found.title AS quiz,
    found.id AS asked_as
FROM bank_questions AS b
LEFT JOIN LATERAL (
    SELECT
        asked.title,
        asked.id
    FROM asked
    WHERE asked.content = b.question - 'id' - 'points'
    ORDER BY asked.quiz_id, asked.id
    LIMIT 1
) AS found ON TRUE
WHERE b.course_id = :course
ORDER BY b.bank COLLATE "C", b.number

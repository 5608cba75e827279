-- Evidence of mastery, packed.
--
-- One row, the first string of which holds the quizzes that were asked about and the second their questions (of_quizzes); and one row
--   for each place, a course or a stretch of the table, with its attempts and, in their order, all their answers. All are strings of
--   numbers of eight bytes, as the binary protocol writes them. The module makes units of evidence of them.
-- Order: none. Whoever reads it puts it in order.
-- Caveats: Banked attempts are not there. An answer names its question by the hash of its id; what is no number is NaN, and points
--   that are none are 0. Marks below 0 are 0.
-- Robust: a lecturer can store any JSON as questions and answers; what is no number of sensible size cannot stop a refresh.
-- Fast: one string takes a third of the time of as many rows, and an answer finds its question a third of the time in the module.
--   Attempts without answers never meet the functions about JSON. No table is joined to attempts: how many rows there are is hidden
--   from the planner, and it could make a loop over all quizzes.
-- Source: lmskit.schemas.quiz (shape of questions and answers); the module says what is read, and from which places.
WITH quiz AS MATERIALIZED (
    SELECT
        q.id,
        q.course_id,
        q.week_number,
        q.questions,
        (
            SELECT count(DISTINCT entry.question ->> 'topic')
            FROM jsonb_array_elements(q.questions) AS entry (question)
        ) AS n_topics
    FROM quizzes AS q
    WHERE {quizzes}
)

SELECT
    true AS of_quizzes,
    string_agg(int8send(quiz.id) || int8send(quiz.course_id) || int8send(quiz.week_number) || int8send(quiz.n_topics), '') AS first,
    (
        SELECT
            string_agg(
                int8send(quiz.id) || int8send(hashtextextended(entry.question ->> 'id', 0)) || int8send(entry.position)
                || float8send(
                    CASE WHEN jsonb_typeof(entry.question -> 'points') = 'number'
                        THEN round(least(greatest((entry.question -> 'points')::numeric, 0), 100000000), 8)::float8
                        ELSE 0 END
                ),
                ''
            )
        FROM quiz
        CROSS JOIN LATERAL jsonb_array_elements(quiz.questions) WITH ORDINALITY AS entry (question, position)
        WHERE entry.question ->> 'id' IS NOT NULL
    ) AS second
FROM quiz
UNION ALL
SELECT false, attempt.heads, attempt.answers
FROM {places}
CROSS JOIN LATERAL (
    SELECT
        string_agg(
            int8send(a.quiz_id) || int8send(a.student_id) || int8send(a.id) || int8send(jsonb_array_length(a.answers))
            || float8send(coalesce(a.score::float8, 'NaN')) || float8send(a.max_score::float8) || timestamptz_send(a.submitted_at),
            ''
        ) AS heads,
        string_agg(
            CASE WHEN jsonb_array_length(a.answers) > 0 THEN (
                SELECT
                    string_agg(
                        int8send(coalesce(hashtextextended(answer ->> 'question', 0), 0))
                        || float8send(
                            CASE WHEN jsonb_typeof(answer -> 'score') = 'number'
                                THEN round(least(greatest((answer -> 'score')::numeric, 0), 100000000), 8)::float8
                                ELSE 'NaN' END
                        ),
                        ''
                    )
                FROM jsonb_array_elements(a.answers) AS answer
            ) END,
            ''
        ) AS answers
    FROM {attempts}
    WHERE {of_place} AND NOT a.banked
) AS attempt

-- Evidence of mastery, packed.
--
-- One row with the quizzes (first) and their questions (second), where of_quizzes is true; and one row for each block, a course or a
--   range of the table, with its attempts (first) and, in the same order, all their answers (second). All are strings of numbers of
--   eight bytes, or twice four, as the binary protocol writes them. The module makes units of evidence of them.
-- Order: none. The module sorts the rows.
-- Caveats: Banked attempts, those that were taken back, and those of students who are excused from the quiz are left out. An answer refers to its question by the hash of its id. Scores that are not numbers are NaN,
--   points that are not numbers are 0, and negative scores are 0. An unknown time is before all others.
--   A quiz without a week is in week 0, and the module leaves its attempts out.
-- Robust: a lecturer can store any JSON as questions and answers; a value that is not a number of sensible size cannot stop a refresh.
-- Fast: one string takes a third of the time of as many rows, and finding the question of an answer takes a third of the time in the
--   module. The JSON functions are not called for attempts without answers. No table is joined to attempts: the planner does not know
--   the number of rows, and could choose a loop over all quizzes.
-- Source: lmskit.schemas.quiz (shape of questions and answers); the module fills in the blocks and conditions.
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
    string_agg(int8send(quiz.id) || int8send(quiz.course_id)
        || int8send(coalesce(quiz.week_number, 0)) || int8send(quiz.n_topics), '') AS first,
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
FROM {blocks}
CROSS JOIN LATERAL (
    SELECT
        string_agg(
            int8send(a.quiz_id) || int8send(a.student_id) || int8send(a.id)
            || int4send(jsonb_array_length(a.answers)) || int4send(a.number)
            || float8send(coalesce(a.score::float8, 'NaN')) || float8send(a.max_score::float8) || timestamptz_send(coalesce(a.submitted_at, '-infinity')),
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
    WHERE {of_block} AND NOT a.banked AND a.taken_back_at IS NULL
        AND (a.quiz_id, a.student_id) NOT IN (SELECT x.quiz_id, x.student_id FROM quiz_exceptions AS x WHERE x.excused)
) AS attempt

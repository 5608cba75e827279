-- How often each question of a course was missed, by its class or by one student.
--
-- One row for each question of a quiz that at least one counted attempt answers question by question; for a quiz of which only totals
--   are known, one row for the quiz as a whole, without a question.
-- Order: week, title and number of the quiz, position of the question; it is total.
-- Columns: of each student, the last graded attempt at a quiz counts. n_missed counts students who earned fewer than all points; lost is
--   the sum of the shares of the points that they did not earn, which is at most n_missed. A question without an answer in an attempt
--   that answers others earned nothing.
-- Caveats: Banked attempts are left out, those of excused students, and attempts that are not graded as a whole. Questions that are worth nothing are left out, and
--   quizzes without a week.
-- Robust: a lecturer can store any JSON as questions and answers; points and scores that are not numbers of sensible size are left out.
-- Fast: the planner cannot know to how many rows JSON unfolds. So each step is made once and joined by hashes (read_by_course); without
--   that, a course of 13,000 attempts took half a minute.
-- Reproducible: shares are added as numerics, whose sum does not depend on the order of the rows.
-- Source: lmskit.queries.quiz_answers, which leaves out the same attempts; lmskit.schemas.quiz (shape of questions and answers).
WITH asked AS MATERIALIZED (
    SELECT
        q.id,
        q.week_number,
        q.title,
        q.questions,
        q.answer_key
    FROM quizzes AS q
    WHERE
        q.course_id = :course
        AND q.week_number IS NOT NULL
        AND (CAST(:week AS integer) IS NULL OR q.week_number = CAST(:week AS integer))
),

question AS MATERIALIZED (
    SELECT DISTINCT ON (asked.id, entry.question ->> 'id')
        asked.id AS quiz_id,
        entry.question ->> 'id' AS id,
        entry.position,
        entry.question,
        asked.answer_key -> (entry.question ->> 'id') -> 'answer' AS answer,
        round(least(greatest((entry.question -> 'points')::numeric, 0), 100000000), 8)::float8 AS points
    FROM asked
    CROSS JOIN LATERAL jsonb_array_elements(asked.questions) WITH ORDINALITY AS entry (question, position)
    WHERE entry.question ->> 'id' IS NOT NULL AND jsonb_typeof(entry.question -> 'points') = 'number'
    ORDER BY asked.id ASC, entry.question ->> 'id' ASC, entry.position DESC
),

roster AS MATERIALIZED (
    SELECT e.student_id
    FROM student_enrollments AS e
    WHERE
        e.course_id = :course
        AND CASE
            WHEN CAST(:student AS bigint) IS NULL THEN e.status IN ('active', 'completed')
            ELSE e.student_id = CAST(:student AS bigint)
        END
),

counted AS MATERIALIZED (
    SELECT DISTINCT ON (a.quiz_id, a.student_id)
        a.id,
        a.quiz_id,
        a.answers,
        1 - least(a.score::float8 / nullif(a.max_score::float8, 0), 1) AS lost
    FROM quiz_attempts AS a
    WHERE
        a.course_id = :course
        AND a.student_id IN (SELECT roster.student_id FROM roster)
        AND NOT a.banked
        AND a.taken_back_at IS NULL
        AND (a.quiz_id, a.student_id) NOT IN (SELECT x.quiz_id, x.student_id FROM quiz_exceptions AS x WHERE x.excused)
        AND a.score IS NOT NULL
        -- answers of other quizzes are not looked at
        AND CASE WHEN a.quiz_id = ANY(ARRAY(SELECT asked.id FROM asked))
            THEN NOT jsonb_path_exists(a.answers, CAST(:without_score AS jsonpath))
            ELSE FALSE END
    ORDER BY a.quiz_id ASC, a.student_id ASC, a.number DESC
),

given AS MATERIALIZED (
    SELECT
        counted.id AS attempt_id,
        counted.quiz_id,
        entry.answer ->> 'question' AS question,
        entry.answer -> 'score' AS score,
        entry.position
    FROM counted
    CROSS JOIN LATERAL jsonb_array_elements(counted.answers) WITH ORDINALITY AS entry (answer, position)
),

scored AS MATERIALIZED (
    SELECT DISTINCT ON (given.attempt_id, question.id)
        given.attempt_id,
        given.quiz_id,
        given.question,
        question.points,
        CASE WHEN jsonb_typeof(given.score) = 'number'
            THEN round(least(greatest(given.score::numeric, 0), 100000000), 8)::float8
            ELSE 0 END AS score
    FROM given
    JOIN question ON question.quiz_id = given.quiz_id AND question.id = given.question
    ORDER BY given.attempt_id, question.id, given.position
),

answering AS MATERIALIZED (
    SELECT
        scored.quiz_id,
        count(DISTINCT scored.attempt_id) AS n_students
    FROM scored
    GROUP BY scored.quiz_id
),

earned AS MATERIALIZED (
    SELECT
        scored.quiz_id,
        scored.question,
        count(*) FILTER (WHERE scored.score >= scored.points) AS n_right,
        sum(round(least(scored.score / nullif(scored.points, 0), 1)::numeric, 8)) AS shares
    FROM scored
    GROUP BY scored.quiz_id, scored.question
),

single AS (
    SELECT
        question.quiz_id,
        question.position,
        question.id AS question,
        question.question ->> 'prompt' AS prompt,
        question.question ->> 'topic' AS question_topic,
        question.question -> 'options' AS options,
        question.answer,
        answering.n_students,
        answering.n_students - coalesce(earned.n_right, 0) AS n_missed,
        (answering.n_students - coalesce(earned.shares, 0))::float8 AS lost
    FROM question
    JOIN answering ON answering.quiz_id = question.quiz_id
    LEFT JOIN earned ON earned.quiz_id = question.quiz_id AND earned.question = question.id
    WHERE question.points > 0
),

whole AS (
    SELECT
        counted.quiz_id,
        count(*) AS n_students,
        count(*) FILTER (WHERE counted.lost > 0) AS n_missed,
        sum(round(counted.lost::numeric, 8))::float8 AS lost
    FROM counted
    WHERE counted.lost IS NOT NULL AND counted.quiz_id NOT IN (SELECT answering.quiz_id FROM answering)
    GROUP BY counted.quiz_id
)

SELECT
    asked.week_number,
    s.topic,
    asked.id AS quiz_id,
    asked.title AS quiz_title,
    part.question,
    part.position AS number,
    part.prompt,
    part.question_topic,
    part.options,
    part.answer,
    part.n_students,
    part.n_missed,
    part.lost
FROM asked
JOIN syllabi AS s ON s.course_id = :course AND s.week_number = asked.week_number
JOIN (
    SELECT * FROM single
    UNION ALL
    SELECT whole.quiz_id, 0, NULL, NULL, NULL, NULL, NULL, whole.n_students, whole.n_missed, whole.lost FROM whole
) AS part ON part.quiz_id = asked.id
ORDER BY asked.week_number ASC, asked.title COLLATE "C" ASC, asked.id ASC, part.position ASC

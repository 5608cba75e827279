-- An answer is to a question of its quiz: neither can an answer to another question be stored, nor a question with answers be removed.
--
-- An answer is an element of quiz_attempts.answers, and its question an element of quizzes.questions, so that no foreign key can hold it.
-- These two functions do what one does, with its locks: who adds an answer keeps the quiz as it is (FOR KEY SHARE, as the key of the
-- attempt does), and who removes a question waits for those. A row that was against it before stays, and may be changed but for that.
-- What joins the changed rows is planned for each statement (EXECUTE): the plan for one row takes hours for a million.

CREATE POLICY definer_reads ON lms.quizzes FOR SELECT TO lmskit_definer USING (true);
-- A row is locked with the right to change it.
CREATE POLICY definer_locks ON lms.quizzes FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (false);
GRANT SELECT (id, course_id, questions), UPDATE (id) ON lms.quizzes TO lmskit_definer;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE FUNCTION lms.keep_to_questions() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    answered bigint[];
    doubtful record;
    known jsonb;
    unknown text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT FROM new_rows AS a WHERE a.answers <> '[]') THEN
            answered := ARRAY(SELECT DISTINCT a.quiz_id FROM new_rows AS a);
        END IF;
    ELSE
        EXECUTE $changed$
            SELECT array_agg(DISTINCT a.quiz_id) FROM new_rows AS a LEFT JOIN old_rows AS b ON b.id = a.id
            WHERE a.answers <> '[]' AND (a.quiz_id, a.answers) IS DISTINCT FROM (b.quiz_id, b.answers)
        $changed$ INTO answered;
    END IF;
    IF coalesce(cardinality(answered), 0) = 0 THEN
        RETURN NULL;
    END IF;
    PERFORM FROM lms.quizzes AS q WHERE q.id = ANY (answered) ORDER BY q.id FOR KEY SHARE;
    FOR doubtful IN EXECUTE $doubtful$
        WITH asked AS MATERIALIZED (
            SELECT q.id, jsonb_path_query_array(q.questions, '$[*].id') AS questions
            FROM lms.quizzes AS q JOIN lms.courses AS c ON c.id = q.course_id JOIN lms.terms AS t ON t.id = c.term_id
            -- Rows that move, or come back from the files of an archived term, are no new ones.
            WHERE q.id = ANY ($1) AND t.state NOT IN ('moving', 'writing')
        )

        SELECT a.id, a.quiz_id, a.answers, asked.questions
        FROM new_rows AS a
        JOIN asked ON asked.id = a.quiz_id
        -- Quick, but each answer is compared with each question; what is not found this way is looked at one by one.
        WHERE jsonb_array_length(asked.questions) > 1000 OR NOT jsonb_path_query_array(a.answers, '$[*].question') <@ asked.questions
    $doubtful$ USING answered
    LOOP
        known := doubtful.questions;
        IF TG_OP = 'UPDATE' THEN
            known := known || coalesce(
                (
                    SELECT jsonb_path_query_array(b.answers, '$[*].question') FROM old_rows AS b
                    WHERE b.id = doubtful.id AND b.quiz_id = doubtful.quiz_id
                ),
                '[]'
            );
        END IF;
        unknown := (
            SELECT e.question #>> '{}' FROM jsonb_path_query(doubtful.answers, '$[*].question') AS e (question)
            WHERE jsonb_typeof(e.question) IN ('string', 'number') AND e.question NOT IN (SELECT k.id FROM jsonb_array_elements(known) AS k (id))
            LIMIT 1
        );
        IF unknown IS NOT NULL THEN
            RAISE EXCEPTION 'an answer is to a question that its quiz does not have'
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'an_answer_is_to_a_question_of_its_quiz', DETAIL = left(unknown, 100);
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.keep_to_questions() IS 'Refuses answers to questions that their quiz does not have';

CREATE FUNCTION lms.keep_answered_questions() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    removed jsonb;
    answered text;
BEGIN
    -- By quiz, the ids of the questions that it does not have any more.
    EXECUTE $removed$
        SELECT jsonb_object_agg(gone.quiz, gone.questions)
        FROM (
            SELECT b.id AS quiz, jsonb_agg(e.question) AS questions
            FROM old_rows AS b
            JOIN new_rows AS a ON a.id = b.id AND a.questions <> b.questions
            CROSS JOIN LATERAL jsonb_path_query(b.questions, '$[*].id') AS e (question)
            WHERE NOT EXISTS (
                SELECT FROM (SELECT n.id, jsonb_path_query(n.questions, '$[*].id') AS question FROM new_rows AS n) AS k
                WHERE k.id = b.id AND k.question = e.question
            )
            GROUP BY b.id
        ) AS gone
    $removed$ INTO removed;
    IF removed IS NULL THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a snapshot does not see what was written while this waited' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    PERFORM FROM lms.quizzes AS q WHERE removed ? q.id::text AND q.id IN (SELECT b.id FROM old_rows AS b) ORDER BY q.id FOR UPDATE;
    SELECT e.question #>> '{}' INTO answered
    FROM old_rows AS b
    JOIN lms.quiz_attempts AS a ON a.quiz_id = b.id
    CROSS JOIN LATERAL jsonb_path_query(a.answers, '$[*].question') AS e (question)
    WHERE removed ? b.id::text AND (removed -> b.id::text) @> e.question AND jsonb_typeof(e.question) IN ('string', 'number')
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a question that would be removed has answers'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'a_question_with_answers_stays', DETAIL = left(answered, 100);
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.keep_answered_questions() IS 'Refuses to remove questions that have answers';

REVOKE EXECUTE ON FUNCTION lms.keep_to_questions(), lms.keep_answered_questions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.keep_to_questions(), lms.keep_answered_questions() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

CREATE TRIGGER keep_to_questions_insert AFTER INSERT ON lms.quiz_attempts REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_to_questions();
CREATE TRIGGER keep_to_questions_update AFTER UPDATE ON lms.quiz_attempts REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_to_questions();
CREATE TRIGGER keep_answered_questions AFTER UPDATE ON lms.quizzes REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_answered_questions();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.keep_to_questions(), lms.keep_answered_questions() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

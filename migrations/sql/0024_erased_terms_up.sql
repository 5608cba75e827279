-- An erasure opens the terms of the person, and of texts that name the person, and no others; it gives each the state back that it had, and
-- says of all files of those terms that they have what was erased.

ALTER TABLE lms.terms ADD COLUMN state_before lms.term_state;
COMMENT ON COLUMN lms.terms.state_before IS 'Only within a transaction that erases a person: the state that the term gets back';
GRANT SELECT (state_before), UPDATE (state_before) ON lms.terms TO lmskit_definer;

-- Who writes in a course keeps it in its term: a row is locked with the right to change it.
CREATE POLICY definer_locks ON lms.courses FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (false);
GRANT UPDATE (term_id) ON lms.courses TO lmskit_definer;
-- Where the files are stays as it was written: without their address nobody finds them.
REVOKE UPDATE (location) ON lms.archives FROM lmskit_admin;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE OR REPLACE FUNCTION lms.keep_closed_terms() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    touched bigint[];
    named bigint[];
    term record;
BEGIN
    IF TG_TABLE_NAME = 'terms' THEN
        -- They may be called another way at any time; their files have the earlier name.
        named := ARRAY(
            SELECT a.id FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id
            WHERE (a.code, a.name, a.starts_on, a.ends_on) IS DISTINCT FROM (b.code, b.name, b.starts_on, b.ends_on)
        );
    ELSIF TG_TABLE_NAME = 'courses' AND TG_OP = 'UPDATE' THEN
        -- Who is writing in a course that moves has looked at the term that it leaves: they are waited for.
        PERFORM FROM lms.courses AS c
        WHERE c.id IN (SELECT a.id FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id WHERE a.term_id <> b.term_id)
        ORDER BY c.id FOR UPDATE;
        touched := ARRAY(
            SELECT t.id FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id CROSS JOIN LATERAL (VALUES (b.term_id), (a.term_id)) AS t (id)
            WHERE (a.term_id, a.code, a.module_code, a.origin, a.mastery_rule, a.mastery_parameters)
                IS DISTINCT FROM (b.term_id, b.code, b.module_code, b.origin, b.mastery_rule, b.mastery_parameters)
        );
        -- Title and lecturer may change: a course is handed over also after its term. Files have them too.
        named := ARRAY(
            SELECT a.term_id FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id WHERE (a.title, a.lecturer_id) IS DISTINCT FROM (b.title, b.lecturer_id)
        );
    ELSIF TG_TABLE_NAME = 'courses' THEN
        IF TG_OP = 'INSERT' THEN
            touched := ARRAY(SELECT r.term_id FROM new_rows AS r);
        ELSE
            touched := ARRAY(SELECT r.term_id FROM old_rows AS r);
        END IF;
    ELSE
        IF TG_OP = 'INSERT' THEN
            touched := ARRAY(SELECT DISTINCT r.course_id FROM new_rows AS r);
        ELSIF TG_OP = 'DELETE' THEN
            touched := ARRAY(SELECT DISTINCT r.course_id FROM old_rows AS r);
        ELSE
            touched := ARRAY(SELECT r.course_id FROM old_rows AS r UNION SELECT r.course_id FROM new_rows AS r);
        END IF;
        touched := ARRAY(SELECT c.term_id FROM lms.courses AS c WHERE c.id = ANY (touched) ORDER BY c.id FOR KEY SHARE);
    END IF;
    -- Who closes or moves a term holds its row, and waits for those who are writing.
    FOR term IN
        SELECT t.id, t.code, t.state, t.state_before FROM lms.terms AS t WHERE t.id = ANY (touched) ORDER BY t.id FOR KEY SHARE
    LOOP
        IF term.state IN ('closed', 'archived') THEN
            RAISE EXCEPTION 'the term % is %', term.code, term.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'a_closed_term_stays_as_it_is', DETAIL = format('%s: %s', term.state, term.code);
        ELSIF term.state_before IS NOT NULL THEN
            named := named || term.id;
        END IF;
    END LOOP;
    IF cardinality(named) > 0 THEN
        UPDATE lms.archives AS a SET outdated_at = now()
        FROM lms.terms AS t
        WHERE t.id = a.term_id AND t.id = ANY (named) AND t.state_before IS NOT NULL AND a.outdated_at IS NULL;
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION lms.finish_restore(term bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    courses CONSTANT bigint[] := ARRAY(SELECT c.id FROM lms.courses AS c WHERE c.term_id = finish_restore.term);
BEGIN
    PERFORM lms.lock_term(term, 'writing');
    UPDATE lms.terms AS t SET state = 'closed' WHERE t.id = finish_restore.term;
    UPDATE lms.archives AS a SET ended_at = now() WHERE a.term_id = finish_restore.term AND a.ended_at IS NULL;
    INSERT INTO lms.audit_log (action, table_name, row_key, old, new) VALUES (
        'restore', 'terms', term::text, jsonb_build_object('state', 'archived'),
        jsonb_build_object(
            'state', 'closed',
            'quiz_attempts', (SELECT count(*) FROM lms.quiz_attempts AS a WHERE a.course_id = ANY (courses)),
            'topic_performance', (SELECT count(*) FROM lms.topic_performance AS e WHERE e.course_id = ANY (courses))
        )
    );
END
$function$;

DROP FUNCTION lms.begin_erasure();
CREATE FUNCTION lms.begin_erasure(person bigint, named bigint[]) RETURNS bigint[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    attended CONSTANT bigint[] := ARRAY(
        SELECT e.course_id FROM lms.student_enrollments AS e WHERE e.student_id = begin_erasure.person
        UNION
        SELECT c.id FROM lms.courses AS c WHERE c.lecturer_id = begin_erasure.person
        UNION
        SELECT a.course_id FROM lms.audit_log AS a
        WHERE a.course_id IS NOT NULL AND CASE a.table_name
            WHEN 'courses' THEN begin_erasure.person::text IN (a.old ->> 'lecturer_id', a.new ->> 'lecturer_id')
            WHEN 'student_enrollments' THEN split_part(a.row_key, ':', 2) = begin_erasure.person::text
            WHEN 'quiz_attempts' THEN begin_erasure.person::text IN (a.old ->> 'student_id', a.new ->> 'student_id')
            ELSE false
        END
    );
    concerned CONSTANT bigint[] := ARRAY(SELECT c.term_id FROM lms.courses AS c WHERE c.id = ANY (attended)) || named;
    opened bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a snapshot does not see what was written while this waited' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    opened := ARRAY(SELECT t.id FROM lms.terms AS t WHERE t.id = ANY (concerned) AND t.state IN ('closed', 'archived') ORDER BY t.id FOR UPDATE);
    UPDATE lms.terms AS t SET state_before = t.state, state = 'writing' WHERE t.id = ANY (opened);
    -- Also files of courses that are in another term now, or in none.
    UPDATE lms.archives AS a SET outdated_at = now()
    WHERE a.outdated_at IS NULL AND (a.term_id = ANY (concerned) OR a.manifest -> 'courses' ?| attended::text[]);
    RETURN opened;
END
$function$;
COMMENT ON FUNCTION lms.begin_erasure(bigint, bigint[]) IS
    'Lets this transaction erase a person from the closed and archived terms in which the person was and those that are named, which it returns, and says that their files have what is erased; the same transaction calls finish_erasure';

CREATE OR REPLACE FUNCTION lms.finish_erasure(terms bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    UPDATE lms.terms AS t SET state = t.state_before, state_before = NULL
    WHERE t.id = ANY (finish_erasure.terms) AND t.state = 'writing' AND t.state_before IS NOT NULL;
END
$function$;

-- What a term is called while its rows move or are written is not a change: archive_term, restore_term and finish_restore say what happened.
CREATE OR REPLACE FUNCTION lms.audit_rows() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    withheld CONSTANT text[] := ARRAY['password_hash', 'db_role', 'state_before'];
    rows_of CONSTANT text := 'SELECT (' || TG_ARGV[0] || ')::text AS row_key, (' || TG_ARGV[1] || ')::bigint AS course_id, to_jsonb(r) - $1 AS document FROM ';
    counted text := 'false';
BEGIN
    IF TG_TABLE_NAME = 'quiz_attempts' AND TG_OP <> 'UPDATE' AND EXISTS (SELECT FROM lms.terms AS t WHERE t.state = 'moving') THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'terms' AND TG_OP = 'UPDATE' THEN
        IF EXISTS (
            SELECT FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id
            WHERE a.state <> b.state AND (a.state IN ('moving', 'writing') OR b.state IN ('moving', 'writing'))
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF pg_has_role(session_user, 'lmskit_admin', 'MEMBER') OR NOT pg_has_role(session_user, 'lmskit_lecturer', 'MEMBER') THEN
            counted := TG_ARGV[3];
        END IF;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new) SELECT ''insert'', $2, c.row_key, c.course_id, c.document FROM ('
            || rows_of || 'new_rows AS r WHERE NOT (' || counted || ')) AS c' USING withheld, TG_TABLE_NAME;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new)'
            ' SELECT ''insert'', $1, ''*'', c.course_id, jsonb_build_object(''rows'', count(*), ''origin'', c.origin)'
            ' FROM (SELECT (' || TG_ARGV[1] || ')::bigint AS course_id, ' || TG_ARGV[2] || ' AS origin FROM new_rows AS r WHERE ' || counted
            || ') AS c GROUP BY c.course_id, c.origin' USING TG_TABLE_NAME;
    ELSIF TG_OP = 'UPDATE' THEN
        -- OFFSET 0: each document is made once, not anew wherever it is named.
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old, new)'
            ' SELECT ''update'', $2, coalesce(b.row_key, a.row_key), coalesce(a.course_id, b.course_id),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(b.document) AS e WHERE a.document -> e.key IS DISTINCT FROM e.value),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(a.document) AS e WHERE b.document -> e.key IS DISTINCT FROM e.value)'
            ' FROM (' || rows_of || 'old_rows AS r OFFSET 0) AS b FULL JOIN (' || rows_of || 'new_rows AS r OFFSET 0) AS a ON a.row_key = b.row_key'
            ' WHERE a.document IS DISTINCT FROM b.document' USING withheld, TG_TABLE_NAME;
    ELSE
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old) SELECT ''delete'', $2, c.row_key, c.course_id, c.document FROM ('
            || rows_of || 'old_rows AS r) AS c' USING withheld, TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$function$;

REVOKE EXECUTE ON FUNCTION lms.begin_erasure(bigint, bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.begin_erasure(bigint, bigint[]) TO lmskit_admin;
GRANT EXECUTE ON FUNCTION lms.keep_closed_terms() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

CREATE TRIGGER keep_closed_terms_update AFTER UPDATE ON lms.terms REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.keep_closed_terms() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

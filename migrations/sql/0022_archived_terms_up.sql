-- A term is open, closed or archived, by what people do and by no date.
--
-- Closed: what its mastery is estimated from, and the estimates, stay as they are, whoever asks. Archived: its attempts and estimates
-- are in tables of their own as well, which inherit from the live ones: a query of the live table reads both under the live table's
-- policies, a new column or check reaches both, and nobody but the functions below can write to them.

-- The owner is subject to row security, also where a new key is checked; it is lifted until the end of this file.
ALTER TABLE lms.terms NO FORCE ROW LEVEL SECURITY;

-- 1. State -----------------------------------------------------------------------------------------

CREATE TYPE lms.term_state AS ENUM ('open', 'closed', 'moving', 'writing', 'archived');
ALTER TABLE lms.terms ADD COLUMN state lms.term_state DEFAULT 'open' NOT NULL;
COMMENT ON COLUMN lms.terms.state IS 'moving and writing: only within a transaction that moves its rows, or writes rows of a closed term';

REVOKE INSERT, UPDATE ON lms.terms FROM lmskit_admin;
GRANT INSERT (code, name, starts_on, ends_on), UPDATE (code, name, starts_on, ends_on) ON lms.terms TO lmskit_admin;
GRANT SELECT (id, code, state), UPDATE (state) ON lms.terms TO lmskit_definer;
CREATE POLICY definer_reads ON lms.terms FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_updates ON lms.terms FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);

-- 2. Archived rows ---------------------------------------------------------------------------------

CREATE TABLE lms.archived_attempts (
    CONSTRAINT pk_archived_attempts PRIMARY KEY (id),
    CONSTRAINT uq_archived_attempts_quiz_id_student_id_number UNIQUE (quiz_id, student_id, number),
    CONSTRAINT fk_archived_attempts_quiz_id_course_id FOREIGN KEY (quiz_id, course_id)
        REFERENCES lms.quizzes (id, course_id) ON DELETE RESTRICT,
    CONSTRAINT fk_archived_attempts_course_id_student_id FOREIGN KEY (course_id, student_id)
        REFERENCES lms.student_enrollments (course_id, student_id) ON DELETE RESTRICT
) INHERITS (lms.quiz_attempts);
CREATE INDEX ix_archived_attempts_course_id_student_id ON lms.archived_attempts (course_id, student_id);
COMMENT ON TABLE lms.archived_attempts IS 'Attempts of archived terms; quiz_attempts reads them too';

CREATE TABLE lms.archived_estimates (
    CONSTRAINT pk_archived_estimates PRIMARY KEY (course_id, student_id, week_number),
    CONSTRAINT fk_archived_estimates_course_id_student_id FOREIGN KEY (course_id, student_id)
        REFERENCES lms.student_enrollments (course_id, student_id) ON DELETE CASCADE,
    CONSTRAINT fk_archived_estimates_course_id_week_number FOREIGN KEY (course_id, week_number)
        REFERENCES lms.syllabi (course_id, week_number) ON DELETE CASCADE
) INHERITS (lms.topic_performance);
CREATE INDEX ix_archived_estimates_course_id_week_number ON lms.archived_estimates (course_id, week_number);
COMMENT ON TABLE lms.archived_estimates IS 'Mastery of archived terms; topic_performance reads it too';

DO $$
DECLARE
    source record;
    copied record;
BEGIN
    FOR source IN SELECT * FROM (VALUES ('quiz_attempts', 'archived_attempts'), ('topic_performance', 'archived_estimates')) AS v (live, archived)
    LOOP
        EXECUTE format('ALTER TABLE lms.%I ENABLE ROW LEVEL SECURITY', source.archived);
        EXECUTE format('ALTER TABLE lms.%I FORCE ROW LEVEL SECURITY', source.archived);
        EXECUTE format('CREATE POLICY definer_reads ON lms.%I FOR SELECT TO lmskit_definer USING (true)', source.archived);
        EXECUTE format('CREATE POLICY definer_inserts ON lms.%I FOR INSERT TO lmskit_definer WITH CHECK (true)', source.archived);
        EXECUTE format('CREATE POLICY definer_deletes ON lms.%I FOR DELETE TO lmskit_definer USING (true)', source.archived);
        EXECUTE format('CREATE POLICY definer_reads ON lms.%I FOR SELECT TO lmskit_definer USING (true)', source.live);
        EXECUTE format('CREATE POLICY definer_inserts ON lms.%I FOR INSERT TO lmskit_definer WITH CHECK (true)', source.live);
        EXECUTE format('CREATE POLICY definer_deletes ON lms.%I FOR DELETE TO lmskit_definer USING (true)', source.live);
        EXECUTE format('GRANT SELECT, INSERT, DELETE ON lms.%I, lms.%I TO lmskit_definer', source.archived, source.live);
        -- Comments are not inherited.
        FOR copied IN
            SELECT a.attname, col_description(a.attrelid, a.attnum) AS comment FROM pg_attribute AS a
            WHERE a.attrelid = format('lms.%I', source.live)::regclass AND a.attnum > 0 AND col_description(a.attrelid, a.attnum) IS NOT NULL
        LOOP
            EXECUTE format('COMMENT ON COLUMN lms.%I.%I IS %L', source.archived, copied.attname, copied.comment);
        END LOOP;
    END LOOP;
END
$$;

-- 3. Archives: all files of terms that there are or may be --------------------------------------------

-- lmskit has not written to this table, and the revision refuses rows of others.
DROP TABLE lms.archives;
CREATE TABLE lms.archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    term_id bigint NOT NULL,
    location text NOT NULL,
    sha256 text NOT NULL,
    manifest jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    ended_at timestamptz DEFAULT now(),
    outdated_at timestamptz,
    CONSTRAINT pk_archives PRIMARY KEY (id),
    CONSTRAINT fk_archives_term_id FOREIGN KEY (term_id) REFERENCES lms.terms (id) ON DELETE RESTRICT,
    CONSTRAINT ck_archives_sha256_is_hexadecimal CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_archives_manifest_is_an_object CHECK (jsonb_typeof(manifest) = 'object')
);
CREATE UNIQUE INDEX ix_archives_term_id ON lms.archives (term_id) WHERE ended_at IS NULL;
COMMENT ON TABLE lms.archives IS 'Files of terms, those in use and earlier ones';
COMMENT ON COLUMN lms.archives.location IS 'Folder or address of the files';
COMMENT ON COLUMN lms.archives.sha256 IS 'Of the manifest''s file';
COMMENT ON COLUMN lms.archives.manifest IS 'As lmskit.schemas.archive has it';
COMMENT ON COLUMN lms.archives.ended_at IS 'Null while an archived term has these files; others can be removed';
COMMENT ON COLUMN lms.archives.outdated_at IS 'When rows of the term were erased, which these files still have';
ALTER TABLE lms.archives ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.archives FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.archives FOR SELECT TO lmskit_admin USING (true);
-- What names a person who is erased is taken out of these two columns too.
CREATE POLICY admin_updates ON lms.archives FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY definer_reads ON lms.archives FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_inserts ON lms.archives FOR INSERT TO lmskit_definer WITH CHECK (true);
CREATE POLICY definer_updates ON lms.archives FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);
CREATE POLICY definer_deletes ON lms.archives FOR DELETE TO lmskit_definer USING (true);
GRANT SELECT, UPDATE (location, manifest) ON lms.archives TO lmskit_admin;
GRANT SELECT, INSERT (term_id, location, sha256, manifest), UPDATE (ended_at, outdated_at), DELETE ON lms.archives TO lmskit_definer;

-- 4. Functions -------------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE FUNCTION lms.keep_closed_terms() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    touched bigint[];
    term record;
BEGIN
    IF TG_TABLE_NAME = 'courses' AND TG_OP = 'UPDATE' THEN
        -- Title and lecturer may change: a course is handed over also after its term.
        touched := ARRAY(
            SELECT t.id FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id CROSS JOIN LATERAL (VALUES (b.term_id), (a.term_id)) AS t (id)
            WHERE (a.term_id, a.code, a.module_code, a.origin, a.mastery_rule, a.mastery_parameters)
                IS DISTINCT FROM (b.term_id, b.code, b.module_code, b.origin, b.mastery_rule, b.mastery_parameters)
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
        touched := ARRAY(SELECT c.term_id FROM lms.courses AS c WHERE c.id = ANY (touched));
    END IF;
    -- Who closes or moves a term holds its row, and waits for those who are writing.
    FOR term IN SELECT t.id, t.code, t.state FROM lms.terms AS t WHERE t.id = ANY (touched) ORDER BY t.id FOR KEY SHARE LOOP
        IF term.state IN ('closed', 'archived') THEN
            RAISE EXCEPTION 'the term % is %', term.code, term.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'a_closed_term_stays_as_it_is', DETAIL = format('%s: %s', term.state, term.code);
        ELSIF term.state = 'writing' THEN
            UPDATE lms.archives AS a SET outdated_at = now() WHERE a.term_id = term.id AND a.ended_at IS NULL AND a.outdated_at IS NULL;
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.keep_closed_terms() IS 'Refuses to change what the mastery of a closed or archived term rests on';

CREATE FUNCTION lms.end_move() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    IF EXISTS (SELECT FROM lms.terms AS t WHERE t.id = NEW.id AND t.state IN ('moving', 'writing')) THEN
        RAISE EXCEPTION 'the rows of a term are still being written' USING ERRCODE = 'check_violation', CONSTRAINT = 'a_move_ends';
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.end_move() IS 'Lets no transaction end half-way through moving the rows of a term';

CREATE FUNCTION lms.columns_to_move(live regclass) RETURNS text
LANGUAGE sql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
    WHERE a.attrelid = live AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
);
COMMENT ON FUNCTION lms.columns_to_move(regclass) IS 'The columns of a table, so that none that is added later is left behind';

CREATE FUNCTION lms.lock_term(term bigint, expected lms.term_state) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    found lms.term_state;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a snapshot does not see what was written while this waited' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    SELECT t.state INTO found FROM lms.terms AS t WHERE t.id = lock_term.term FOR UPDATE;
    IF found IS DISTINCT FROM expected THEN
        RAISE EXCEPTION 'the term is % and not %', coalesce(found::text, 'unknown'), expected
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_term_goes_step_by_step', DETAIL = coalesce(found::text, 'unknown');
    END IF;
END
$function$;
COMMENT ON FUNCTION lms.lock_term(bigint, lms.term_state) IS 'Waits for those who write in a term, keeps others out until the transaction ends, and refuses a term in another state';

CREATE FUNCTION lms.close_term(term bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.lock_term(term, 'open');
    IF EXISTS (
        SELECT FROM lms.student_enrollments AS e JOIN lms.courses AS c ON c.id = e.course_id
        WHERE c.term_id = close_term.term AND e.status = 'pending'
    ) THEN
        RAISE EXCEPTION 'an enrollment is pending' USING ERRCODE = 'check_violation', CONSTRAINT = 'a_closed_term_waits_for_no_message';
    END IF;
    UPDATE lms.terms AS t SET state = 'closed' WHERE t.id = close_term.term;
END
$function$;
COMMENT ON FUNCTION lms.close_term(bigint) IS 'Closes an open term: what its mastery rests on stays as it is';

CREATE FUNCTION lms.reopen_term(term bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.lock_term(term, 'closed');
    UPDATE lms.terms AS t SET state = 'open' WHERE t.id = reopen_term.term;
END
$function$;
COMMENT ON FUNCTION lms.reopen_term(bigint) IS 'Opens a closed term again';

CREATE FUNCTION lms.move_rows(term bigint, source regclass, target regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    courses CONSTANT bigint[] := ARRAY(SELECT c.id FROM lms.courses AS c WHERE c.term_id = move_rows.term ORDER BY c.id);
    moved CONSTANT text := lms.columns_to_move(source);
    n_written bigint;
    n_deleted bigint;
BEGIN
    EXECUTE format(
        'INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM ONLY %3$s AS r WHERE r.course_id = ANY ($1) ORDER BY r.course_id, r.student_id',
        target, moved, source
    ) USING courses;
    GET DIAGNOSTICS n_written = ROW_COUNT;
    EXECUTE format('DELETE FROM ONLY %s AS r WHERE r.course_id = ANY ($1)', source) USING courses;
    GET DIAGNOSTICS n_deleted = ROW_COUNT;
    IF n_written <> n_deleted THEN
        RAISE EXCEPTION '% rows of % were copied and % deleted', n_written, source, n_deleted USING ERRCODE = 'data_corrupted';
    END IF;
    RETURN n_written;
END
$function$;
COMMENT ON FUNCTION lms.move_rows(bigint, regclass, regclass) IS 'Moves the rows of a term from one table to another; for the functions below alone';

CREATE FUNCTION lms.note_archive(term bigint, location text, sha256 text, manifest jsonb) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    archive bigint;
BEGIN
    INSERT INTO lms.archives (term_id, location, sha256, manifest) VALUES (term, location, sha256, manifest) RETURNING id INTO archive;
    RETURN archive;
END
$function$;
COMMENT ON FUNCTION lms.note_archive(bigint, text, text, jsonb) IS 'Notes files that are about to appear, so that none are forgotten; returns the number of the archive';

CREATE FUNCTION lms.use_archive(term bigint, archive bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    UPDATE lms.archives AS a SET ended_at = now() WHERE a.term_id = use_archive.term AND a.ended_at IS NULL;
    UPDATE lms.archives AS a SET ended_at = NULL WHERE a.id = use_archive.archive AND a.term_id = use_archive.term;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'these are not files of the term' USING ERRCODE = 'no_data_found';
    END IF;
END
$function$;
COMMENT ON FUNCTION lms.use_archive(bigint, bigint) IS 'Makes files those of a term; for the functions below alone';

CREATE FUNCTION lms.archive_term(term bigint, archive bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    n_attempts bigint;
    n_estimates bigint;
BEGIN
    PERFORM lms.lock_term(term, 'closed');
    UPDATE lms.terms AS t SET state = 'moving' WHERE t.id = archive_term.term;
    n_attempts := lms.move_rows(term, 'lms.quiz_attempts', 'lms.archived_attempts');
    n_estimates := lms.move_rows(term, 'lms.topic_performance', 'lms.archived_estimates');
    UPDATE lms.terms AS t SET state = 'archived' WHERE t.id = archive_term.term;
    PERFORM lms.use_archive(term, archive);
    INSERT INTO lms.audit_log (action, table_name, row_key, old, new) VALUES (
        'archive', 'terms', term::text, jsonb_build_object('state', 'closed'),
        jsonb_build_object('state', 'archived', 'archive', archive, 'quiz_attempts', n_attempts, 'topic_performance', n_estimates)
    );
    RETURN n_attempts + n_estimates;
END
$function$;
COMMENT ON FUNCTION lms.archive_term(bigint, bigint) IS 'Moves attempts and mastery of a closed term to the archived ones; returns how many rows';

CREATE FUNCTION lms.restore_term(term bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    n_attempts bigint;
    n_estimates bigint;
BEGIN
    PERFORM lms.lock_term(term, 'archived');
    UPDATE lms.terms AS t SET state = 'moving' WHERE t.id = restore_term.term;
    n_attempts := lms.move_rows(term, 'lms.archived_attempts', 'lms.quiz_attempts');
    n_estimates := lms.move_rows(term, 'lms.archived_estimates', 'lms.topic_performance');
    UPDATE lms.terms AS t SET state = 'closed' WHERE t.id = restore_term.term;
    UPDATE lms.archives AS a SET ended_at = now() WHERE a.term_id = restore_term.term AND a.ended_at IS NULL;
    INSERT INTO lms.audit_log (action, table_name, row_key, old, new) VALUES (
        'restore', 'terms', term::text, jsonb_build_object('state', 'archived'),
        jsonb_build_object('state', 'closed', 'quiz_attempts', n_attempts, 'topic_performance', n_estimates)
    );
    RETURN n_attempts + n_estimates;
END
$function$;
COMMENT ON FUNCTION lms.restore_term(bigint) IS 'Moves attempts and mastery of an archived term back; the term is closed then. Returns how many rows';

CREATE FUNCTION lms.begin_restore(term bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    courses CONSTANT bigint[] := ARRAY(SELECT c.id FROM lms.courses AS c WHERE c.term_id = begin_restore.term ORDER BY c.id);
    n_estimates bigint;
    n_attempts bigint;
BEGIN
    PERFORM lms.lock_term(term, 'archived');
    UPDATE lms.terms AS t SET state = 'writing' WHERE t.id = begin_restore.term;
    DELETE FROM lms.archived_estimates AS e WHERE e.course_id = ANY (courses);
    GET DIAGNOSTICS n_estimates = ROW_COUNT;
    DELETE FROM lms.archived_attempts AS a WHERE a.course_id = ANY (courses);
    GET DIAGNOSTICS n_attempts = ROW_COUNT;
    RETURN n_estimates + n_attempts;
END
$function$;
COMMENT ON FUNCTION lms.begin_restore(bigint) IS 'Makes room for the rows of an archived term, which its files have; the same transaction writes them and calls finish_restore';

CREATE FUNCTION lms.finish_restore(term bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.lock_term(term, 'writing');
    UPDATE lms.terms AS t SET state = 'closed' WHERE t.id = finish_restore.term;
    UPDATE lms.archives AS a SET ended_at = now() WHERE a.term_id = finish_restore.term AND a.ended_at IS NULL;
END
$function$;
COMMENT ON FUNCTION lms.finish_restore(bigint) IS 'Closes a term whose rows were written from its files';

CREATE FUNCTION lms.replace_archive(term bigint, archive bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.lock_term(term, 'archived');
    PERFORM lms.use_archive(term, archive);
END
$function$;
COMMENT ON FUNCTION lms.replace_archive(bigint, bigint) IS 'Gives an archived term other files';

CREATE FUNCTION lms.forget_archive(archive bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    DELETE FROM lms.archives AS a WHERE a.id = forget_archive.archive AND a.ended_at IS NOT NULL;
    RETURN FOUND;
END
$function$;
COMMENT ON FUNCTION lms.forget_archive(bigint) IS 'Forgets files that were removed; false where an archived term has them';

CREATE FUNCTION lms.begin_erasure() RETURNS bigint[]
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    terms bigint[];
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'a snapshot does not see what was written while this waited' USING ERRCODE = 'invalid_transaction_state';
    END IF;
    terms := ARRAY(SELECT t.id FROM lms.terms AS t WHERE t.state IN ('closed', 'archived') ORDER BY t.id FOR UPDATE);
    UPDATE lms.terms AS t SET state = 'writing' WHERE t.id = ANY (terms);
    RETURN terms;
END
$function$;
COMMENT ON FUNCTION lms.begin_erasure() IS 'Lets this transaction erase a person from closed and archived terms, which it returns; the same transaction calls finish_erasure';

CREATE FUNCTION lms.finish_erasure(terms bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    UPDATE lms.terms AS t
    SET state = CASE
        WHEN EXISTS (SELECT FROM lms.archives AS a WHERE a.term_id = t.id AND a.ended_at IS NULL) THEN 'archived'
        ELSE 'closed'
    END::lms.term_state
    WHERE t.id = ANY (finish_erasure.terms) AND t.state = 'writing';
END
$function$;
COMMENT ON FUNCTION lms.finish_erasure(bigint[]) IS 'Gives terms the state back that they had before begin_erasure';

-- Rows that move are no changes: archive_term and restore_term say how many there were, in one entry.
CREATE OR REPLACE FUNCTION lms.audit_rows() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    withheld CONSTANT text[] := ARRAY['password_hash', 'db_role'];
    rows_of CONSTANT text := 'SELECT (' || TG_ARGV[0] || ')::text AS row_key, (' || TG_ARGV[1] || ')::bigint AS course_id, to_jsonb(r) - $1 AS document FROM ';
    counted text := 'false';
BEGIN
    IF TG_TABLE_NAME = 'quiz_attempts' AND TG_OP <> 'UPDATE' AND EXISTS (SELECT FROM lms.terms AS t WHERE t.state = 'moving') THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'terms' AND TG_OP = 'UPDATE' THEN
        IF EXISTS (SELECT FROM old_rows AS r WHERE r.state = 'moving') OR EXISTS (SELECT FROM new_rows AS r WHERE r.state = 'moving') THEN
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

REVOKE EXECUTE ON FUNCTION lms.keep_closed_terms(), lms.end_move(), lms.columns_to_move(regclass), lms.lock_term(bigint, lms.term_state),
    lms.close_term(bigint), lms.reopen_term(bigint), lms.move_rows(bigint, regclass, regclass),
    lms.note_archive(bigint, text, text, jsonb), lms.use_archive(bigint, bigint), lms.archive_term(bigint, bigint), lms.restore_term(bigint),
    lms.begin_restore(bigint), lms.finish_restore(bigint), lms.replace_archive(bigint, bigint), lms.forget_archive(bigint),
    lms.begin_erasure(), lms.finish_erasure(bigint[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.close_term(bigint), lms.reopen_term(bigint), lms.note_archive(bigint, text, text, jsonb),
    lms.archive_term(bigint, bigint), lms.restore_term(bigint), lms.begin_restore(bigint), lms.finish_restore(bigint),
    lms.replace_archive(bigint, bigint), lms.forget_archive(bigint), lms.begin_erasure(), lms.finish_erasure(bigint[]) TO lmskit_admin;
GRANT EXECUTE ON FUNCTION lms.keep_closed_terms(), lms.end_move() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- 5. Triggers --------------------------------------------------------------------------------------

DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'courses', 'syllabi', 'student_enrollments', 'quizzes', 'quiz_attempts', 'topic_performance', 'knowledge_fits'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER keep_closed_terms_insert AFTER INSERT ON lms.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms()', kept
        );
        EXECUTE format(
            'CREATE TRIGGER keep_closed_terms_update AFTER UPDATE ON lms.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms()', kept
        );
        EXECUTE format(
            'CREATE TRIGGER keep_closed_terms_delete AFTER DELETE ON lms.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms()', kept
        );
    END LOOP;
END
$$;
CREATE CONSTRAINT TRIGGER end_move AFTER UPDATE ON lms.terms DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state IN ('moving', 'writing')) EXECUTE FUNCTION lms.end_move();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.keep_closed_terms(), lms.end_move() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

ALTER TABLE lms.terms FORCE ROW LEVEL SECURITY;

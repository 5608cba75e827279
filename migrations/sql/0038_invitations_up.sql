-- Invitations. A code signs in to a login of its own, so the server itself checks it: by SCRAM, against a verifier, until it expires. That
-- login is in the group of lecturers, and since no person has it, no row is its own; all that it can do is lms.accept_invitation.
--
-- Who locks a person and an invitation locks the person first.

CREATE TABLE lms.invitations (
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id bigint NOT NULL,
    login text,
    invited_by text DEFAULT session_user NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT pk_invitations PRIMARY KEY (id),
    CONSTRAINT uq_invitations_login UNIQUE (login),
    CONSTRAINT fk_invitations_person_id FOREIGN KEY (person_id) REFERENCES lms.users (id) ON DELETE CASCADE,
    CONSTRAINT ck_invitations_login_is_one_of_lmskit CHECK (login ~ '^u_[0-9a-f]{16}$'),
    CONSTRAINT ck_invitations_accepted_with_a_code CHECK (login IS NOT NULL OR accepted_at IS NULL),
    CONSTRAINT ck_invitations_accepted_or_revoked CHECK (accepted_at IS NULL OR revoked_at IS NULL),
    CONSTRAINT ck_invitations_expires_within_30_days CHECK (expires_at > created_at AND expires_at <= created_at + interval '30 days')
);
CREATE UNIQUE INDEX uq_invitations_person_id ON lms.invitations (person_id) WHERE accepted_at IS NULL AND revoked_at IS NULL;
COMMENT ON TABLE lms.invitations IS 'Codes with which lecturers and administrators set their own password';
COMMENT ON COLUMN lms.invitations.login IS 'What the code signs in to; null until there is a code';
COMMENT ON COLUMN lms.invitations.invited_by IS 'The login';
COMMENT ON COLUMN lms.invitations.revoked_at IS 'By an administrator, by a newer invitation, or with a change of the login or the address';

ALTER TABLE lms.invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.invitations FORCE ROW LEVEL SECURITY;
GRANT SELECT (id, person_id, login, expires_at, accepted_at, revoked_at), INSERT (person_id, login, expires_at),
    UPDATE (login, accepted_at, revoked_at) ON lms.invitations TO lmskit_logins;
-- All rows, as a check of the table says.
CREATE POLICY logins_read ON lms.invitations FOR SELECT TO lmskit_logins USING (login IS NOT NULL OR accepted_at IS NULL);
CREATE POLICY logins_insert ON lms.invitations FOR INSERT TO lmskit_logins WITH CHECK (accepted_at IS NULL AND revoked_at IS NULL);
CREATE POLICY logins_update ON lms.invitations FOR UPDATE TO lmskit_logins
    USING (accepted_at IS NULL AND revoked_at IS NULL) WITH CHECK (login IS NOT NULL OR accepted_at IS NULL);

-- 1. Codes -----------------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_logins, lmskit_definer;
SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.drop_code(code text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    BEGIN
        EXECUTE format('DROP ROLE IF EXISTS %I', code);
    EXCEPTION WHEN dependent_objects_still_exist THEN
        PERFORM lms.shut_role(code); -- as where somebody gave it default privileges
    END;
EXCEPTION WHEN internal_error THEN
    -- Another session removed or shut it meanwhile.
    IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = code AND r.rolcanlogin) THEN
        RAISE;
    END IF;
END
$function$;
COMMENT ON FUNCTION lms.drop_code(text) IS 'Removes the login of a code; one on which something depends is shut for good';

CREATE FUNCTION lms.remove_spent_codes() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    spent text;
BEGIN
    FOR spent IN
        SELECT i.login FROM lms.invitations AS i JOIN pg_roles AS r ON r.rolname = i.login
        WHERE (i.accepted_at IS NOT NULL OR i.revoked_at IS NOT NULL OR i.expires_at <= clock_timestamp())
          AND NOT EXISTS (SELECT FROM lms.users AS u WHERE u.db_role = i.login)
    LOOP
        PERFORM lms.drop_code(spent);
    END LOOP;
END
$function$;
COMMENT ON FUNCTION lms.remove_spent_codes() IS 'Removes the logins of codes that were used or revoked, or have expired';

CREATE FUNCTION lms.make_code(selector text, verifier text, expires timestamp with time zone) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    login text;
BEGIN
    IF verifier IS NULL OR verifier !~ '^SCRAM-SHA-256\$[0-9]{4,6}:[A-Za-z0-9+/=]{1,100}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$' THEN
        RAISE EXCEPTION 'the verifier is not SCRAM-SHA-256' USING ERRCODE = 'invalid_password';
    END IF;
    IF selector IS NULL OR selector !~ '^[0-9a-z]{8}$' THEN
        RAISE EXCEPTION 'the selector is not eight characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- As the login of an address, which this is not: an address has an @.
    login := 'u_' || left(encode(sha256(convert_to(current_database() || ':invitation:' || selector, 'UTF8')), 'hex'), 16);
    EXECUTE format(
        'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT PASSWORD %L CONNECTION LIMIT 2 VALID UNTIL %L',
        login, verifier, expires
    );
    EXECUTE format('GRANT lmskit_lecturer TO %I WITH INHERIT TRUE, SET FALSE, ADMIN FALSE', login);
    RETURN login;
END
$function$;
COMMENT ON FUNCTION lms.make_code(text, text, timestamp with time zone) IS
    'Makes the login of a code, which belongs to no person; selector is the part of the code that names it, verifier is SCRAM-SHA-256 of the rest';

CREATE FUNCTION lms.void_invitations(person bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    n_revoked integer := 0;
    open_one record;
BEGIN
    FOR open_one IN
        SELECT i.id, i.login FROM lms.invitations AS i
        WHERE i.person_id = person AND i.accepted_at IS NULL AND i.revoked_at IS NULL ORDER BY i.id FOR NO KEY UPDATE
    LOOP
        UPDATE lms.invitations AS i SET revoked_at = clock_timestamp() WHERE i.id = open_one.id;
        IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = open_one.login) THEN
            PERFORM lms.shut_role(open_one.login);
        END IF;
        n_revoked := n_revoked + 1;
    END LOOP;
    RETURN n_revoked;
END
$function$;
COMMENT ON FUNCTION lms.void_invitations(bigint) IS 'Revokes the open invitation of a person; its code stops working';

CREATE FUNCTION lms.invite(person bigint, valid interval, selector text, verifier text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    number bigint;
    own_login text;
    expires CONSTANT timestamp with time zone := now() + valid;
BEGIN
    SELECT u.db_role INTO own_login FROM lms.users AS u WHERE u.id = person FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only lecturers and administrators have a login' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = own_login AND NOT r.rolcanlogin) THEN
        RAISE EXCEPTION 'the login of the person is closed' USING ERRCODE = 'check_violation', CONSTRAINT = 'the_login_is_open';
    END IF;
    PERFORM lms.void_invitations(person);
    PERFORM lms.remove_spent_codes();
    INSERT INTO lms.invitations (person_id, login, expires_at)
    VALUES (person, CASE WHEN selector IS NOT NULL THEN lms.make_code(selector, verifier, expires) END, expires)
    RETURNING id INTO number;
    RETURN number;
END
$function$;
COMMENT ON FUNCTION lms.invite(bigint, interval, text, text) IS
    'Invites a lecturer or an administrator, and revokes an earlier invitation; without selector and verifier there is no code yet';

CREATE FUNCTION lms.revoke_invitation(person bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM FROM lms.users AS u WHERE u.id = person FOR NO KEY UPDATE;
    RETURN lms.void_invitations(person) > 0;
END
$function$;
COMMENT ON FUNCTION lms.revoke_invitation(bigint) IS 'Revokes the open invitation of a person; false where there is none';

CREATE FUNCTION lms.accept_invitation(verifier text, hash text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    number bigint;
    invited bigint;
    address text;
    expires timestamp with time zone;
BEGIN
    IF hash IS NULL OR hash !~ '^\$argon2id\$[A-Za-z0-9+/=$,]{20,255}$' THEN
        RAISE EXCEPTION 'the hash is not Argon2id' USING ERRCODE = 'invalid_password';
    END IF;
    SELECT i.id, i.person_id INTO number, invited FROM lms.invitations AS i WHERE i.login = session_user;
    PERFORM FROM lms.users AS u WHERE u.id = invited FOR NO KEY UPDATE;
    -- Of two who use the code at the same moment, the second one waits, and finds it used.
    SELECT i.expires_at INTO expires FROM lms.invitations AS i
    WHERE i.id = number AND i.accepted_at IS NULL AND i.revoked_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open invitation' USING ERRCODE = 'check_violation', CONSTRAINT = 'the_invitation_is_open';
    END IF;
    IF expires <= clock_timestamp() THEN
        RAISE EXCEPTION 'the invitation has expired' USING ERRCODE = 'check_violation', CONSTRAINT = 'the_invitation_has_not_expired';
    END IF;
    PERFORM lms.set_login(invited, verifier, hash);
    UPDATE lms.invitations AS i SET accepted_at = clock_timestamp() WHERE i.id = number;
    PERFORM lms.shut_role(session_user::text);
    -- Where somebody else knows the earlier password.
    PERFORM lms.end_sessions(invited);
    SELECT u.email INTO address FROM lms.users AS u WHERE u.id = invited;
    RETURN address;
END
$function$;
COMMENT ON FUNCTION lms.accept_invitation(text, text) IS
    'With the login of a code: sets the password of the person who was invited, makes or opens their login, ends their sessions, and closes the code; returns the address';

CREATE FUNCTION lms.revoke_invitations_of_changed_person() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.void_invitations(NEW.id);
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.revoke_invitations_of_changed_person() IS
    'Revokes the invitation of whose login is closed, or whose address or role changes: a code that is on its way was meant for another state';

CREATE FUNCTION lms.remove_code() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    IF NOT EXISTS (SELECT FROM lms.users AS u WHERE u.db_role = OLD.login) THEN
        PERFORM lms.drop_code(OLD.login);
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.remove_code() IS 'Removes the login of a code with its invitation';

REVOKE EXECUTE ON FUNCTION lms.drop_code(text), lms.remove_spent_codes(), lms.make_code(text, text, timestamp with time zone), lms.void_invitations(bigint),
    lms.invite(bigint, interval, text, text), lms.revoke_invitation(bigint), lms.accept_invitation(text, text),
    lms.revoke_invitations_of_changed_person(), lms.remove_code() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.invite(bigint, interval, text, text), lms.revoke_invitation(bigint) TO lmskit_admin;
GRANT EXECUTE ON FUNCTION lms.accept_invitation(text, text) TO lmskit_lecturer;
GRANT EXECUTE ON FUNCTION lms.revoke_invitations_of_changed_person(), lms.remove_code() TO lmskit_owner;
SET LOCAL ROLE lmskit_definer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;

-- 2. Triggers --------------------------------------------------------------------------------------

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins, lmskit_definer;

CREATE TRIGGER revoke_invitations_of_changed_person AFTER UPDATE ON lms.users FOR EACH ROW
    WHEN (
        OLD.role <> 'student'
        AND (OLD.email IS DISTINCT FROM NEW.email OR OLD.role <> NEW.role OR (OLD.password_hash <> '!' AND NEW.password_hash = '!'))
    )
    EXECUTE FUNCTION lms.revoke_invitations_of_changed_person();
CREATE TRIGGER remove_code AFTER DELETE ON lms.invitations FOR EACH ROW WHEN (OLD.login IS NOT NULL) EXECUTE FUNCTION lms.remove_code();
CREATE TRIGGER audit_insert AFTER INSERT ON lms.invitations REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'NULL', 'NULL::text', 'false');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.invitations REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'NULL');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.invitations REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'NULL');
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_logins;
REVOKE EXECUTE ON FUNCTION lms.revoke_invitations_of_changed_person(), lms.remove_code() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

-- 3. Who may see and change what -------------------------------------------------------------------

-- Who invited may change, as where that person is erased.
CREATE POLICY admin_reads ON lms.invitations FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_updates ON lms.invitations FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE (invited_by) ON lms.invitations TO lmskit_admin;

-- 4. Erasing ---------------------------------------------------------------------------------------

GRANT SELECT (person_id, login) ON lms.invitations TO lmskit_definer;
CREATE POLICY definer_reads ON lms.invitations FOR SELECT TO lmskit_definer USING (true);
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;

CREATE OR REPLACE FUNCTION lms.erase_person(person bigint, family_alone boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    made timestamp with time zone;
    -- What named the person from each of these times on: an entry about others is searched for what was the person's when it was made. A
    -- family name alone may be another person's, or a value such as a status, and an id of another system too: these are looked for where
    -- there is more than one word, and ids if they have a digit.
    starts timestamp with time zone[];
    names text[];
    wider text[];
    logins text[];
    attempts text[];
    invitations text[];
    n_entries bigint;
BEGIN
    SELECT u.created_at INTO made FROM lms.users AS u WHERE u.id = person;
    IF NOT FOUND THEN
        -- Of a person who was deleted before, the audit trail still has the row.
        SELECT (a.old ->> 'created_at')::timestamp with time zone INTO made FROM lms.audit_log AS a
        WHERE a.table_name = 'users' AND a.row_key = person::text AND a.action = 'delete' AND a.old ->> 'created_at' <> '[…]'
        ORDER BY a.id DESC LIMIT 1;
        -- Where an import is taken back, the trail counts who goes, as it counted who came; the import and the person are of one time.
        IF made IS NULL AND NOT EXISTS (
            SELECT FROM lms.audit_log AS a WHERE a.table_name = 'users' AND a.row_key = person::text AND a.action = 'person erased'
        ) THEN
            SELECT i.started_at INTO made FROM lms.audit_log AS a JOIN lms.import_runs AS i ON i.id = a.import_run_id
            WHERE a.table_name = 'users' AND a.action = 'insert' AND a.numbers @> person
            ORDER BY a.id DESC LIMIT 1;
        END IF;
        IF made IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT array_agg(DISTINCT v.login) INTO logins FROM (
        SELECT u.db_role AS login FROM lms.users AS u WHERE u.id = person
        UNION ALL
        SELECT d.document ->> 'login' FROM lms.audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
        WHERE a.table_name = 'users' AND a.row_key = person::text
        UNION ALL
        -- What was done with a code has its login as actor.
        SELECT i.login FROM lms.invitations AS i WHERE i.person_id = person
        UNION ALL
        SELECT d.document ->> 'login' FROM lms.audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
        WHERE a.table_name = 'invitations' AND d.document ->> 'person_id' = person::text
    ) AS v WHERE v.login IS NOT NULL;
    -- x^ finds nothing.
    SELECT
        array_agg(s.since ORDER BY s.since),
        array_agg(coalesce((
            SELECT string_agg(p.expression, '|' ORDER BY length(p.expression) DESC, p.expression)
            FROM lms.naming_parts(person, false) AS p WHERE p.since <= s.since AND NOT p.is_id
        ), 'x^') ORDER BY s.since),
        array_agg(coalesce((
            SELECT string_agg(p.expression, '|' ORDER BY length(p.expression) DESC, p.expression)
            FROM lms.naming_parts(person, family_alone) AS p WHERE p.since <= s.since AND (NOT p.is_id OR p.expression ~ '[0-9]')
        ), 'x^') ORDER BY s.since)
    INTO starts, names, wider
    FROM (SELECT DISTINCT p.since FROM lms.naming_parts(person, family_alone) AS p) AS s;
    DELETE FROM lms.users AS u WHERE u.id = person;
    SELECT array_agg(DISTINCT a.row_key) INTO attempts FROM lms.audit_log AS a
    WHERE a.table_name = 'quiz_attempts' AND (a.old ->> 'student_id' = person::text OR a.new ->> 'student_id' = person::text);
    SELECT array_agg(DISTINCT a.row_key) INTO invitations FROM lms.audit_log AS a
    WHERE a.table_name = 'invitations' AND (a.old ->> 'person_id' = person::text OR a.new ->> 'person_id' = person::text);
    WITH found AS (
        SELECT
            a.id,
            (a.table_name = 'users' AND a.row_key = person::text)
            OR (a.table_name = 'student_enrollments' AND split_part(a.row_key, ':', 2) = person::text)
            OR (a.table_name = 'quiz_attempts' AND a.row_key = ANY (attempts))
            OR (a.table_name = 'invitations' AND a.row_key = ANY (invitations)) AS is_about,
            a.actor = ANY (logins) AS is_by,
            coalesce(names[width_bucket(a.at, starts)], 'x^') AS single,
            coalesce(wider[width_bucket(a.at, starts)], 'x^') AS in_sentences
        FROM lms.audit_log AS a
    ), changed AS (
        UPDATE lms.audit_log AS a
        SET
            actor = CASE WHEN f.is_by THEN 'erased:' || person ELSE a.actor END,
            old = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.old) WHEN 'object' THEN a.old ELSE '{}' END) AS e) ELSE lms.without_names(a.old, f.single, f.in_sentences) END,
            new = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.new) WHEN 'object' THEN a.new ELSE '{}' END) AS e) ELSE lms.without_names(a.new, f.single, f.in_sentences) END
        FROM found AS f
        WHERE f.id = a.id AND (f.is_about OR f.is_by OR a.old::text ~* f.in_sentences OR a.new::text ~* f.in_sentences)
        RETURNING a.id
    )
    SELECT count(*) INTO n_entries FROM changed;
    UPDATE lms.erasures AS e SET erased_by = 'erased:' || person WHERE e.erased_by = ANY (logins);
    INSERT INTO lms.erasures (person_id, fingerprint) VALUES (
        person,
        encode(sha256(convert_to(person || ':' || to_char(made AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'UTF8')), 'hex')
    );
    INSERT INTO lms.audit_log (action, table_name, row_key, new)
    VALUES ('person erased', 'users', person::text, jsonb_build_object('entries', n_entries));
    RETURN n_entries;
END
$function$;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- Takes away what 0003_audit_and_logins_up.sql gave. Entries stay.

DO $$
DECLARE
    fired record;
BEGIN
    FOR fired IN
        SELECT t.tgname AS name, t.tgrelid::regclass AS relation FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
        WHERE c.relnamespace = 'lms'::regnamespace AND NOT t.tgisinternal
          AND t.tgname IN ('audit_insert', 'audit_update', 'audit_delete', 'audit_login', 'follow_changed_person', 'follow_deleted_person')
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', fired.name, fired.relation);
    END LOOP;
END
$$;

DROP POLICY definer_appends ON lms.audit_log;
REVOKE SELECT (origin) ON lms.courses FROM lmskit_definer;
REVOKE INSERT (action, table_name, row_key, course_id, old, new) ON lms.audit_log FROM lmskit_definer;

DROP FUNCTION lms.audit_login();
DROP FUNCTION lms.audit_rows();
DROP FUNCTION lms.follow_person();
DROP FUNCTION lms.set_my_password(text, text);
DROP FUNCTION lms.end_sessions(bigint);
DROP FUNCTION lms.close_login(bigint);
DROP FUNCTION lms.shut_role(text);
DROP FUNCTION lms.keep_an_administrator(bigint);

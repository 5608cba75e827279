-- Takes away what 0002_row_security_up.sql gave. Tables and rows stay; afterwards only the owner reaches them.

DO $$
DECLARE
    policy record;
    relation record;
BEGIN
    FOR policy IN SELECT polname, polrelid::regclass AS on_table FROM pg_policy WHERE polrelid IN (
        SELECT oid FROM pg_class WHERE relnamespace = 'lms'::regnamespace
    ) LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy.polname, policy.on_table);
    END LOOP;
    FOR relation IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' LOOP
        EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation.name);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', relation.name);
        EXECUTE format('REVOKE ALL ON %s FROM lmskit_admin, lmskit_lecturer, lmskit_definer, lmskit_logins', relation.name);
    END LOOP;
END
$$;

DROP FUNCTION lms.recover_login(text, text, text);
DROP FUNCTION lms.found_administrator(text, text, text, text, text, text);
DROP FUNCTION lms.set_login(bigint, text, text);
DROP FUNCTION lms.schema_revision();
REVOKE ALL ON lms.alembic_version FROM lmskit_definer;
DROP FUNCTION lms.delete_material(bigint);
DROP FUNCTION lms.my_term_ids();
DROP FUNCTION lms.my_student_ids();
DROP FUNCTION lms.my_course_ids();
DROP FUNCTION lms.me();

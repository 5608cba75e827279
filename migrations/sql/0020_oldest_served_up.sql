-- The oldest revision whose lmskit works with this database, beside the revision that it has.

ALTER TABLE lms.alembic_version ADD COLUMN serves text;
COMMENT ON COLUMN lms.alembic_version.serves IS 'The oldest revision whose lmskit works with this one; null = its own alone';

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
CREATE FUNCTION lms.oldest_served() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT coalesce(max(v.serves), max(v.version_num)) FROM lms.alembic_version AS v);
COMMENT ON FUNCTION lms.oldest_served() IS 'The oldest revision whose lmskit works with this database';
REVOKE EXECUTE ON FUNCTION lms.oldest_served() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.oldest_served() TO lmskit_admin, lmskit_lecturer, lmskit_mailer, lmskit_owner;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- The sessions of a person end with the address or the role that they began with.

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.end_sessions_of_changed_person() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.end_sessions(NEW.id);
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.end_sessions_of_changed_person() IS
    'Ends the sessions of whose address or role changed, whose open transactions would still go by what they saw before';

REVOKE EXECUTE ON FUNCTION lms.end_sessions_of_changed_person() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.end_sessions_of_changed_person() TO lmskit_owner;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;

-- Deferred to the commit, so that hardly a moment is left in which a new session could still begin by the old state.
CREATE CONSTRAINT TRIGGER end_sessions_of_changed_person AFTER UPDATE ON lms.users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.db_role IS NOT NULL AND (OLD.email IS DISTINCT FROM NEW.email OR OLD.role <> NEW.role))
    EXECUTE FUNCTION lms.end_sessions_of_changed_person();

-- Ending the sessions of a person waits for nothing that they hold.

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

DO $block$
BEGIN
    EXECUTE replace(pg_get_functiondef('lms.end_sessions(bigint)'::regprocedure), ' FOR NO KEY UPDATE;', ';');
END
$block$;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;

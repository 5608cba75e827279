-- Gives end_sessions back the lock that it had in 0010.

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

DO $block$
BEGIN
    EXECUTE replace(pg_get_functiondef('lms.end_sessions(bigint)'::regprocedure), 'WHERE u.id = person;', 'WHERE u.id = person FOR NO KEY UPDATE;');
END
$block$;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;

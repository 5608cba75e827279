-- The functions lock the rows of persons and enrollments against every other lock again.

GRANT CREATE ON SCHEMA lms TO lmskit_logins, lmskit_definer;
SET LOCAL ROLE lmskit_logins;

DO $block$
DECLARE
    locking regprocedure;
BEGIN
    FOREACH locking IN ARRAY ARRAY[
        'lms.set_login(bigint, text, text)', 'lms.keep_an_administrator(bigint)', 'lms.close_login(bigint)', 'lms.end_sessions(bigint)',
        'lms.set_my_password(text, text)'
    ]::regprocedure[] LOOP
        EXECUTE replace(pg_get_functiondef(locking), ' FOR NO KEY UPDATE;', ' FOR UPDATE;');
    END LOOP;
END
$block$;

SET LOCAL ROLE lmskit_definer;

DO $block$
BEGIN
    EXECUTE replace(
        pg_get_functiondef('lms.settle_message(bigint, integer, lms.outbox_status, text)'::regprocedure), ' FOR NO KEY UPDATE;', ' FOR UPDATE;'
    );
END
$block$;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins, lmskit_definer;

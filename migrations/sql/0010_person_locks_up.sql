-- Locks that a lecturer's own transaction does not hold up.
--
-- The foreign keys of rows that a lecturer inserted, or changed twice, lock the rows of the person and of the enrollment that they name
-- against changes of the key. FOR UPDATE would wait for that transaction. None of these functions changes a key, and what they need, that
-- no two of them change the same row at once, FOR NO KEY UPDATE gives too.

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
        EXECUTE replace(pg_get_functiondef(locking), ' FOR UPDATE;', ' FOR NO KEY UPDATE;');
    END LOOP;
END
$block$;

SET LOCAL ROLE lmskit_definer;

DO $block$
BEGIN
    EXECUTE replace(
        pg_get_functiondef('lms.settle_message(bigint, integer, lms.outbox_status, text)'::regprocedure), ' FOR UPDATE;', ' FOR NO KEY UPDATE;'
    );
END
$block$;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins, lmskit_definer;

-- Codes are shown to administrators alone.

SET LOCAL ROLE lmskit_logins;
DROP FUNCTION lms.issue_code(bigint, integer, text, text);
SET LOCAL ROLE lmskit_owner;
DROP POLICY logins_read ON lms.outbox;
REVOKE SELECT (id, idem_key, recipient, template, status, attempts, leased_until) ON lms.outbox FROM lmskit_logins;

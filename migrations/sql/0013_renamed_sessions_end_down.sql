-- Drops what 0013_renamed_sessions_end_up.sql added.

DROP TRIGGER end_sessions_of_changed_person ON lms.users;
SET LOCAL ROLE lmskit_logins;
DROP FUNCTION lms.end_sessions_of_changed_person();
SET LOCAL ROLE lmskit_owner;

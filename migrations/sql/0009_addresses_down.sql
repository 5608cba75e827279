-- Gives lecturers the columns back, and drops what 0009_addresses_up.sql added.

CREATE POLICY lecturer_reads_own ON lms.external_ids FOR SELECT TO lmskit_lecturer
USING (course_id = ANY((SELECT lms.my_course_ids())::bigint []));
GRANT SELECT ON lms.external_ids TO lmskit_lecturer;
GRANT SELECT (email) ON lms.users TO lmskit_lecturer;
DROP VIEW lms.student_addresses;
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.external_ids_in(bigint);
DROP FUNCTION lms.addresses_in(bigint);
DROP FUNCTION lms.my_address();
SET LOCAL ROLE lmskit_owner;
DROP POLICY definer_reads ON lms.external_ids;
REVOKE SELECT (source, kind, external_id, course_id, quiz_id) ON lms.external_ids FROM lmskit_definer;

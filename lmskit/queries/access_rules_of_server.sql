-- Who may sign in to the server how, and what it stores of passwords.
--
-- One row: one violation, as in access_rules.sql.
-- Caveat: only a superuser (or a login with rights to pg_authid and pg_hba_file_rules) may run it; for others these rules are skipped.
SELECT 'weak-authentication' AS rule, format('%s in line %s', auth_method, line_number) AS object
FROM pg_hba_file_rules WHERE auth_method IN ('trust', 'password', 'ident', 'md5')
UNION ALL SELECT 'authentication-file-broken', format('line %s', line_number) FROM pg_hba_file_rules WHERE error IS NOT NULL
UNION ALL SELECT 'weak-verifier', rolname FROM pg_authid WHERE rolcanlogin AND rolpassword NOT LIKE 'SCRAM-SHA-256$%'
ORDER BY 1, 2

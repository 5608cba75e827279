-- Codes of courses and terms are the same whatever their case.

ALTER TABLE lms.courses NO FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.terms NO FORCE ROW LEVEL SECURITY;
DO $refusal$
DECLARE
    clashes text;
    unopened text;
BEGIN
    SELECT string_agg(c.kind || ' ' || c.codes, '; ' ORDER BY c.kind, c.codes) INTO clashes
    FROM (
        SELECT 'courses' AS kind, string_agg(code, ', ' ORDER BY id) AS codes FROM lms.courses GROUP BY lower(code) HAVING count(*) > 1
        UNION ALL
        SELECT 'terms', string_agg(code, ', ' ORDER BY id) FROM lms.terms GROUP BY lower(code) HAVING count(*) > 1
    ) AS c;
    -- A course of a term that is not open keeps its code.
    SELECT string_agg(format('%s in %s, which is %s', c.code, t.code, t.state), ', ' ORDER BY c.id) INTO unopened
    FROM (SELECT id, code, term_id, count(*) OVER (PARTITION BY lower(code)) AS n FROM lms.courses) AS c
    JOIN lms.terms AS t ON t.id = c.term_id
    WHERE c.n > 1 AND t.state <> 'open';
    IF clashes IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'LM002', MESSAGE = 'Codes of courses and terms that differ only in case become the same code, '
            'and these would not be unique: ' || clashes || '. Nothing was changed. Give all but one of each another code, with '
            'lmskit db psql: UPDATE courses SET code = ''NEW'' WHERE code = ''OLD''; (or UPDATE terms). Then run this again'
            || coalesce('. Rather rename a course of an open term; these are in others: ' || unopened
            || '. To rename a course of a closed term: SELECT reopen_term(id) FROM terms WHERE code = ''TERM''; before, and '
            'SELECT close_term(id) FROM terms WHERE code = ''TERM''; after. To rename one of an archived term, bring the term back '
            'with the lmskit of before', '');
    END IF;
END
$refusal$;
ALTER TABLE lms.terms FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.courses FORCE ROW LEVEL SECURITY;

ALTER TABLE lms.courses DROP CONSTRAINT uq_courses_code;
ALTER TABLE lms.courses ADD CONSTRAINT uq_courses_code EXCLUDE USING hash (lower(code) WITH =);
ALTER TABLE lms.terms DROP CONSTRAINT uq_terms_code;
ALTER TABLE lms.terms ADD CONSTRAINT uq_terms_code EXCLUDE USING hash (lower(code) WITH =);

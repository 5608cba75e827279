"""What an older revision has no table or column for: it is parked on the way back, and put back on the way forward.

Parked rows are in the table `parked_rows`, which exists only while there are some. No login reads it; the owner of the tables and dumps
do, and the functions of the database that export and erase a person. A row that does not fit any more when the database is upgraded
again, such as one whose course was deleted meanwhile, stays parked.

Everything here is statements, since a downgrade can be a script too. They run as the owner of the tables, who is subject to row security;
it is lifted meanwhile (`NO FORCE`).
"""

from __future__ import annotations

LOSE_DATA = "lmskit.lose_data"
"""A setting of the session: `on` parks nothing, and refuses nothing."""
REFUSED = "LM001"
"""The error code of a migration that would lose what cannot be parked."""

_TABLE = """
        CREATE TABLE IF NOT EXISTS lms.parked_rows (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_parked_rows PRIMARY KEY,
            revision text NOT NULL,
            relation text NOT NULL,
            content jsonb NOT NULL,
            parked_at timestamptz DEFAULT now() NOT NULL
        );
        COMMENT ON TABLE lms.parked_rows IS 'What an older revision has no column for; put back by lmskit db upgrade';
        ALTER TABLE lms.parked_rows ENABLE ROW LEVEL SECURITY;
        IF NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = 'lms.parked_rows'::regclass) THEN
            CREATE POLICY admin_reads ON lms.parked_rows FOR SELECT TO lmskit_admin USING (true);
        END IF;"""
_REACHED = """
        IF NOT EXISTS (SELECT FROM pg_policy AS p WHERE p.polrelid = 'lms.parked_rows'::regclass AND p.polname = 'definer_reads') THEN
            CREATE POLICY definer_reads ON lms.parked_rows FOR SELECT TO lmskit_definer USING (true);
            CREATE POLICY definer_erases ON lms.parked_rows FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);
            CREATE POLICY definer_removes ON lms.parked_rows FOR DELETE TO lmskit_definer USING (true);
            GRANT SELECT, UPDATE (content), DELETE ON lms.parked_rows TO lmskit_definer;
        END IF;"""
_OPENED = """
        ALTER TABLE lms.parked_rows NO FORCE ROW LEVEL SECURITY;"""


def lifted(statements: str, *tables: str) -> str:
    """Return the statements with row security of the tables lifted meanwhile, from the owner too."""
    before = "\n".join(f"ALTER TABLE lms.{table} NO FORCE ROW LEVEL SECURITY;" for table in tables)
    after = "\n".join(f"ALTER TABLE lms.{table} FORCE ROW LEVEL SECURITY;" for table in tables)
    return f"{before}\n{statements}\n{after}"


def park(revision: str, rows: dict[str, str]) -> str:
    """Return statements that park rows.

    Parameters
    ----------
    revision
        The one that is taken back, which puts them back later.
    rows
        For each table: a query of what is lost of it, with the key of each row.
    """
    return "\n".join(_park(revision, relation, query) for relation, query in rows.items())


def _park(revision: str, relation: str, query: str) -> str:
    return f"""DO $park$
BEGIN
    IF current_setting('{LOSE_DATA}', true) IS DISTINCT FROM 'on' AND EXISTS ({query}) THEN{_TABLE}{_REACHED}{_OPENED}
        INSERT INTO lms.parked_rows (revision, relation, content) SELECT '{revision}', '{relation}', to_jsonb(q) FROM ({query}) AS q;
        ALTER TABLE lms.parked_rows FORCE ROW LEVEL SECURITY;
    END IF;
END
$park$;"""


def put_back(revision: str, statements: dict[str, str], *, reads: tuple[str, ...] = (), counted: tuple[str, ...] = ()) -> str:
    """Return statements that put parked rows back, table by table, and forget those that were put back.

    Parameters
    ----------
    revision
        The one that is made again.
    statements
        For each table, in the order of their references: the statement for one row, which finds it as `parked.content` and is done if it
        changed a row. One that breaks a constraint changes none.
    reads
        Further tables that these read or refer to. Row security is lifted from all of them only if rows are parked.
    counted
        Tables that are new in the revision and whose ids go on after those that were put back.
    """
    tables = (*statements, *reads)
    lifts, ends = (
        "".join(f"\n        ALTER TABLE lms.{table} {verb} ROW LEVEL SECURITY;" for table in tables) for verb in ("NO FORCE", "FORCE")
    )
    steps = "".join(
        f"""
        FOR parked IN
            SELECT p.id, p.content FROM lms.parked_rows AS p WHERE (p.revision, p.relation) = ('{revision}', '{relation}') ORDER BY p.id
        LOOP
            BEGIN
                {statement};
                IF FOUND THEN
                    DELETE FROM lms.parked_rows AS p WHERE p.id = parked.id;
                END IF;
            EXCEPTION WHEN integrity_constraint_violation THEN
                NULL; -- it stays parked
            END;
        END LOOP;"""
        for relation, statement in statements.items()
    )
    steps += "".join(
        f"""
        PERFORM setval(pg_get_serial_sequence('lms.{table}', 'id'), max(t.id)) FROM lms.{table} AS t HAVING max(t.id) IS NOT NULL;"""
        for table in counted
    )
    return f"""DO $put_back$
DECLARE
    parked record;
BEGIN
    IF to_regclass('lms.parked_rows') IS NOT NULL THEN
        ALTER TABLE lms.parked_rows NO FORCE ROW LEVEL SECURITY;{lifts}{steps}{ends}
        IF EXISTS (SELECT FROM lms.parked_rows AS p WHERE p.revision = '{revision}') THEN
            RAISE WARNING 'Some rows that were parked by revision {revision} do not fit any more, and stay parked.';
        END IF;
        IF EXISTS (SELECT FROM lms.parked_rows) THEN
            ALTER TABLE lms.parked_rows FORCE ROW LEVEL SECURITY;
        ELSE
            DROP TABLE lms.parked_rows;
        END IF;
    END IF;
END
$put_back$;"""


def reached_by_erasures() -> str:
    """Return statements that let the functions of the database which export and erase a person reach rows that are parked already."""
    return f"""DO $reached$
BEGIN
    IF to_regclass('lms.parked_rows') IS NOT NULL THEN{_REACHED}
    END IF;
END
$reached$;"""


def whole_row(relation: str) -> str:
    """Return the statement for `put_back` that adds a row as it was."""
    return f"INSERT INTO lms.{relation} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_record(NULL::lms.{relation}, parked.content)"


def require_no_rows(revision: str, table: str) -> str:
    """Return statements that refuse to make a table anew while it has rows: lmskit has written none, so a person has to look at them."""
    check = f"""DO $require_no_rows$
DECLARE
    n_rows bigint;
BEGIN
    SELECT count(*) INTO n_rows FROM lms.{table};
    IF n_rows > 0 THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'Revision {revision} makes the table lms.{table} anew, and it has '
            || n_rows || CASE n_rows WHEN 1 THEN ' row that was' ELSE ' rows that were' END || ' not written by lmskit. '
            || 'Keep what is needed of it elsewhere, as an administrator run DELETE FROM lms.{table}, and then upgrade again.';
    END IF;
END
$require_no_rows$;"""
    return lifted(check, table)


def remove_all(tables: tuple[str, ...]) -> str:
    """Return statements that refuse to go back to a database without tables while one of these has rows, or rows are parked."""
    counts = " UNION ALL ".join(f"SELECT '{table}' AS name, count(*) AS n_rows FROM lms.{table}" for table in tables)
    return f"""DO $remove_all$
DECLARE
    found text;
BEGIN
    SELECT string_agg(format('%s (%s)', t.name, t.n_rows), ', ') INTO found FROM ({counts}) AS t WHERE t.n_rows > 0;
    IF to_regclass('lms.parked_rows') IS NOT NULL THEN
        found := concat_ws(', ', found, 'parked_rows');
    END IF;
    IF found IS NOT NULL AND current_setting('{LOSE_DATA}', true) IS DISTINCT FROM 'on' THEN
        RAISE EXCEPTION USING ERRCODE = '{REFUSED}', MESSAGE = 'Going back to base would remove the rows of: ' || found
            || '. Make a backup first; to remove them: lmskit db downgrade base --lose-data';
    END IF;
    IF to_regclass('lms.parked_rows') IS NOT NULL THEN
        DROP TABLE lms.parked_rows;
    END IF;
END
$remove_all$;"""

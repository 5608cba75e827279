-- Locks and disk that all sessions of the server share: closed by a superuser alone, see lmskit/db/hardening.py.

-- refused 42501
SELECT pg_advisory_lock(1);

-- refused 42501
SELECT pg_advisory_lock_shared(1, 2);

-- refused 42501
SELECT pg_advisory_xact_lock(1);

-- refused 42501
SELECT pg_advisory_xact_lock_shared(1);

-- refused 42501
SELECT pg_try_advisory_lock(1);

-- refused 42501
SELECT pg_try_advisory_lock_shared(1);

-- refused 42501
SELECT pg_try_advisory_xact_lock(1, 2);

-- refused 42501
SELECT pg_try_advisory_xact_lock_shared(1);

-- refused 42501
SELECT count(pg_advisory_lock(g)) FROM generate_series(1::bigint, 14000) AS g;

-- refused 42501
SELECT lo_creat(-1);

-- refused 42501
SELECT lo_create(0);

-- refused 42501
SELECT lo_from_bytea(0, 'x');

-- refused 42501
SELECT lo_put(0, 0, 'x');

-- refused 42501
SELECT lowrite(0, 'x');

-- refused 42501
SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000));

-- refused 42501
SELECT lo_unlink(lo_from_bytea(0, 'mine'));

-- The steps of handing messages over, as functions: whoever may call them may do that and nothing else.
--
-- They belong to lmskit_definer and work by the policies below, so they switch row security on for themselves. An attempt's number
-- is what a dispatcher holds in hand: with a number that is no longer the message's, its lease ran out and another one has it now.
-- Whoever locks both rows locks the place first and its message second.

ALTER TABLE lms.outbox ADD COLUMN in_doubt boolean DEFAULT false NOT NULL;
COMMENT ON COLUMN lms.outbox.in_doubt IS 'An earlier try may have arrived: it was interrupted, or its answer was lost';

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
GRANT SELECT, UPDATE (status, attempts, available_at, leased_until, sent_at, last_error, in_doubt) ON lms.outbox TO lmskit_definer;
GRANT SELECT (status, previous_status, request_sequence, started_on), UPDATE (status, previous_status, ended_on), DELETE
    ON lms.student_enrollments TO lmskit_definer;
CREATE POLICY definer_reads ON lms.outbox FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_settles ON lms.outbox FOR UPDATE TO lmskit_definer USING (status = 'waiting') WITH CHECK (true);
CREATE POLICY definer_settles ON lms.student_enrollments FOR UPDATE TO lmskit_definer
    USING (status = 'pending') WITH CHECK (status IN ('active', 'withdrawn'));
CREATE POLICY definer_removes ON lms.student_enrollments FOR DELETE TO lmskit_definer USING (status = 'pending');

SET LOCAL ROLE lmskit_definer;

CREATE FUNCTION lms.claim_message(lease interval, most_attempts integer, wanted bigint DEFAULT NULL)
RETURNS TABLE (id bigint, attempts integer, message_id text, recipient text, template text, context jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    -- A lease that ran out belonged to a try that nobody lived to tell of.
    UPDATE lms.outbox AS o SET attempts = o.attempts + 1, leased_until = clock_timestamp() + claim_message.lease,
        in_doubt = o.in_doubt OR o.leased_until IS NOT NULL
    WHERE o.id = (
        SELECT w.id FROM lms.outbox AS w
        WHERE w.status = 'waiting' AND w.available_at <= clock_timestamp() AND w.attempts < claim_message.most_attempts
          AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
          AND (claim_message.wanted IS NULL OR w.id = claim_message.wanted)
        ORDER BY w.available_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING o.id, o.attempts, o.message_id, o.recipient, o.template, o.context;
END;
COMMENT ON FUNCTION lms.claim_message(interval, integer, bigint) IS
    'Leases the message that has waited longest, or the one wanted, if it is due and was tried less often than may be; no two callers get the same';

CREATE FUNCTION lms.settle_message(message bigint, attempt integer, outcome lms.outbox_status, reason text)
RETURNS lms.outbox_status
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    told record;
    place record;
    settled record;
    has_place boolean;
    today CONSTANT date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    IF outcome IS NULL OR outcome = 'waiting' THEN
        RAISE EXCEPTION 'a message is settled as sent, refused or dead' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT o.course_id, o.student_id, o.request_sequence, o.context INTO told FROM lms.outbox AS o WHERE o.id = message;
    -- A place that was withdrawn meanwhile, or asked for anew, is no longer the one that the message tells of.
    SELECT e.previous_status, e.started_on INTO place FROM lms.student_enrollments AS e
    WHERE e.course_id = told.course_id AND e.student_id = told.student_id AND e.request_sequence = told.request_sequence
      AND e.status = 'pending'
    FOR UPDATE;
    has_place := FOUND;
    -- That it was accepted is true whoever says it; that it was not may be said by whoever has it in hand.
    -- One of whose tries may have arrived is not refused, whatever the last answer was: the student may have been told of the place.
    UPDATE lms.outbox AS o SET status = CASE WHEN outcome = 'refused' AND o.in_doubt THEN 'dead' ELSE outcome END, leased_until = NULL,
        last_error = CASE WHEN outcome <> 'sent' AND o.in_doubt
            THEN concat_ws('; ', reason, 'an earlier try may have arrived, so the place is left pending') ELSE reason END,
        sent_at = CASE WHEN outcome = 'sent' THEN clock_timestamp() END
    WHERE o.id = message AND o.status = 'waiting' AND (outcome = 'sent' OR o.attempts = attempt)
    RETURNING o.status, o.in_doubt INTO settled;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF settled.status <> 'sent' AND settled.in_doubt THEN
        RETURN settled.status;
    END IF;
    IF has_place AND outcome = 'sent' THEN
        UPDATE lms.student_enrollments AS e SET status = 'active', previous_status = NULL
        WHERE e.course_id = told.course_id AND e.student_id = told.student_id;
    ELSIF has_place AND place.previous_status IS NOT NULL THEN
        UPDATE lms.student_enrollments AS e SET status = 'withdrawn', previous_status = NULL,
            ended_on = greatest(coalesce((told.context ->> 'ended_before')::date, today), place.started_on)
        WHERE e.course_id = told.course_id AND e.student_id = told.student_id;
    ELSIF has_place THEN
        BEGIN
            DELETE FROM lms.student_enrollments AS e WHERE e.course_id = told.course_id AND e.student_id = told.student_id;
        EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
            -- There is work of the student already, which is never deleted.
            UPDATE lms.student_enrollments AS e SET status = 'withdrawn', ended_on = greatest(today, place.started_on)
            WHERE e.course_id = told.course_id AND e.student_id = told.student_id;
        END;
    END IF;
    RETURN settled.status;
END
$function$;
COMMENT ON FUNCTION lms.settle_message(bigint, integer, lms.outbox_status, text) IS
    'Records and returns what became of a message: sent makes its place active, refused and dead bring back what was there before the request, unless an earlier try may have arrived: then it is dead and its place stays pending; null, and nothing done, where it was settled before or another dispatcher has it';

CREATE FUNCTION lms.postpone_message(message bigint, attempt integer, pause interval, reason text, doubtful boolean) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    WITH postponed AS (
        UPDATE lms.outbox AS o
        SET available_at = clock_timestamp() + postpone_message.pause, leased_until = NULL, last_error = postpone_message.reason,
            in_doubt = o.in_doubt OR postpone_message.doubtful
        WHERE o.id = postpone_message.message AND o.status = 'waiting' AND o.attempts = postpone_message.attempt
        RETURNING o.id
    )
    SELECT EXISTS (SELECT FROM postponed);
END;
COMMENT ON FUNCTION lms.postpone_message(bigint, integer, interval, text, boolean) IS
    'Lets a message wait for its next try, doubtful where this one may have arrived; false, and nothing done, where it was settled before or another dispatcher has it';

CREATE FUNCTION lms.put_back_message(message bigint, attempt integer, reason text) RETURNS boolean
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    WITH returned AS (
        UPDATE lms.outbox AS o SET attempts = o.attempts - 1, leased_until = NULL, last_error = put_back_message.reason
        WHERE o.id = put_back_message.message AND o.status = 'waiting' AND o.attempts = put_back_message.attempt
        RETURNING o.id
    )
    SELECT EXISTS (SELECT FROM returned);
END;
COMMENT ON FUNCTION lms.put_back_message(bigint, integer, text) IS
    'Gives a claimed message back untried, because no mail server could be spoken to; the try does not count';

CREATE FUNCTION lms.give_up_message(most_attempts integer) RETURNS TABLE (recipient text, reason text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    spent record;
BEGIN
    SELECT o.id, o.attempts, o.recipient, o.last_error INTO spent FROM lms.outbox AS o
    WHERE o.status = 'waiting' AND o.attempts >= most_attempts AND o.available_at <= clock_timestamp()
      AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp())
    ORDER BY o.id LIMIT 1 FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    recipient := spent.recipient;
    reason := format('given up after %s tries; the last one was interrupted, so the message may have arrived and the place is left pending',
        spent.attempts) || coalesce('. Before that: ' || spent.last_error, '');
    UPDATE lms.outbox AS o SET status = 'dead', leased_until = NULL, last_error = reason WHERE o.id = spent.id;
    RETURN NEXT;
END
$function$;
COMMENT ON FUNCTION lms.give_up_message(integer) IS
    'Declares one message dead that was tried as often as may be, the last time by a dispatcher that did not live to say how it went; since it may have arrived, its place stays pending until somebody decides';

REVOKE EXECUTE ON FUNCTION lms.claim_message(interval, integer, bigint), lms.settle_message(bigint, integer, lms.outbox_status, text),
    lms.postpone_message(bigint, integer, interval, text, boolean), lms.put_back_message(bigint, integer, text),
    lms.give_up_message(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.claim_message(interval, integer, bigint), lms.settle_message(bigint, integer, lms.outbox_status, text),
    lms.postpone_message(bigint, integer, interval, text, boolean), lms.put_back_message(bigint, integer, text),
    lms.give_up_message(integer) TO lmskit_admin, lmskit_mailer;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

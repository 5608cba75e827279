-- The passages of some courses that suit a search best.
--
-- One row for each passage that has a searched word, or a vector; the best of them.
-- Order: score and head start of the material, the best first; then number of the material and of the passage, so that it is total.
-- Columns: by_words is Okapi BM25 (k1 = 1.2, b = 0.75), divided by the limit that a passage approaches which repeats every searched word
--   without end, so that it is from 0 to 1. by_meaning is the cosine between passage and search; null where the passage has no vector of
--   the model. score is their weighted mean; of a passage without a vector it is by_words. typical is the mean score
--   of all passages of the courses, by which one can see how much a passage stands out. head_start is what the caller has for a material.
-- Caveats: A word is compared as the language of each passage has it, so that one search becomes a query for each language.
--   How rare a word is follows from the chosen courses alone. Filters decide which passages are shown; scores stay the same.
-- Fast: row security allows no index on words or vectors. The words are read from passage_words, in a row for 64 passages, of which ts_filter
--   leaves the searched ones; a position in it is 64 (n - 1) + p for a word that is n times in passage p of the 64. The vectors
--   are read once, and the passages themselves once, for the best ones; with a filter, a quotation or an exclusion, all passages also
--   before that, to choose those that it leaves.
WITH spoken AS MATERIALIZED (
    SELECT
        w.language,
        sum(together.n_passages) AS n_passages,
        sum(together.size) AS size
    FROM passage_words AS w
    CROSS JOIN LATERAL (
        SELECT
            count(passage.size) AS n_passages,
            sum(passage.size) AS size
        FROM unnest(w.sizes) AS passage (size)
    ) AS together
    WHERE w.course_id = ANY(CAST(:courses AS bigint []))
    GROUP BY w.language
),

collection AS MATERIALIZED (
    SELECT
        sum(spoken.n_passages)::float8 AS n_passages,
        greatest(sum(spoken.size)::float8 / sum(spoken.n_passages)::float8, 1) AS mean_size
    FROM spoken
),

searched AS MATERIALIZED (
    SELECT
        spoken.language,
        word.lexemes,
        websearch_to_tsquery(configuration.name, :demanded) AS demanded
    FROM spoken
    LEFT JOIN unnest(CAST(:languages AS text []), CAST(:configurations AS text [])) AS known (language, name)
        ON known.language = spoken.language
    CROSS JOIN LATERAL (SELECT coalesce(known.name, 'simple')::regconfig) AS configuration (name)
    CROSS JOIN LATERAL (SELECT tsvector_to_array(to_tsvector(configuration.name, :wished))) AS word (lexemes)
),

found AS MATERIALIZED (
    SELECT
        w.material_id,
        w.after_ordinal + passage.number AS ordinal,
        w.language,
        w.sizes[passage.number] AS size,
        word.lexeme,
        (appearance.position - 1) / 64 + 1 AS n
    FROM searched
    JOIN passage_words AS w ON w.language = searched.language
    CROSS JOIN LATERAL unnest(ts_filter(setweight(w.words, 'A', searched.lexemes), '{a}')) AS word
    CROSS JOIN LATERAL unnest(word.positions) AS appearance (position)
    CROSS JOIN LATERAL (SELECT (appearance.position - 1) % 64 + 1) AS passage (number)
    WHERE w.course_id = ANY(CAST(:courses AS bigint []))
),

rarity AS MATERIALIZED (
    SELECT
        found.lexeme,
        ln(1 + (collection.n_passages - count(*) + 0.5) / (count(*) + 0.5)) AS weight
    FROM found
    CROSS JOIN collection
    GROUP BY found.lexeme, collection.n_passages
),

reach AS MATERIALIZED (
    SELECT
        searched.language,
        2.2 * sum(coalesce(rarity.weight, ln(1 + (collection.n_passages + 0.5) / 0.5))) AS most
    FROM searched
    CROSS JOIN collection
    CROSS JOIN LATERAL unnest(searched.lexemes) AS word (lexeme)
    LEFT JOIN rarity ON rarity.lexeme = word.lexeme
    GROUP BY searched.language
),

worded AS (
    SELECT
        found.material_id,
        found.ordinal,
        sum(rarity.weight * 2.2 * found.n / (found.n + 1.2 * (0.25 + 0.75 * found.size / collection.mean_size))) / reach.most AS score
    FROM found
    CROSS JOIN collection
    JOIN rarity ON rarity.lexeme = found.lexeme
    JOIN reach ON reach.language = found.language
    GROUP BY found.material_id, found.ordinal, reach.most
),

meant AS (
    SELECT
        v.material_id,
        v.ordinal,
        -(v.embedding <#> CAST(:vector AS halfvec)) AS score
    FROM passage_vectors AS v
    WHERE v.course_id = ANY(CAST(:courses AS bigint [])) AND v.model = :model
    OFFSET 0 -- the product is computed here, so that no vector is joined
),

scored AS MATERIALIZED (
    SELECT
        material_id,
        ordinal,
        coalesce(worded.score, 0) AS by_words,
        meant.score AS by_meaning,
        coalesce(CAST(:weight AS float8) * coalesce(worded.score, 0) + (1 - CAST(:weight AS float8)) * meant.score, worded.score) AS score
    FROM meant
    FULL JOIN worded USING (material_id, ordinal)
),

-- materials whose passages are preferred, or the contrary, in the choice of the best; their scores stay what they are
given AS MATERIALIZED (
    SELECT *
    FROM unnest(CAST(:weighed AS bigint []), CAST(:head_starts AS float8 [])) AS material (material_id, head_start)
),

best AS MATERIALIZED (
    SELECT
        scored.*,
        coalesce(given.head_start, 0) AS head_start
    FROM scored
    LEFT JOIN given ON given.material_id = scored.material_id
    WHERE
        NOT CAST(:filtered AS boolean)
        OR (scored.material_id, scored.ordinal) IN (
            SELECT
                p.material_id,
                p.ordinal
            FROM material_passages AS p
            JOIN materials AS m ON m.id = p.material_id AND m.course_id = p.course_id
            JOIN searched ON searched.language = coalesce(p.language, '')
            WHERE
                p.course_id = ANY(CAST(:courses AS bigint []))
                AND (numnode(searched.demanded) = 0 OR p.body_vector @@ searched.demanded)
                AND NOT p.body ~* ANY(CAST(:excluded AS text []))
                AND (CAST(:week AS integer) IS NULL OR m.week_number = :week)
                AND (CAST(:kind AS text) IS NULL OR m.kind::text = :kind)
                AND (CAST(:language AS text) IS NULL OR p.language = :language)
        )
    ORDER BY scored.score + coalesce(given.head_start, 0) DESC, scored.material_id ASC, scored.ordinal ASC
    LIMIT CAST(:most AS integer)
),

average AS (
    SELECT (SELECT sum(scored.score) FROM scored) / collection.n_passages AS score FROM collection
)

SELECT
    c.code AS course,
    p.material_id,
    p.ordinal,
    m.title,
    m.kind,
    m.week_number,
    m.url,
    m.file_name,
    p.page,
    p.slide,
    p.cell,
    p.seconds,
    p.headings,
    p.body,
    p.language,
    p.is_notes,
    p.overlap,
    best.score,
    best.by_words,
    best.by_meaning,
    best.head_start,
    average.score AS typical
FROM best
CROSS JOIN average
JOIN material_passages AS p USING (material_id, ordinal)
JOIN materials AS m ON m.id = p.material_id AND m.course_id = p.course_id
JOIN courses AS c ON c.id = p.course_id
WHERE p.course_id = ANY(CAST(:courses AS bigint []))
ORDER BY best.score + best.head_start DESC, p.material_id ASC, p.ordinal ASC

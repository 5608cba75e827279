-- Values in every column that a lecturer writes: those that the database refuses, and those that it accepts and others then read.

-- hold, refused 22001 or 23514: a title of ten megabytes
UPDATE courses SET title = repeat('x', 10000000);

-- hold, refused 23514: a title of two lines
UPDATE courses SET title = E'a\nb';

-- hold, refused 23514: the name of a rule of ten megabytes
UPDATE courses SET mastery_rule = repeat('x', 10000000);

-- hold, refused 23514: parameters of three thousand levels
UPDATE courses SET mastery_parameters = ('{"w":' || repeat('[', 3000) || repeat(']', 3000) || '}')::jsonb;

-- hold, refused 23514: parameters of a megabyte
UPDATE courses SET mastery_parameters = jsonb_build_object('w', repeat('x', 1000000));

-- hold, refused 23514: questions of three thousand levels
UPDATE quizzes SET questions = (repeat('[', 3000) || repeat(']', 3000))::jsonb;

-- hold, refused 23514: questions of twenty megabytes
UPDATE quizzes SET questions = jsonb_build_array(repeat('x', 20000000)) WHERE id = 1101;

-- hold, refused 23514: due in the year 20000
UPDATE quizzes SET due_on = '20000-01-01';

-- hold, refused 23514: due never
UPDATE quizzes SET due_on = 'infinity';

-- hold, refused 22003 or 23514: a maximum score without an end
UPDATE quizzes SET max_score = 'infinity';

-- hold, refused 23514: a score that is not a number
UPDATE quiz_attempts SET score = 'NaN';

-- hold, refused 23514: answers of ten megabytes
UPDATE quiz_attempts SET answers = jsonb_build_array(repeat('x', 10000000)) WHERE quiz_id = 1101;

-- hold, refused 23514: feedback of a megabyte
UPDATE quiz_attempts SET feedback = repeat('x', 1000000);

-- hold, refused 23514: the attempt number 2147483647
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin) VALUES (1101, 11, 1001, 2147483647, 1, 10, now(), 'form');

-- hold, refused 23514: submitted 4,700 years before our era
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin) VALUES (1101, 11, 1001, 4, 1, 10, '4700-01-01 BC', 'form');

-- hold, refused 23514: the last page of a material
INSERT INTO material_passages (material_id, ordinal, course_id, page, body) VALUES (110, 2147483647, 11, 1, 'x');

-- hold, refused 23514: a passage of a megabyte
INSERT INTO material_passages (material_id, ordinal, course_id, page, body) VALUES (110, 51, 11, 1, repeat('x y ', 250000));

-- hold, refused 23514: objectives of a megabyte
UPDATE syllabi SET objectives = repeat('x', 1000000);

-- hold: a rule that does not exist
UPDATE courses SET mastery_rule = 'none of them';

-- hold: parameters of no sense
UPDATE courses SET mastery_parameters = '{"window": -1, "rate": "x", "prior": null, "": {}}';

-- hold: a parameter of five thousand digits
UPDATE courses SET mastery_parameters = ('{"window": ' || repeat('9', 5000) || '}')::jsonb;

-- hold: titles of markup, marks and the longest characters
UPDATE courses SET title = '<script>alert(1)</script>[bold]' || repeat(U&'e\0301\0302\0303', 60);
UPDATE quizzes SET title = '=1+1 <img src=x onerror=alert(1)> ' || repeat('&', 200) || id;

-- hold: quizzes without a question that can be read
UPDATE quizzes SET questions = '[1, null, {"id": 5}, {"id": "a", "points": "x"}, [[]]]', answer_key = '{"zzz": [1]}';

-- hold: quizzes of a thousand questions
UPDATE quizzes SET questions = (SELECT jsonb_agg(jsonb_build_object('id', 'q' || n, 'type', 'short_text', 'prompt', repeat('x', 500), 'points', 1)) FROM generate_series(1, 1000) AS n), answer_key = '{}';

-- hold: answers of a megabyte in each attempt at a quiz
UPDATE quizzes SET questions = (SELECT jsonb_agg(jsonb_build_object('id', 'q' || n)) FROM generate_series(1, 1000) AS n) WHERE id = 1101;
UPDATE quiz_attempts SET answers = (SELECT jsonb_agg(jsonb_build_object('question', 'q' || n, 'given', repeat(n::text || ' ', 200), 'score', 1)) FROM generate_series(1, 1000) AS n) WHERE quiz_id = 1101;

-- hold, refused 23503: answers to questions that the quizzes do not have
UPDATE quiz_attempts SET answers = '[{"question": "q2"}]';

-- hold: answers of no sense
UPDATE quizzes SET questions = questions || '[{"id": 5}, {"id": null}]';
UPDATE quiz_attempts SET answers = '[null, 1, "x", [], {}, {"question": null}, {"question": {}}, {"question": 5, "score": "NaN"}, {"question": "q1", "score": 1e308}]';

-- hold: the rule that looks at single answers, on answers of no sense
UPDATE courses SET mastery_rule = 'bkt', mastery_parameters = '{}';
UPDATE quiz_attempts SET answers = '[{"question": "q1", "score": -1e300, "max_score": 0}, {"question": "q1", "score": 1e300}]';

-- hold: scores beyond the maximum, and a maximum of almost nothing
UPDATE quizzes SET max_score = 0.0001;
UPDATE quiz_attempts SET score = 99999999;

-- hold: a thousand quizzes in one week
INSERT INTO quizzes (course_id, week_number, title, max_score, questions, answer_key) SELECT 11, 3, 'Quiz ' || n, 10, '[]', '{}' FROM generate_series(1, 1000) AS n;

-- hold: a hundred thousand attempts
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin) SELECT 1101, 11, e.student_id, 10 + n, 1, 10, now(), 'form' FROM student_enrollments AS e, generate_series(1, 1700) AS n WHERE e.course_id = 11;

-- hold: every week of sixty
INSERT INTO syllabi (course_id, week_number, topic) SELECT 11, n, 'x' FROM generate_series(9, 60) AS n;

-- From the staged rows of a simulated term to the tables, one subject after the other.
--
-- One row of sim_option: the term, with what is the same in all its rows. Of the other sim_* tables: a row of the simulation.
-- Caveats: A simulated term is new, so nothing is compared: rows are added, and a clash is an error.
-- Source: the tables that demonstration.py fills.
--
-- Each part begins with a line "-- part: <name>" and is one statement.

-- part: courses
INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
SELECT s.course, 'SIM-' || s.module, s.title, t.id, s.lecturer_id, 'simulation'
FROM sim_course AS s
CROSS JOIN sim_option AS o
JOIN terms AS t ON t.code = o.term

-- part: students
-- A student of the demonstration may be in lmskit already, if an earlier demonstration was removed course by course.
INSERT INTO users (email, family_name, given_name, sort_name, role)
SELECT email, family_name, given_name, sort_name, 'student' FROM sim_student
ON CONFLICT (email) DO NOTHING

-- part: enrollments
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
SELECT c.id, u.id, o.status::enrollment_status, 'simulation', o.first_day, o.last_day
FROM sim_enrollment AS e
CROSS JOIN sim_option AS o
JOIN sim_student AS s ON s.student = e.student
JOIN users AS u ON u.email = s.email
JOIN courses AS c ON c.code = e.course

-- part: sections
INSERT INTO sections (course_id, kind, name, source)
SELECT c.id, 'section', n.name, 'simulation'
FROM sim_course AS s
JOIN courses AS c ON c.code = s.course
CROSS JOIN (VALUES ('A'), ('B'), ('C')) AS n (name)
ORDER BY c.code, n.name

-- part: section_members
-- By their numbers in turn, so that the same students are in one section in every course.
INSERT INTO section_members (course_id, section_id, student_id)
SELECT c.id, n.id, u.id
FROM sim_enrollment AS e
JOIN sim_student AS s ON s.student = e.student
JOIN users AS u ON u.email = s.email
JOIN courses AS c ON c.code = e.course
JOIN sections AS n ON n.course_id = c.id AND n.name = chr(ascii('A') + e.student % 3)

-- part: weeks
INSERT INTO syllabi (course_id, week_number, topic, objectives)
SELECT c.id, w.week_number, w.topic, w.objectives FROM sim_week AS w JOIN courses AS c ON c.code = w.course

-- part: quizzes
INSERT INTO quizzes (course_id, week_number, title, questions, answer_key, max_score, due_on)
SELECT c.id, q.week_number, q.title, q.questions::jsonb, q.answer_key::jsonb, q.max_score, q.due_on
FROM sim_quiz AS q
JOIN courses AS c ON c.code = q.course
ORDER BY c.code, q.week_number, q.quiz

-- part: attempts
-- In a week of a course each quiz has a title of its own, by which its id is found.
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, answers, started_at, submitted_at, origin)
SELECT q.id, c.id, u.id, a.number, a.score, a.max_score, a.answers::jsonb, a.started_at, a.submitted_at, 'simulation'
FROM sim_attempt AS a
JOIN sim_quiz AS n ON n.quiz = a.quiz AND n.course = a.course
JOIN courses AS c ON c.code = a.course
JOIN quizzes AS q ON q.course_id = c.id AND q.week_number = n.week_number AND q.title = n.title
JOIN sim_student AS s ON s.student = a.student
JOIN users AS u ON u.email = s.email
ORDER BY a.submitted_at

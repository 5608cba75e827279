"""How long a text, how large a number, how late a week may be: each limit once, for forms, importers and the database's checks.

A test compares those that the database holds too with its catalogue.
"""

from __future__ import annotations

FIRST_WEEK = 1
LAST_WEEK = 60
"""Teaching weeks are numbered from `FIRST_WEEK` to this."""

MOST_DESCRIBED_SECTIONS = 500
"""Sections of a described course that the form shows to be changed."""
LONGEST_CODE = 100
"""Characters in the code of a course, module or term."""
LONGEST_TITLE = 300
"""Characters in the title of a course, quiz or material, and in the topic of a week."""
LONGEST_NAME = 200
"""Characters in a family name, and in a given name."""
LONGEST_ADDRESS = 320
"""Characters in an e-mail address: 64 before the @ and 255 after it."""
LONGEST_SOURCE = 100
"""Characters in the name of a source system."""
LONGEST_EXTERNAL_ID = 500
"""Characters in the id that a source system gives a person, term, course or quiz."""
LONGEST_QUESTION_ID = 100
"""Characters in the id of a question, option or target."""
LONGEST_PROSE = 20_000
"""Characters in a text of several lines: objectives, prompts, feedback, answers."""
LONGEST_EMBEDDED = 20_000
"""Characters of a text that its vector depends on."""

LARGEST_SCORE = 99_999_999
"""The largest score, also as a maximum: `numeric(12, 4)` has eight digits before the point."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
"""Characters in a password that a person chooses."""
FEWEST_DIFFERENT = 5
"""Different characters in it."""

LONGEST_INVITATION = 30
"""Days after which an invitation expires at the latest."""

LONGEST_URL = 2_000
"""Characters in a web address."""
LARGEST_PARAMETERS = 10_000
"""Bytes that the parameters of a course's mastery rule may take."""
LARGEST_QUIZ = 16 * 1024**2
"""Bytes that the questions of a quiz, and their key, may take each."""
LARGEST_ANSWERS = 4 * 1024**2
"""Bytes that the answers of one attempt may take."""
DEEPEST_JSON = 8
"""Levels within each other that the questions, keys and answers of quizzes may have."""
MOST_ATTEMPTS = 10_000
"""The highest number of a student's attempt at a quiz."""
MOST_STUDENTS = 10_000_000
"""The highest number of students up to which a person can let an import withdraw or take back."""
MOST_PASTED = 1_000
"""People whom a pasted text may name."""
LONGEST_PASTED = 200_000
"""Characters of a text with people that is pasted."""
MOST_PASSAGES = 1_000_000
"""The highest page of a material, and the highest number of a passage."""
EARLIEST_YEAR, LATEST_YEAR = 1900, 2200
"""When a quiz can be due, and an attempt be started or submitted: years whose days every program can read."""

FEWEST_PASSAGE_WORDS, MOST_PASSAGE_WORDS = 80, 250
"""Words of a passage of a material; the text below a heading may have fewer."""
LARGEST_MATERIAL = 100 * 1024**2
"""Bytes of a material's file."""
MOST_PAGES = 10_000
"""Pages of a PDF, slides of a presentation and cells of a notebook."""
LARGEST_MATERIAL_TEXT = 64 * 1024**2
"""Bytes of the text of a material, with the locations of its passages."""
MOST_CARTRIDGE_FILES, LARGEST_CARTRIDGE_TEXT = 10_000, 64 * 1024**2
"""Files and links of a Common Cartridge that become materials, and characters of their text, which is in memory until it is written."""
MOST_UNPACKED_RATIO, UNPACKED_RATIO_FLOOR = 200, 1024**2
"""Unpacked bytes for each packed one in a zip archive, and the bytes up to which this is not checked: a small file of equal rows may be
packed better than a large file should be."""
MOST_OFFICE_PARTS = 50_000
"""Files in a presentation or a Word document, which are zip archives."""
LARGEST_OFFICE_PART = 64 * 1024**2
LARGEST_OFFICE_TEXT = 256 * 1024**2
"""Bytes of one part of a presentation or Word document when it is unpacked, and of all that are read."""
DEEPEST_MARKUP = 200
"""Levels within each other that elements of a web page, a presentation or a Word document may have."""
MOST_HEADINGS_DEEP = 9
"""Levels of headings."""
LARGEST_HEADINGS = 20_000
"""Bytes that the headings above a passage may take."""
LONGEST_FILE_NAME = 500
"""Characters in the relative path of a material's file."""
LONGEST_LICENCE = 300
"""Characters in the licence of a material."""
LONGEST_HEADER = 1_000
"""Characters in what a web server says to recognise an unchanged page by."""
MOST_FINDINGS, LARGEST_FINDINGS = 1_000, 100_000
"""Findings about a material, and the bytes that they may take."""
MOST_DIMENSIONS = 16_000
"""Numbers in a vector of a passage: pgvector's own limit of half-precision vectors."""
MOST_CRAWL_DEPTH = 100
"""Links from the start of a crawl to a page."""
MOST_CRAWL_PAGES, MOST_CRAWL_ADDRESSES = 5_000, 50_000
"""Pages that one crawl fetches, and addresses that it notes: a calendar has one for each day of all centuries."""
LARGEST_SERVICE_ANSWER, MOST_SERVICE_VALUES = 128 * 1024**2, 5_000_000
"""Bytes of one answer of a learning management system, and values, lists and objects in it, each of which takes up to 200 bytes of memory.

The gradebook of a course is one answer: 160,000 grades of Moodle have 5 million values in 96 MB.
"""
SLOWEST_SERVICE_ANSWER, LONGEST_SERVICE_SILENCE = 600, 120
"""Seconds from a request to the end of the answer, and without a byte of it: large gradebooks take minutes to compute."""
LARGEST_QUESTION_PAGE = 1024**2
"""Characters of a question as a learning management system shows it, beyond which its answer is not read."""
LONGEST_SERVICE_WAIT = 300
"""Seconds that a learning management system may ask to wait for; beyond them the sync ends."""
MOST_SERVICE_PAGES = 10_000
"""Pages of one list of a learning management system, beyond which it is taken for one without an end."""
LONGEST_SERVICE_PAUSE = 60
"""Seconds between two requests to it."""
LONGEST_SEARCH = 2_000
"""Characters of a search in materials."""
LONGEST_PERSON_SEARCH = 200
"""Characters of a search for people."""

CONTROL_CHARACTERS = "[[:cntrl:]]"
INVISIBLE_CHARACTERS = r"[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
"""Characters without a picture, which make two ids, addresses or codes look the same; for PostgreSQL's and Python's regular expressions."""

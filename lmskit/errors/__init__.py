"""Everything lmskit can refuse, as one tree; each message is a sentence for a person.

::

    LmskitError
     ├── InputError                 what a person typed cannot be right
     │    ├── PageLimitError
     │    ├── ColumnsMissingError
     │    ├── QueryError            of somebody's own, in SQL
     │    ├── UnknownRuleError
     │    ├── RuleParameterError
     │    ├── ItemScoresError       a table of scores contains a value that is not a score
     │    ├── QuizAmbiguousError    several quizzes of the course have the title
     │    ├── NameNeededError       a person who is not known yet needs a name
     │    ├── AddressError          no message can reach the student
     │    ├── FamilyNameNeededError the same, of a person with a login
     │    ├── WeekNeededError       a quiz that is not there yet needs a week
     │    └── ImportFileError       a file as a whole cannot be read
     ├── NotFoundError              what a person named does not exist, or is not theirs to see
     │    ├── CourseNotFoundError
     │    ├── TermNotFoundError
     │    ├── NewTermNeededError    a course's term does not exist and was not described
     │    ├── LecturerNotFoundError
     │    ├── StudentNotFoundError
     │    ├── PersonNotFoundError   no lecturer or administrator has the address
     │    ├── WeekNotFoundError     the course's syllabus lacks the week
     │    ├── QuizNotFoundError
     │    ├── QuizNotFoundInCourseError
     │    ├── QuestionNotFoundError
     │    ├── MessageNotFoundError
     │    └── DatabaseSessionNotFoundError
     ├── ConflictError              it clashes with what is there
     │    ├── AlreadyEnrolledError
     │    ├── CourseExistsError
     │    ├── TermExistsError
     │    ├── PersonExistsError
     │    ├── LoginExistsError
     │    ├── NoLoginError
     │    ├── LoginClosedError
     │    ├── OwnLoginError         nobody renames the login they are using
     │    ├── LastAdministratorError
     │    ├── OtherRoleError        the person is something else than was said
     │    ├── NotAStudentError      lecturers and administrators cannot be enrolled
     │    ├── CourseCompletedError  a completed place can be neither left nor asked for again
     │    ├── DemonstrationError    the demonstration's codes are taken
     │    ├── WeekInUseError        quizzes or materials belong to a week that would go
     │    ├── ChangedMeanwhileError somebody else changed what a form shows
     │    ├── QuizExistsError
     │    ├── QuizAnsweredError     attempts refer to questions that would change
     │    ├── QuizUnreadableError   its stored questions are not in lmskit's form
     │    ├── MessageSettledError   nothing is to be tried again about a message
     │    └── NotEnrolledError
     ├── WorkCancelledError         whoever started the work ended it
     ├── ReportError                a report could not be built
     ├── NotPermittedError          the signed-in person may not do this
     ├── DeliveryError              a message was not accepted
     │    ├── MessageRefusedError   for good
     │    └── MessagePostponedError for now; it will be tried again
     │         ├── DeliveryInDoubtError nobody knows whether it was accepted
     │         └── NoMailServerError    nor would any other be
     └── DatabaseError              the database cannot be used as it is
          ├── UnreachableError
          │    └── SignInRefusedError    the server answers, and refuses login or password
          ├── NotSignedInError      someone has to sign in first
          ├── ClusterError          the embedded server
          ├── BootstrapError
          ├── LoginMissingError     this machine holds no login for the person
          ├── LoginLostError        a login exists, and its password is lost
          ├── BusyError             a lock or a time limit ended the work; nothing was changed
          └── RevisionError
"""

from lmskit.errors.base import (
    LmskitError,
)
from lmskit.errors.conflict import (
    AlreadyEnrolledError,
    ChangedMeanwhileError,
    ConflictError,
    CourseCompletedError,
    CourseExistsError,
    DemonstrationError,
    LastAdministratorError,
    LoginClosedError,
    LoginExistsError,
    MessageSettledError,
    NoLoginError,
    NotAStudentError,
    NotEnrolledError,
    OtherRoleError,
    OwnLoginError,
    PersonExistsError,
    QuizAnsweredError,
    QuizExistsError,
    QuizUnreadableError,
    TermExistsError,
    WeekInUseError,
)
from lmskit.errors.input import (
    AddressError,
    ColumnsMissingError,
    FamilyNameNeededError,
    ImportFileError,
    InputError,
    ItemScoresError,
    NameNeededError,
    PageLimitError,
    QueryError,
    QuizAmbiguousError,
    RuleParameterError,
    UnknownRuleError,
    WeekNeededError,
)
from lmskit.errors.not_found import (
    CourseNotFoundError,
    DatabaseSessionNotFoundError,
    LecturerNotFoundError,
    MessageNotFoundError,
    NewTermNeededError,
    NotFoundError,
    PersonNotFoundError,
    QuestionNotFoundError,
    QuizNotFoundError,
    QuizNotFoundInCourseError,
    StudentNotFoundError,
    TermNotFoundError,
    WeekNotFoundError,
)
from lmskit.errors.operation import (
    BootstrapError,
    BusyError,
    ClusterError,
    DatabaseError,
    DeliveryError,
    DeliveryInDoubtError,
    LoginLostError,
    LoginMissingError,
    MessagePostponedError,
    MessageRefusedError,
    NoMailServerError,
    NotPermittedError,
    NotSignedInError,
    ReportError,
    RevisionError,
    SignInRefusedError,
    UnreachableError,
    WorkCancelledError,
)

__all__ = [
    "AddressError",
    "AlreadyEnrolledError",
    "BootstrapError",
    "BusyError",
    "ChangedMeanwhileError",
    "ClusterError",
    "ColumnsMissingError",
    "ConflictError",
    "CourseCompletedError",
    "CourseExistsError",
    "CourseNotFoundError",
    "DatabaseError",
    "DatabaseSessionNotFoundError",
    "DeliveryError",
    "DeliveryInDoubtError",
    "DemonstrationError",
    "FamilyNameNeededError",
    "ImportFileError",
    "InputError",
    "ItemScoresError",
    "LastAdministratorError",
    "LecturerNotFoundError",
    "LmskitError",
    "LoginClosedError",
    "LoginExistsError",
    "LoginLostError",
    "LoginMissingError",
    "MessageNotFoundError",
    "MessagePostponedError",
    "MessageRefusedError",
    "MessageSettledError",
    "NameNeededError",
    "NewTermNeededError",
    "NoLoginError",
    "NoMailServerError",
    "NotAStudentError",
    "NotEnrolledError",
    "NotFoundError",
    "NotPermittedError",
    "NotSignedInError",
    "OtherRoleError",
    "OwnLoginError",
    "PageLimitError",
    "PersonExistsError",
    "PersonNotFoundError",
    "QueryError",
    "QuestionNotFoundError",
    "QuizAmbiguousError",
    "QuizAnsweredError",
    "QuizExistsError",
    "QuizNotFoundError",
    "QuizNotFoundInCourseError",
    "QuizUnreadableError",
    "ReportError",
    "RevisionError",
    "RuleParameterError",
    "SignInRefusedError",
    "StudentNotFoundError",
    "TermExistsError",
    "TermNotFoundError",
    "UnknownRuleError",
    "UnreachableError",
    "WeekInUseError",
    "WeekNeededError",
    "WeekNotFoundError",
    "WorkCancelledError",
]

"""The errors of lmskit as one tree; each message is a sentence for a person.

::

    LmskitError
     ├── InputError                 what a person typed cannot be right
     │    ├── PageLimitError, ColumnsMissingError
     │    ├── QueryError            a person's own SQL query does not return a table
     │    ├── UnknownRuleError, RuleParameterError
     │    ├── RefusedValueError     a column of the database does not take a value
     │    ├── ItemScoresError       a table of scores contains a value that is not a score
     │    ├── QuizAmbiguousError    several quizzes of the course have the title
     │    ├── NameNeededError       a person who is not in lmskit yet needs a name
     │    ├── TooManyPastedError    a pasted text names too many people
     │    ├── AddressError          no message can reach the student
     │    ├── InventedAddressError  an import invented it
     │    ├── FamilyNameNeededError the same, of a person with a login
     │    ├── WeekNeededError       a new quiz needs a week
     │    ├── ImportFileError       a file as a whole cannot be read
     │    │    └── FileFormatError  its format is unknown, or could be one of several
     │    ├── MaterialFileError     a file cannot be read as a material of a course
     │    ├── SearchTextError       a search has no word, or is too long
     │    ├── LmsError              a learning management system cannot be asked, or refuses
     │    │    ├── LmsAddressError         its address is not one that is asked
     │    │    ├── LmsUnavailableError     not now
     │    │    ├── LmsTokenError           it does not accept the token
     │    │    ├── LmsRightsError          functions or rights are missing
     │    │    └── LmsAnswerError          its answer cannot be read
     │    └── WebPageError          a page or file of the web cannot become a material
     │         ├── AddressNotAllowedError  lmskit connects to no such address
     │         ├── RobotsRefusedError      the site asks programs not to fetch it
     │         ├── LoginRequiredError
     │         ├── PageGoneError           404 or 410
     │         └── SiteUnavailableError    not now
     ├── NotFoundError              it does not exist, or the person may not see it
     │    ├── CourseNotFoundError, SectionNotFoundError, TermNotFoundError
     │    ├── ObservedOnlyError     a course that the person observes, a CourseNotFoundError
     │    ├── NewTermNeededError    a course's term does not exist and was not described
     │    ├── LecturerNotFoundError, ImportRunNotFoundError, StudentNotFoundError
     │    ├── StudentNotInCourseError
     │    ├── PersonNotFoundError   no lecturer or administrator has the address
     │    ├── UnknownPersonError, MergeNotFoundError, ExternalIdNotFoundError
     │    ├── PersonGoneError       nothing is left of the person
     │    ├── WeekNotFoundError     the course's syllabus lacks the week
     │    ├── QuizNotFoundError, QuizNotFoundInCourseError, AttemptNotFoundError
     │    ├── QuestionNotFoundError, QuestionBankNotFoundError, MaterialNotFoundError
     │    ├── DecisionNotFoundError about reading advice
     │    └── PassageNotFoundError, MessageNotFoundError, DatabaseSessionNotFoundError
     ├── ConflictError              the request conflicts with data in lmskit
     │    ├── AlreadyEnrolledError, NotRecordedError, UndoneImportError
     │    ├── InUseError            evidence, people or files rest on what was to be deleted
     │    ├── CourseExistsError
     │    ├── CopiedAlreadyError    the term has the copy of a course
     │    ├── CodeOfCopyError       the code made for it is too long
     │    ├── StaffNotChosenError   nobody said whose rights follow a copied course
     │    ├── TermExistsError, TermCodeInUseError
     │    ├── TermClosedError       it stays as it is
     │    ├── TermStateError        a step between open, closed and archived is missing
     │    ├── PersonExistsError, LoginExistsError, NoLoginError, LoginClosedError
     │    ├── InvitationRefusedError, NoInvitationError
     │    ├── OwnLoginError         a login cannot be renamed while it is in use
     │    ├── LastAdministratorError
     │    ├── TeachesCoursesError   a person who is to be erased has courses
     │    ├── AlreadyOnStaffError, NotOnStaffError
     │    ├── LeadsCoursesError     a login is to be closed whose lecturer has courses
     │    ├── IsResponsibleError    nobody is staff of a course that they are responsible for
     │    ├── OwnErasureError       nobody erases the person they are signed in as
     │    ├── ExternalIdExistsError an id of another system belongs to another person
     │    ├── CannotMergeError
     │    ├── CannotSplitError
     │    ├── MessageOnItsWayError  a message to such a person is being sent
     │    ├── AdministratorExistsError  only the first administrator is made without another one
     │    ├── OtherRoleError        the person has another role than the request says
     │    ├── NotAStudentError      lecturers and administrators cannot be enrolled
     │    ├── CourseCompletedError  a completed enrollment can be neither ended nor requested again
     │    ├── DemonstrationError    its codes belong to real terms or courses
     │    ├── WeekInUseError        quizzes or materials belong to a week to be removed
     │    ├── ChangedMeanwhileError another person changed what a form shows
     │    ├── MoreWouldGoError      a deletion would take more than was shown
     │    ├── MaterialExistsError, QuizExistsError
     │    ├── QuizAnsweredError     attempts refer to questions that would change
     │    ├── AnsweredQuestionError a question that would be removed has answers
     │    ├── AnswerWithoutQuestionError its quiz does not have the question
     │    ├── QuestionBankUsedError quizzes have options and keys from it
     │    ├── QuizUnreadableError   its stored questions do not have lmskit's form
     │    ├── MessageSettledError   the message cannot be tried again
     │    ├── NotEnrolledError
     │    ├── NoQuizExceptionError  the student has none at this quiz
     │    └── ManyWithdrawalsError  their number has to be confirmed
     ├── WorkCancelledError         the person who started the work cancelled it
     ├── SecretFileError            a file that should have a password
     ├── NotebookCopyError          the notebooks could not be copied
     ├── ReportError                a report could not be built
     ├── HubError                   a JupyterHub cannot start a server of lmskit
     ├── ReadingProcessError        the process that reads materials cannot start
     ├── ArchiveError               the files of an archived term cannot be used
     ├── MaterialStoreError         the store of materials' files cannot be used
     │    └── StoredFileError       one of its files is missing or damaged
     ├── BackupError                a backup could not be made or restored
     │    └── BackupRefusedError    it is damaged, incomplete or of another version
     ├── EmbedderError              texts could not be turned into vectors
     │    ├── EmbedderUnavailableError  the model cannot be used here, or not now
     │    └── ModelChangedError     the model has the name of a stored one, and other vectors
     ├── NotPermittedError          the signed-in person may not do this
     │   └── NotLeadingError        an assistant reads a course, and changes nothing in it
     ├── DeliveryError              a message was not accepted
     │    ├── MessageRefusedError   for good
     │    └── MessagePostponedError for now; it will be tried again
     │         ├── DeliveryInDoubtError it may have been accepted
     │         └── NoMailServerError    no message can be sent now
     └── DatabaseError              the database cannot be used in its present state
          ├── UnreachableError
          │    └── SignInRefusedError    the server answers, and refuses login or password
          ├── EmptyDatabaseError    a server is empty that had been filled
          ├── NotSignedInError      a person has to sign in first
          ├── ClusterError          the embedded server
          ├── BootstrapError
          │    └── VectorRefusedError    only a superuser can make pgvector there
          ├── LoginMissingError     no login of the person is kept on this machine
          ├── LoginLostError        a login exists, and its password is lost
          ├── BusyError             a lock or a time limit ended the work; nothing was changed
          │   └── LockedError       another session kept locked what the work needs
          └── RevisionError
              ├── UpgradedMeanwhileError   while this process ran
              ├── MigratedMeanwhileError   by another process
              ├── DataWouldBeLostError the older revision has no columns for it
              └── SeveralHeadsError    two migrations are the newest
"""

from lmskit.errors.base import LmskitError
from lmskit.errors.conflict import (
    AdministratorExistsError,
    AlreadyEnrolledError,
    AlreadyOnStaffError,
    AnsweredQuestionError,
    AnswerWithoutQuestionError,
    CannotMergeError,
    CannotSplitError,
    ChangedMeanwhileError,
    CodeOfCopyError,
    ConflictError,
    CopiedAlreadyError,
    CourseCompletedError,
    CourseExistsError,
    DemonstrationError,
    ExternalIdExistsError,
    IsResponsibleError,
    ManyWithdrawalsError,
    MaterialExistsError,
    MessageOnItsWayError,
    MessageSettledError,
    MoreWouldGoError,
    NoQuizExceptionError,
    NotAStudentError,
    NotEnrolledError,
    NotOnStaffError,
    NotRecordedError,
    OtherRoleError,
    OwnErasureError,
    PersonExistsError,
    QuestionBankUsedError,
    QuizAnsweredError,
    QuizExistsError,
    QuizUnreadableError,
    StaffNotChosenError,
    TeachesCoursesError,
    TermClosedError,
    TermCodeInUseError,
    TermExistsError,
    TermStateError,
    UndoneImportError,
    WeekInUseError,
)
from lmskit.errors.in_use import InUseError
from lmskit.errors.input import (
    AddressError,
    ColumnsMissingError,
    FamilyNameNeededError,
    FileFormatError,
    ImportFileError,
    InputError,
    InventedAddressError,
    ItemScoresError,
    MaterialFileError,
    NameNeededError,
    PageLimitError,
    QueryError,
    QuizAmbiguousError,
    RefusedValueError,
    RuleParameterError,
    SearchTextError,
    TooManyPastedError,
    UnknownRuleError,
    WeekNeededError,
)
from lmskit.errors.lms import LmsAddressError, LmsAnswerError, LmsError, LmsRightsError, LmsTokenError, LmsUnavailableError
from lmskit.errors.login import (
    InvitationRefusedError,
    LastAdministratorError,
    LeadsCoursesError,
    LoginClosedError,
    LoginExistsError,
    NoInvitationError,
    NoLoginError,
    OwnLoginError,
)
from lmskit.errors.not_found import (
    AttemptNotFoundError,
    CourseNotFoundError,
    DatabaseSessionNotFoundError,
    DecisionNotFoundError,
    ExternalIdNotFoundError,
    ImportRunNotFoundError,
    LecturerNotFoundError,
    MaterialNotFoundError,
    MergeNotFoundError,
    MessageNotFoundError,
    NewTermNeededError,
    NotFoundError,
    ObservedOnlyError,
    PassageNotFoundError,
    PersonGoneError,
    PersonNotFoundError,
    QuestionBankNotFoundError,
    QuestionNotFoundError,
    QuizNotFoundError,
    QuizNotFoundInCourseError,
    SectionNotFoundError,
    StudentNotFoundError,
    StudentNotInCourseError,
    TermNotFoundError,
    UnknownPersonError,
    WeekNotFoundError,
)
from lmskit.errors.operation import (
    ArchiveError,
    BackupError,
    BackupRefusedError,
    BootstrapError,
    BusyError,
    ClusterError,
    DatabaseError,
    DataWouldBeLostError,
    DeliveryError,
    DeliveryInDoubtError,
    EmbedderError,
    EmbedderUnavailableError,
    EmptyDatabaseError,
    HubError,
    LockedError,
    LoginLostError,
    LoginMissingError,
    MaterialStoreError,
    MessagePostponedError,
    MessageRefusedError,
    MigratedMeanwhileError,
    ModelChangedError,
    NoMailServerError,
    NotebookCopyError,
    NotLeadingError,
    NotPermittedError,
    NotSignedInError,
    ReadingProcessError,
    ReportError,
    RevisionError,
    SecretFileError,
    SeveralHeadsError,
    SignInRefusedError,
    StoredFileError,
    UnreachableError,
    UpgradedMeanwhileError,
    VectorRefusedError,
    WorkCancelledError,
)
from lmskit.errors.web import (
    AddressNotAllowedError,
    LoginRequiredError,
    PageGoneError,
    RobotsRefusedError,
    SiteUnavailableError,
    WebPageError,
)

__all__ = [
    "AddressError", "AddressNotAllowedError", "AdministratorExistsError", "AlreadyEnrolledError", "AlreadyOnStaffError",
    "AnswerWithoutQuestionError", "AnsweredQuestionError", "ArchiveError", "AttemptNotFoundError", "BackupError", "BackupRefusedError",
    "BootstrapError", "BusyError", "CannotMergeError", "CannotSplitError", "ChangedMeanwhileError", "ClusterError",
    "CodeOfCopyError", "ColumnsMissingError", "ConflictError",
    "CopiedAlreadyError", "CourseCompletedError", "CourseExistsError", "CourseNotFoundError",
    "DataWouldBeLostError", "DatabaseError", "DatabaseSessionNotFoundError", "DecisionNotFoundError", "DeliveryError",
    "DeliveryInDoubtError", "DemonstrationError", "EmbedderError", "EmbedderUnavailableError", "EmptyDatabaseError",
    "ExternalIdExistsError", "ExternalIdNotFoundError", "FamilyNameNeededError", "FileFormatError", "HubError", "ImportFileError",
    "ImportRunNotFoundError", "InUseError", "InputError",
    "InventedAddressError", "InvitationRefusedError", "IsResponsibleError", "ItemScoresError", "LastAdministratorError",
    "LeadsCoursesError", "LecturerNotFoundError", "LmsAddressError", "LmsAnswerError", "LmsError",
    "LmsRightsError", "LmsTokenError", "LmsUnavailableError", "LmskitError", "LockedError", "LoginClosedError", "LoginExistsError",
    "LoginLostError", "LoginMissingError", "LoginRequiredError", "ManyWithdrawalsError", "MaterialExistsError", "MaterialFileError",
    "MaterialNotFoundError", "MaterialStoreError", "MergeNotFoundError", "MessageNotFoundError", "MessageOnItsWayError",
    "MessagePostponedError", "MessageRefusedError", "MessageSettledError", "MigratedMeanwhileError", "ModelChangedError",
    "MoreWouldGoError", "NameNeededError", "NewTermNeededError", "NoInvitationError", "NoLoginError", "NoMailServerError",
    "NoQuizExceptionError", "NotAStudentError", "NotEnrolledError", "NotFoundError", "NotLeadingError", "NotOnStaffError",
    "NotPermittedError", "NotRecordedError", "NotSignedInError", "NotebookCopyError", "ObservedOnlyError", "OtherRoleError",
    "OwnErasureError", "OwnLoginError", "PageGoneError",
    "PageLimitError", "PassageNotFoundError", "PersonExistsError", "PersonGoneError", "PersonNotFoundError", "QueryError",
    "QuestionBankNotFoundError", "QuestionBankUsedError", "QuestionNotFoundError", "QuizAmbiguousError", "QuizAnsweredError",
    "QuizExistsError", "QuizNotFoundError", "QuizNotFoundInCourseError", "QuizUnreadableError", "ReadingProcessError",
    "RefusedValueError", "ReportError", "RevisionError", "RobotsRefusedError", "RuleParameterError", "SearchTextError",
    "SecretFileError", "SectionNotFoundError", "SeveralHeadsError", "SignInRefusedError", "SiteUnavailableError", "StaffNotChosenError",
    "StoredFileError", "StudentNotFoundError", "StudentNotInCourseError", "TeachesCoursesError", "TermClosedError",
    "TermCodeInUseError", "TermExistsError", "TermNotFoundError", "TermStateError", "TooManyPastedError", "UndoneImportError",
    "UnknownPersonError", "UnknownRuleError", "UnreachableError", "UpgradedMeanwhileError", "VectorRefusedError", "WebPageError",
    "WeekInUseError", "WeekNeededError", "WeekNotFoundError", "WorkCancelledError",
]  # fmt: skip

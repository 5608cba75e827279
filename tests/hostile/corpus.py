"""All hostile files."""

from tests.hostile.activity import ACTIVITY
from tests.hostile.archives import ARCHIVES, XML_FILES
from tests.hostile.backups import BACKUPS
from tests.hostile.contents import CONTENTS
from tests.hostile.texts import TEXTS
from tests.hostile.workbooks import WORKBOOKS

CORPUS = (*TEXTS, *ARCHIVES, *XML_FILES, *CONTENTS, *WORKBOOKS, *BACKUPS, *ACTIVITY)

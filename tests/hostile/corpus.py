"""All hostile files."""

from tests.hostile.archives import ARCHIVES, XML_FILES
from tests.hostile.contents import CONTENTS
from tests.hostile.texts import TEXTS

CORPUS = (*TEXTS, *ARCHIVES, *XML_FILES, *CONTENTS)

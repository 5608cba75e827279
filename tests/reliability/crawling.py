"""A process that forks others, each of which crawls a site on this machine as the command line does; the tests kill them.

python -m tests.reliability.crawling ADDRESS STORE PERSON

Each line of standard input is the code of a course; the id of the process that crawls for it is printed, and `Done` when it has ended by
itself.
"""

import sys
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import engine_for, transaction
from lmskit.materials.store import FolderStore
from lmskit.schemas.crawl import CrawlRequest
from lmskit.services.material_crawl import crawl_site
from tests.materials.web_site import fetcher
from tests.reliability.forks import fork_for_each_line


def crawl(address: str, course: str, store: str, person: str) -> None:
    """Crawl until the site ends."""
    engine = engine_for(person)

    def opener() -> AbstractContextManager[Session]:
        return transaction(engine)

    crawl_site(opener, FolderStore(Path(store)), fetcher(), CrawlRequest(course=course, url=address, pages=1000, depth=100))
    sys.stdout.write("Done\n")
    sys.stdout.flush()


def main() -> None:
    """Carry out orders until the input ends."""
    address, store, person = sys.argv[1:]
    fork_for_each_line(lambda course: crawl(address, course, store, person))


if __name__ == "__main__":
    main()

"""A process that forks others, each of which crawls a site on this machine as the command line does; the tests kill them.

python -m tests.reliability.crawling ADDRESS STORE PERSON

Each line of standard input is the code of a course; the id of the process that crawls for it is printed, and `Done` when it has ended by
itself.
"""

import os
import sys
import threading
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy.orm import Session

from lmskit.db import engine_for, transaction
from lmskit.materials.store import FolderStore
from lmskit.schemas.crawl import CrawlRequest
from lmskit.services.material_crawl import crawl_site
from tests.materials.web_site import fetcher


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
    for course in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                crawl(address, course.strip(), store, person)
            finally:
                os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()


if __name__ == "__main__":
    main()

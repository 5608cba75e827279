"""Files of the shared data, imported twice, and their reports."""

from lmskit.importers.formats import ReadOptions
from lmskit.services.file_import import ImportOptions, import_file


def imported_twice(session, form, path, **options):
    """Import a path twice; the second time nothing may change. Return the first report."""
    first = import_file(session, form.open(path, ReadOptions()), ImportOptions(**options))
    second = import_file(session, form.open(path, ReadOptions()), ImportOptions(**options))
    assert {file.file: (0, 0, file.added, file.rejected) for file in first.files} == {
        file.file: (file.added, file.changed, file.unchanged, file.rejected) for file in second.files
    }
    assert all(entity.added == entity.changed == 0 for entity in second.entities)
    assert second.rejections == first.rejections
    assert second.touched == ()
    return first


def added(report):
    """By file: rows added, rows rejected."""
    return {file.file: (file.added, file.rejected) for file in report.files}


def entities(report):
    """Entities that were added, by kind; without kinds of which none was added."""
    return {entity.kind: entity.added for entity in report.entities if entity.added}

"""The five files of OULAD, without a database."""

import pytest

from lmskit.errors import ImportFileError
from lmskit.importers import oulad
from tests.importers.sample import SAMPLE, copy_of_sample, sample


def test_the_format_is_detected_by_its_headers_not_by_its_names(tmp_path):
    assert oulad.detect(SAMPLE)
    assert not oulad.detect(tmp_path)
    assert not oulad.detect(copy_of_sample(tmp_path / "other", courses="id,name\n1,A\n"))


def test_records_are_values_and_a_question_mark_is_none():
    files = oulad.read(SAMPLE).files
    assert list(files["studentAssessment.csv"])[2] == (4, "901752", "900003", 101, False, None)
    assert next(iter(files["studentRegistration.csv"])) == (2, "XAA", "2031J", "900001", -159, None)


def test_reading_twice_gives_the_same(tmp_path):
    file = oulad.read(SAMPLE).files["studentAssessment.csv"]
    first, rejected = list(file), list(file.csv.rejections)
    assert list(file) == first
    assert file.csv.rejections == rejected


def test_an_unreadable_cell_rejects_only_its_row():
    file = oulad.read(SAMPLE).files["studentAssessment.csv"]
    assert len(list(file)) == 11
    assert [
        (rejection.row, rejection.column, rejection.value)
        for rejection in sorted(file.csv.rejections, key=lambda rejection: rejection.row or 0)
    ] == [
        (13, "score", "101"),
        (14, "score", "inf"),
        (15, "date_submitted", "?"),
        (16, "is_banked", "2"),
        (17, None, "901753,900003,9,0,55,x"),
    ]


@pytest.mark.parametrize("cell", ["nan", "-inf", "1e2", "0x10", "-1", "100.01", "", " 5", "5,5", "\u0665", "9" * 5000])
def test_a_cell_that_is_not_a_score_from_0_to_100_is_rejected(tmp_path, cell):
    attempts = f'id_assessment,id_student,date_submitted,is_banked,score\n901752,900001,1,0,"{cell}"\n'
    file = oulad.read(copy_of_sample(tmp_path, studentAssessment=attempts)).files["studentAssessment.csv"]
    assert list(file) == []
    assert [rejection.column for rejection in file.csv.rejections] == ["score"]


def test_the_digest_follows_the_content_of_all_five_files(tmp_path):
    same = oulad.read(copy_of_sample(tmp_path / "same")).sha256
    other = oulad.read(copy_of_sample(tmp_path / "other", courses=sample("courses").replace("268", "269"))).sha256
    assert same == oulad.read(SAMPLE).sha256 != other


def test_a_missing_folder_or_file_is_refused_with_one_sentence(tmp_path):
    with pytest.raises(ImportFileError, match=r"There is no folder .*nowhere. Check the path."):
        oulad.read(tmp_path / "nowhere")
    with pytest.raises(ImportFileError, match="is not a folder"):
        oulad.read(SAMPLE / "courses.csv")
    folder = copy_of_sample(tmp_path / "part")
    (folder / "courses.csv").unlink()
    with pytest.raises(ImportFileError, match=r"lacks courses.csv; OULAD is a folder with courses.csv, assessments.csv, "):
        oulad.read(folder)

"""Every golden sample is read as its expected result says."""

import json
import shutil

import pytest

from lmskit.importers.activity import ActivityFile
from lmskit.importers.cartridge.package import Cartridge
from lmskit.importers.question_banks.bank import Bank
from lmskit.importers.registry import detected
from tests.importers.golden import ENDING, SAMPLES, expected, format_of, opened, renew, result, row_counts, samples

every_sample = pytest.mark.parametrize("sample", samples().values(), ids=samples())


@every_sample
def test_a_sample_is_read_as_expected(sample):
    assert json.loads(json.dumps(result(opened(sample)))) == expected(sample), "If the change is meant: make golden"


@every_sample
def test_every_row_has_a_record_or_is_rejected(sample):
    source = opened(sample)
    if isinstance(source, ActivityFile):
        n_records = sum(1 for _ in source.records())
        assert source.tally.rows_in == n_records + source.tally.left_out.total() + len(source.tally.rejections)
    elif isinstance(source, Cartridge):
        assert all(each.bank.rows_in == len(each.bank.questions) + len(each.bank.rejections) for each in source.banks)
    elif isinstance(source, Bank):
        assert source.rows_in == len(source.questions) + len(source.rejections)
    else:
        assert all(rows_in == imported + rejected for rows_in, imported, rejected in row_counts(source).values())


@every_sample
def test_reading_twice_gives_the_same(sample):
    source = opened(sample)
    assert result(source) == result(source)


@every_sample
def test_a_sample_is_recognised_as_its_own_format_and_as_no_other(sample):
    assert detected(sample) is format_of(sample)


@every_sample
def test_a_password_is_repeated_nowhere(sample):
    assert "geheim" not in json.dumps(result(opened(sample)))


def test_every_expected_result_belongs_to_a_sample():
    assert {f"{name}{ENDING}" for name in samples()} == {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.glob(f"*/*{ENDING}")}


def test_renewing_writes_missing_results_and_leaves_right_ones_alone(tmp_path):
    folder = shutil.copytree(SAMPLES, tmp_path / "samples")
    (folder / f"gift/arrays.gift{ENDING}").unlink()
    assert renew(folder) == ["gift/arrays.gift"]
    assert renew(folder) == []
    assert (folder / f"gift/arrays.gift{ENDING}").read_bytes() == (SAMPLES / f"gift/arrays.gift{ENDING}").read_bytes()

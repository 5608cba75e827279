"""Materials whose files are in a bucket: against a real server of the protocol on this machine."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from lmskit.db import transaction
from lmskit.errors import MaterialStoreError, StoredFileError
from lmskit.materials.object_store import ObjectStore
from lmskit.materials.store import store_name_of
from lmskit.models import Material
from tests.object_server import BUCKET, serving

pytestmark = pytest.mark.long

ADDRESS = f"s3://{BUCKET}/lmskit"
LOOPS = "---\ntitle: Loops\nweek: 2\n---\n\nA loop repeats its lines.\n"
NAME = store_name_of(LOOPS.encode())
LEFT = store_name_of(b"left by a crash")
NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture
def variables(monkeypatch, server, configure, tmp_path):
    """Set variables over those with which the bucket is used."""

    def change(**further: str | None):
        usual = {"LMSKIT_MATERIAL_STORE": ADDRESS, "AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "us-east-1", **server.keeper}
        for name, value in (usual | further).items():
            if value is None:
                monkeypatch.delenv(name)
            else:
                configure(**{name: value}) if name.startswith("LMSKIT_") else monkeypatch.setenv(name, value)

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    change()
    yield change
    change()
    store = ObjectStore(ADDRESS)
    for name in list(store.names()):
        store.remove(name)


def number_in(added):
    (number,) = re.findall(r"\AMaterial (\d+) was added", added.stdout)
    return number


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "loops.md"
    path.write_text(LOOPS)
    return path


@pytest.mark.usefixtures("variables")
def test_commands_work_as_with_a_folder(lmskit, course, file, server):
    tmp_path = file.parent
    (tmp_path / "script").mkdir()
    for name in ("a.md", "b.md"):
        (tmp_path / "script" / name).write_text(f"# {name}\n\nText of {name}.\n")
    added = lmskit("material", "add", str(file), "--course", course.code)
    number = number_in(added)
    assert added.stdout == f"Material {number} was added: Loops, week 2, 1 passage.\n"
    assert "2 added" in lmskit("material", "add", str(tmp_path / "script"), "--course", course.code).stdout
    assert "2 unchanged" in lmskit("material", "add", str(tmp_path / "script"), "--course", course.code).stdout
    assert "3 materials read again: 0 changed, 3 unchanged." in lmskit("material", "refresh", "--course", course.code).stdout
    lmskit("material", "show", number, "--save", str(tmp_path / "copy.md"))
    assert (tmp_path / "copy.md").read_text() == LOOPS
    server.put(f"{BUCKET}/lmskit/{LEFT}", b"left by a crash")
    server.put(f"{BUCKET}/lmskit/notes.txt", b"of another program")
    assert lmskit("material", "sweep").stdout.startswith("1 file of 4 removed")
    store = ObjectStore(ADDRESS)
    store._write(NAME, b"replaced")
    assert "it is damaged, or was replaced" in lmskit("material", "show", number, "--save", str(tmp_path / "copy.md")).stderr
    assert "left as it is" in lmskit("material", "add", str(file), "--course", course.code).stdout
    assert store.read(NAME) == LOOPS.encode(), "adding it again mends it"
    lmskit("material", "remove", number)
    assert len(list(store.names())) == 2
    assert ObjectStore(f"s3://{BUCKET}").has(NAME) is False


@pytest.mark.parametrize(
    "case",
    [
        (NO_KEYS, "there are no keys for it. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; then try again."),
        ({"LMSKIT_MATERIAL_STORE": "s3://nowhere/x"}, "there is no bucket nowhere. Check LMSKIT_MATERIAL_STORE and AWS_ENDPOINT_URL, or"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
            'its server does not answer (Could not connect to the endpoint URL: "http://127.0.0.1:9',
        ),
    ],
    ids=["keys", "bucket", "network"],
)
def test_what_is_missing_is_said_in_one_sentence_and_nothing_changes(lmskit, course, file, variables, case):
    changed, sentence = case
    number = number_in(lmskit("material", "add", str(file), "--course", course.code))
    variables(**changed)
    file.write_text(LOOPS + "More.\n")
    for command in (("add", str(file), "--course", course.code), ("show", number, "--save", str(file)), ("sweep",)):
        answer = lmskit("material", *command)
        assert (answer.exit_code, sentence in answer.stderr) == (1, True), answer.stderr
        assert NAME not in answer.stderr, "the name opens the file"
    variables()
    with transaction() as session:
        kept = select(func.count()).where(Material.course_id == course.id, Material.stored_as == NAME)
        assert session.scalar(kept) == 1
    assert list(ObjectStore(ADDRESS).names()) == [NAME]


def test_keys_of_lecturers_read_write_and_delete_and_list_nothing(server, variables):
    with server.checking_keys():
        keeper = ObjectStore(ADDRESS)
        assert list(keeper.names()) == []
        variables(**server.lecturer)
        lecturer = ObjectStore(ADDRESS)
        assert not lecturer.has(NAME)
        assert lecturer.add(LOOPS.encode()) == lecturer.add(LOOPS.encode()) == NAME
        assert lecturer.read(NAME) == LOOPS.encode()
        with pytest.raises(StoredFileError):
            lecturer.read(LEFT)
        with pytest.raises(MaterialStoreError, match="cannot be listed with these keys, which is as it should be"):
            list(lecturer.names())
        assert list(keeper.names()) == [NAME]
        assert [lecturer.remove(NAME), lecturer.remove(NAME)] == [True, False]
        variables(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
        stranger = ObjectStore(ADDRESS)
        for use in (lambda: list(stranger.names()), lambda: stranger.read(NAME), lambda: stranger.add(b"x"), lambda: stranger.remove(NAME)):
            with pytest.raises(MaterialStoreError, match="its server refuses the keys"):
                use()


def test_several_at_once_add_one_file(variables):
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda _: ObjectStore(ADDRESS).add(b"a" * 300_000), range(4))) == {store_name_of(b"a" * 300_000)}
    assert len(list(ObjectStore(ADDRESS).names())) == 1

"""An object store on this machine, which checks keys when a test wants it.

python -m tests.object_server

prints its port and the keys of two accounts as JSON, and serves until its input ends.
"""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUCKET = "materials"
_LECTURER = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
"""What docs/materials.md gives the keys of lecturers."""
_WITHOUT_CHECKS = 1_000_000


@dataclass(frozen=True)
class ObjectServer:
    """Its address, and the keys of who may do anything in it (`keeper`) and of a lecturer."""

    url: str
    keeper: dict[str, str]
    lecturer: dict[str, str]

    def put(self, name: str, content: bytes = b"") -> None:
        """Write an object, or make a bucket, as another program would."""
        self._ask("PUT", name, content)

    @contextmanager
    def checking_keys(self) -> Iterator[None]:
        """Within the block, an account may do what it was given."""
        self._ask("POST", "moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._ask("POST", "moto-api/reset-auth", str(_WITHOUT_CHECKS).encode())

    def _ask(self, method: str, path: str, content: bytes) -> None:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.url}/{path}", method=method, data=content, headers=headers)  # noqa: S310 - on this machine
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
            answer.read()


@contextmanager
def serving() -> Iterator[ObjectServer]:
    """Run a server with one empty bucket."""
    command, pipe = [sys.executable, "-m", "tests.object_server"], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        said = json.loads(process.stdout.readline())
        server = ObjectServer(f"http://127.0.0.1:{said['port']}", said["keeper"], said["lecturer"])
        server.put(BUCKET)
        yield server
        process.stdin.close()


def _account(iam, name, actions):
    """The variables with the keys of an account that may do these things."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def main() -> None:
    """Serve until the input ends."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    port = server.get_host_and_port()[1]
    iam = boto3.client(
        "iam", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    accounts = {"keeper": _account(iam, "keeper", ["s3:*"]), "lecturer": _account(iam, "lecturer", _LECTURER)}
    sys.stdout.write(json.dumps({"port": port, **accounts}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()

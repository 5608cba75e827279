"""The store of materials' files in a bucket of an object store."""

from __future__ import annotations

import contextlib
import errno
import re
from typing import TYPE_CHECKING, Any

from lmskit.errors import MaterialStoreError
from lmskit.limits import LARGEST_MATERIAL
from lmskit.materials.store import STORE_NAME, STORE_VARIABLE, MaterialStore

if TYPE_CHECKING:
    from collections.abc import Iterator

_USED = {"s3", "memory"}
"""Protocols of stores that hold a new object whole or not at all."""
_PATIENCE = {"connect_timeout": 5, "read_timeout": 15, "retries": {"mode": "standard", "total_max_attempts": 2}}
"""Seconds, and tries: a transaction may wait for the store, which otherwise takes minutes to find out that there is no network."""
_WITHOUT_KEYS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"}
_WITHOUT_ANSWER = {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError", "ProxyConnectionError"}
_ABOUT_ONE_OBJECT = {"AccessDenied", "AllAccessDisabled", "InvalidObjectState", "403", ""}
"""Codes of S3 with which keys are refused for this request alone; others say that the keys are wrong."""


class ObjectStore(MaterialStore):
    """A bucket of an object store, or a part of it, through fsspec: `s3://bucket/part` needs the package s3fs, `lmskit[s3]`.

    Keys and the address of the server are read from where Amazon's tools read them.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        protocol, _, path = address.partition("://")
        if protocol not in _USED:
            raise MaterialStoreError(
                f"{STORE_VARIABLE} names a store of a kind that lmskit does not use, {protocol}://. Set it to a folder, or to s3://BUCKET."
            )
        self._bucket = path.partition("/")[0]
        if not self._bucket:
            raise MaterialStoreError(f"{STORE_VARIABLE} names no bucket: {address}. Set it to s3://BUCKET, or s3://BUCKET/PART.")
        import fsspec

        options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True, "config_kwargs": _PATIENCE}
        try:
            self._files, root = fsspec.core.url_to_fs(address, **(options if protocol == "s3" else {}))
        except ImportError:
            raise MaterialStoreError(
                f"The store of materials, {address}, needs a package that is not installed. To install it: pip install 'lmskit[s3]'"
            ) from None
        except Exception as error:
            raise self._unusable(error) from error
        if protocol == "s3":
            self._files.retries = 1  # those of the patience alone
        self._root = str(root).rstrip("/")

    def names(self) -> Iterator[str]:
        """Give out the names of all files in order."""
        with self._errors():
            try:
                listed = sorted(str(path).rpartition("/")[2] for path in self._files.ls(self._root, detail=False))
            except FileNotFoundError:
                self._require_bucket()
                listed = []
            except PermissionError as error:
                if _code_of(error) not in _ABOUT_ONE_OBJECT:
                    raise
                raise MaterialStoreError(
                    f"The files in the store of materials, {self.address}, cannot be listed with these keys, which is as it should be for "
                    "those of lecturers. The keys of the person who looks after the store can do this."
                ) from None
        yield from filter(STORE_NAME.match, listed)

    def _content(self, stored_as: str) -> bytes:
        with self._errors():
            try:
                return bytes(self._files.cat_file(self._path(stored_as), start=0, end=LARGEST_MATERIAL + 1))
            except OSError as error:
                if error.errno == errno.EINVAL and _code_of(error) == "InvalidRange":
                    return b""  # an empty object, which differs from what was stored
                raise

    def _is_there(self, stored_as: str) -> bool:
        with self._errors():
            try:
                self._files.info(self._path(stored_as))
            except FileNotFoundError:
                return False
            return True

    def _write(self, stored_as: str, content: bytes) -> None:
        try:
            with self._errors():
                self._files.pipe_file(self._path(stored_as), content)
        except (FileNotFoundError, PermissionError) as error:
            raise self._unusable(error) from error

    def _remove(self, stored_as: str) -> bool:
        with self._errors():
            try:
                is_there = self._is_there(stored_as)
            except PermissionError:  # so keys that may not list a bucket hear of an object that is not there
                self._files.rm_file(self._path(stored_as))
                return False
            if is_there:
                self._files.rm_file(self._path(stored_as))
            else:
                self._require_bucket()
            return is_there

    def _path(self, stored_as: str) -> str:
        return f"{self._root}/{stored_as}"

    def _require_bucket(self) -> None:
        """Refuse a bucket that does not exist, which a server answers in the same way as an object that does not exist."""
        head = getattr(self._files, "call_s3", None)
        if head is None:
            return
        try:
            head("head_bucket", Bucket=self._bucket)
        except PermissionError:
            return  # keys that may not list a bucket are refused, and there is one
        except FileNotFoundError as error:
            raise self._without_bucket() from error

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Each library has errors of its own; two mean the same in all of them."""
        try:
            yield
        except MaterialStoreError:
            raise
        except FileNotFoundError as error:
            if _code_of(error) == "NoSuchBucket":
                raise self._without_bucket() from error
            raise
        except PermissionError as error:
            if _code_of(error) not in _ABOUT_ONE_OBJECT:
                raise self._unusable(error) from error
            raise
        except Exception as error:
            raise self._unusable(error) from error

    def _without_bucket(self) -> MaterialStoreError:
        return MaterialStoreError(
            f"The store of materials, {self.address}, cannot be used: there is no bucket {self._bucket}. "
            f"Check {STORE_VARIABLE} and AWS_ENDPOINT_URL, or make the bucket; then try again."
        )

    def _unusable(self, error: Exception) -> MaterialStoreError:
        kinds = {type(cause).__name__ for cause in _causes(error)}
        if kinds & _WITHOUT_KEYS:
            reason, advice = "there are no keys for it", "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        elif kinds & _WITHOUT_ANSWER:
            reason, advice = f"its server does not answer ({_reason(error)})", "Check the network and AWS_ENDPOINT_URL"
        elif isinstance(error, PermissionError):
            reason, advice = f"its server refuses the keys ({_reason(error)})", "Check the keys, and what they may do"
        else:
            reason, advice = _reason(error), f"Check {STORE_VARIABLE}, the keys in the environment, and the network"
        return MaterialStoreError(f"The store of materials, {self.address}, cannot be used: {reason}. {advice}; then try again.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _code_of(error: BaseException) -> str:
    """The code by which S3 names an error; empty if there is none."""
    responses = (getattr(cause, "response", None) for cause in _causes(error))
    return next((str(response["Error"]["Code"]) for response in responses if response), "")


def _reason(error: Exception) -> str:
    """What a library says, without the names of files, which open them."""
    text = re.sub(r"([0-9a-f]{12})[0-9a-f]{52}", r"\1…", re.sub(r"\?[\w&=%+.-]+", "", " ".join(str(error).split())))
    return text.rstrip(".") or type(error).__name__

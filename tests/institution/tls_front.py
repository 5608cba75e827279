"""A TLS front for a PostgreSQL server that has none: stunnel, with certificates of an authority of the tests' own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STUNNEL = shutil.which("stunnel4", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or shutil.which("stunnel")
OPENSSL = shutil.which("openssl")
MISSING = "stunnel or openssl is not installed; .ci/run installs stunnel"
HOST = "db.uni.example"
"""The name in the certificate. Addresses name it with `hostaddr=127.0.0.1`, since no name server knows it."""
STARTED = 20.0


class Authority:
    """A certificate authority with its certificate in `certificate`."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self.certificate = folder / f"{name}.crt"
        self._key = folder / f"{name}.key"
        _openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
            "-keyout", self._key, "-out", self.certificate,
        )  # fmt: skip
        self.certificate.chmod(0o644)
        (folder / "index").write_text("")
        (folder / "ca.conf").write_text(
            f"[ca]\ndefault_ca = own\n[own]\ndatabase = {folder}/index\nnew_certs_dir = {folder}\nrand_serial = yes\n"
            f"default_md = sha256\npolicy = any\ncopy_extensions = copy\nunique_subject = no\n[any]\ncommonName = supplied\n"
        )

    def certify(self, host: str, *, until: str = "20491231235959Z", address: str | None = None) -> tuple[Path, Path]:
        """Return the certificate of a host and its key; `until` is the last second at which it is valid."""
        stem = self.folder / f"{host}-{until}"
        names = f"subjectAltName=DNS:{host}" + (f",IP:{address}" if address else "")
        request, certificate, key = (stem.with_name(f"{stem.name}.{suffix}") for suffix in ("csr", "crt", "key"))
        _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}", "-addext", names, "-keyout", key, "-out", request)
        _openssl(
            "ca", "-batch", "-notext", "-config", self.folder / "ca.conf", "-cert", self.certificate, "-keyfile", self._key,
            "-startdate", "20200101000000Z", "-enddate", until, "-in", request, "-out", certificate,
        )  # fmt: skip
        return certificate, key


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([str(OPENSSL), *map(str, arguments)], check=True, capture_output=True)


@contextmanager
def tls_front(certified: tuple[Path, Path], server_port: int) -> Iterator[int]:
    """Run stunnel, with a certificate and its key, before the server at a port of this machine; yields the port of the front."""
    certificate, key = certified
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = certificate.with_suffix(".conf")
    settings.write_text(
        f"foreground = yes\npid =\n[postgresql]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{server_port}\n"
        f"protocol = pgsql\ncert = {certificate}\nkey = {key}\n"
    )
    with subprocess.Popen([str(STUNNEL), str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + STARTED
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    process.terminate()
    raise AssertionError(f"stunnel does not listen: {process.stderr.read() if process.stderr else ''}")

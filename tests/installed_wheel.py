"""The wheel of this checkout, built and installed into an environment of its own."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from scripts.installer import install
from scripts.progress import ProgressPrinter

ROOT = Path(__file__).resolve().parents[1]
OF_THIS_CHECKOUT = ("lmskit", "_lmskit", "__editable__")


def build(source: Path, *arguments: str | Path) -> None:
    """Build what the arguments of hatchling say."""
    subprocess.run([sys.executable, "-m", "hatchling", "build", *map(str, arguments)], cwd=source, check=True, capture_output=True)


def wheel_of_this_checkout(folder: Path) -> Path:
    """Build the wheel into a folder and return its path."""
    build(ROOT, "-t", "wheel", "-d", folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install_wheel(python: Path, wheel: Path, *, log: Path) -> None:
    """Install the wheel alone: what it needs is in the environment already."""
    install(python, ["--no-deps", "--no-index", str(wheel)], log=log, progress=ProgressPrinter())


def purelib(environment: Path) -> Path:
    """The folder of the packages of an environment."""
    return Path(sysconfig.get_path("purelib", vars={"base": str(environment), "platbase": str(environment)}))


def environment_for_everybody(folder: Path, wheel: Path) -> Path:
    """Make an environment with the wheel and copies of all packages of the tests' own, which every user can read; return its Python.

    The interpreter is copied too: it may be in root's home.
    """
    base = Path(sys.base_prefix)
    copied = folder / "python"
    leave_out = shutil.ignore_patterns("__pycache__", "site-packages", "test", "idlelib", "tkinter", "*.a")
    library = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, copied / library.relative_to(base), symlinks=True, ignore=leave_out)
    for shared in base.glob("lib/libpython*.so*"):
        shutil.copy2(shared, copied / "lib" / shared.name, follow_symlinks=False)
    python = copied / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    python.parent.mkdir()
    shutil.copy2(Path(sys.executable).resolve(), python)
    subprocess.run(["/bin/chmod", "-R", "go+rX", str(copied)], check=True)
    made = folder / "venv"
    subprocess.run([python, "-I", "-m", "venv", "--without-pip", "--symlinks", made], check=True, capture_output=True)
    _copy(Path(sysconfig.get_path("purelib")), purelib(made))
    _copy(Path(sysconfig.get_path("data")) / "share", made / "share")
    for path in purelib(made).iterdir():
        if path.name.startswith(OF_THIS_CHECKOUT):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    install_wheel(made / "bin" / "python", wheel, log=folder / "install.log")
    return made / "bin" / "python"


def _copy(source: Path, target: Path) -> None:
    """Copy a folder for every user to read: as links to the same files where they and the file system allow it."""
    if not source.is_dir():
        return
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    closed = subprocess.run(["find", str(source), "!", "-perm", "-o+r", "!", "-type", "l"], check=True, capture_output=True).stdout
    if closed or subprocess.run(["/bin/cp", "-al", str(source), str(target)], check=False, capture_output=True).returncode != 0:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["/bin/cp", "-a", str(source), str(target)], check=True)
        subprocess.run(["/bin/chmod", "-R", "go+rX", str(target)], check=True)


def libraries(python: Path) -> dict[str, str]:
    """The variable with which a copied interpreter finds its own library: the path in it is that of the original."""
    folder = python.parent.parent.parent / "python" / "lib"
    return {"LD_LIBRARY_PATH": str(folder)} if any(folder.glob("libpython*.so*")) else {}


def environment_beside(folder: Path, wheel: Path) -> Path:
    """Make an environment with the wheel, which finds all other packages in that of the tests; return its Python."""
    made = folder / "venv"
    venv.create(made, with_pip=False, symlinks=True)
    # The tests' own .pth files have no effect from here.
    (purelib(made) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = made / "bin" / "python"
    install_wheel(python, wheel, log=folder / "install.log")
    return python


def inherited() -> dict[str, str]:
    """This process's environment without what is about lmskit, its servers, Jupyter and Python."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG", "JUPYTER", "PYTHON"))}

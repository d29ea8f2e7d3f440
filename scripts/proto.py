"""Make the stubs in gen/ from proto/; with --check only say whether they are the ones that proto/ gives.

Needs the development packages: run it as `make proto`.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
GEN = ROOT / "gen"


def make(target: Path) -> None:
    """Write all stubs, with the packages they lie in, into an empty folder."""
    target.mkdir(parents=True, exist_ok=True)
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    plugins = Path(sys.executable).parent
    subprocess.run(
        [
            sys.executable,
            *("-m", "grpc_tools.protoc"),
            f"--plugin=protoc-gen-mypy={plugins / 'protoc-gen-mypy'}",
            f"--plugin=protoc-gen-mypy_grpc={plugins / 'protoc-gen-mypy_grpc'}",
            f"--proto_path={PROTO}",
            f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}",
            f"--python_out={target}",
            f"--grpc_python_out={target}",
            f"--mypy_out=quiet:{target}",
            f"--mypy_grpc_out=quiet:{target}",
            *sources,
        ],
        check=True,
        cwd=PROTO,
    )
    for folder in sorted({path.parent for path in target.rglob("*_pb2.py")}):
        package = folder
        while package != target:
            (package / "__init__.py").touch()
            package = package.parent
    for top in target.iterdir():
        (top / "py.typed").touch()


def differences(fresh: Path) -> list[str]:
    """What lies in gen/ and is not what proto/ gives, or the other way round; a line each."""
    made, kept = _files(fresh), _files(GEN)
    problems = [f"gen/{path}: no proto gives it" for path in sorted(kept - made)]
    problems += [f"gen/{path}: missing" for path in sorted(made - kept)]
    for path in sorted(made & kept):
        if (fresh / path).read_bytes() != (GEN / path).read_bytes():
            problems.append(f"gen/{path}: not what proto/ gives")
    return problems


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare only; ends with 1 where stubs are stale"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch) / "gen"
        make(fresh)
        if asked.check:
            stale = differences(fresh)
            for line in stale:
                print(line, file=sys.stderr)
            if stale:
                print("stubs are stale: run `make proto`", file=sys.stderr)
            return 1 if stale else 0
        # File by file, and only what changed: others may be importing the rest.
        for path in sorted(_files(GEN) - _files(fresh)):
            (GEN / path).unlink()
        for path in sorted(_files(fresh)):
            new = fresh / path
            old = GEN / path
            if not old.exists() or old.read_bytes() != new.read_bytes():
                old.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(new, old)
    return 0


if __name__ == "__main__":
    sys.exit(main())

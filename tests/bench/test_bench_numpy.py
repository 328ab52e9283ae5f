"""Benches and tests load numpy as the service does: with one thread. Where two wait for each other on a machine that is
busy, small products of matrices take ten times as long."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MULTIPLY = "import numpy, psutil; many = numpy.ones((500, 500)); many @ many; print(psutil.Process().num_threads())"


@pytest.mark.parametrize("first", ["bench.floor.sounds", "conftest"])
def test_products_of_matrices_run_on_one_thread(first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("PYTHONPATH", ":".join(str(ROOT / folder) for folder in (".", "tests", "tests/doubles")))
    argv = [sys.executable, "-c", f"import {first}; {MULTIPLY}"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) == 1

"""JupyterLab as `make lab` starts it: on this machine alone, at the book's start page, with nothing fetched from outside."""

import os
from pathlib import Path

root = Path(__file__).resolve().parent.parent

c = get_config()  # noqa: F821
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # kernels inherit it; with two threads small matrices are slower
c.ServerApp.root_dir = str(root)
c.ServerApp.ip = "127.0.0.1"
c.ServerApp.allow_root = True  # it listens on loopback only, and fresh machines and containers often have no other user
c.KernelManager.transport_encryption = "auto"  # or each kernel warns that others on this machine could listen
c.LabApp.default_url = "/lab/tree/chapters/index.ipynb"
c.LabApp.app_settings_dir = str(root / "scripts" / "lab_settings")  # no news, no look for updates

"""These tests need PyTorch, which `make parity` installs. Where it is missing they do not exist: no skip.

What they show is then shown, in small, by the values that tests/rnncore/torch_values.json holds.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]

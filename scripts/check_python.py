"""Stop with plain words if this Python cannot run the project (kept to syntax that old Pythons read)."""

import sys

NEEDS = (3, 11), (3, 14)

if not NEEDS[0] <= sys.version_info[:2] < NEEDS[1]:
    sys.exit(
        "Unrolled needs Python 3.11, 3.12 or 3.13; %s is Python %d.%d.\n"
        "Install one and name it: make lab PYTHON=python3.12" % ((sys.executable, *sys.version_info[:2]))
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit(
        "Python %d.%d is here, but it cannot make virtual environments.\n"
        "On Debian and Ubuntu: sudo apt install python3-venv" % tuple(sys.version_info[:2])
    )

"""A class of attackers: nobody gets more than the honest part of the work earns, and nobody is harmed."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from html import unescape
from pathlib import Path

import pytest

from gradecore.pages import markdown2html
from gradecore.sandbox import bubblewrap
from scripts.attack import WORTH
from scripts.attacks import HONEST, Harmful, attacks, grade


@pytest.fixture
def short_folder():
    """A folder with a short name, since sockets are made in it; rmtree gives up on what some of the attackers hand in."""
    folder = Path(tempfile.mkdtemp(prefix="siege-"))
    folder.chmod(0o755)
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def needs_walls():
    """Without bubblewrap there is nothing to attack: that is a failure in CI, elsewhere a reason to skip."""
    if not bubblewrap() or not shutil.which("setpriv"):
        message = "needs bubblewrap and setpriv: apt install bubblewrap util-linux"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


def test_each_attack_is_a_way_of_its_own():
    named = Counter(attack.name for attack in attacks())
    meant = Counter(attack.mechanism for attack in attacks())
    assert len(named) >= 60
    assert set(named.values()) == set(meant.values()) == {1}
    assert not {attack.name for attack in HONEST} & set(named)
    assert all(0 <= attack.earns() <= sum(WORTH.values()) for attack in attacks())


def test_what_a_browser_would_run_is_found():
    for page in ("<script>harm()</script>", "<p onclick='harm()'>", "<a href=' javascript:harm()'>", "<iframe srcdoc='harm'>"):
        assert Harmful(page).found, page
    for page in ("<pre>harm()</pre>", "<p title='harm()'>", "&lt;script&gt;harm()", "<script>x</script><p>harm()"):
        assert not Harmful(page).found, page


@pytest.mark.parametrize("text", ["![x](attachment:none.png)", "\\begin{a}" * 22_000, "&" * 200_000], ids=len)
def test_markdown_that_cannot_be_rendered_in_time_is_shown_as_it_was_written(text):
    began = time.monotonic()
    shown = markdown2html({"cell": {"attachments": {}}, "resources": {}}, text)
    assert unescape(shown) == f"<pre>{text}</pre>"
    assert time.monotonic() - began < 5


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("step", [pytest.param(1, marks=pytest.mark.long, id="all"), pytest.param(2, id="every other")])
def test_no_attack_gains_a_point_or_does_harm(short_folder, step):
    needs_walls()
    verdicts, problems = grade(short_folder, attacks()[::step])
    problems += [f"{verdict.attack.name}: {problem}" for verdict in verdicts for problem in verdict.problems]
    assert not problems, "\n".join(problems)
    assert {verdict.score for verdict in verdicts if verdict.attack.name.startswith("right")} == {sum(WORTH.values())}

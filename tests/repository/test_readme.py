"""What the README shows is what happens."""

import contextlib
import io
import re


def test_the_example_prints_what_stands_beside_it(root):
    text = (root / "README.md").read_text()
    code = re.search(r"```python\n(.*?)```", text, flags=re.DOTALL)[1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    loss, agreed = printed.getvalue().splitlines()
    shown = re.findall(r"^print.*# (.*)$", code, flags=re.MULTILINE)
    assert re.sub(r"^\S+", "", loss) == re.sub(r"^\S+", "", shown[0])
    assert abs(float(loss.split()[0]) - float(shown[0].split()[0])) < 0.02
    assert agreed == shown[1].split(":")[0] == "True"


def test_every_link_leads_somewhere(root):
    for page in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "solutions/README.md",
        "rnncore/README.md",
        "benchmarks/README.md",
    ):
        text = (root / page).read_text()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"[a-z]+:", target):
                assert (root / page).parent.joinpath(target).exists(), f"{page}: {target}"


def test_the_readme_quotes_the_benchmark(root):
    readme, results = ((root / name).read_text() for name in ("README.md", "benchmarks/results/results.md"))
    quoted = dict(re.findall(r"^\| (RNN|GRU|LSTM) \| (.+) \|$", readme, flags=re.MULTILINE))
    rows = [
        line.strip("| ").split(" | ") for line in results.splitlines() if re.match(r"\| (RNN|GRU after|LSTM) \| \d+, ", line)
    ]
    column = (
        next(line for line in results.splitlines() if line.startswith("| cell | B, T"))
        .strip("| ")
        .split(" | ")
        .index("torch nn")
    )
    for cell, numbers in quoted.items():
        assert numbers.split(" | ") == [row[column] for row in rows if row[0].removesuffix(" after") == cell]
    assert len(quoted) == 3

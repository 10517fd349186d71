"""Make rnncore/texts/python_docs.txt: the prose of the language reference that ships with CPython 3.11, one paragraph a line.

    python3.11 -m scripts.extract_python_docs > rnncore/texts/python_docs.txt

The text differs between versions of Python, so the book keeps this copy: the numbers that it prints stay the same.
"""

import re
import sys
from pydoc_data.topics import topics

PLAIN = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "—": "-", "–": "-"})


def is_prose(paragraph):
    """Whether a paragraph is English: no grammar rule, no console session, mostly words."""
    words = re.findall(r"[A-Za-z]+[,.;:]?(?=\s|$)", paragraph)
    code = "::=" in paragraph or ">>>" in paragraph or not re.match(r'\s*[*"A-Z]', paragraph)
    return not code and len(words) >= 8 and len(words) > 0.6 * len(paragraph.split())


if __name__ == "__main__":
    seen = set()
    for topic in topics.values():
        for paragraph in topic.translate(PLAIN).split("\n\n"):
            line = re.sub(r"\s+", " ", paragraph).strip()
            if is_prose(paragraph) and line.isascii() and line not in seen:
                seen.add(line)
                print(line, file=sys.stdout)

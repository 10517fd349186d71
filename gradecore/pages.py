"""Feedback and formgrader: what a student wrote must not run in a reader's browser, nor keep whoever makes the page waiting.

nbgrader's pages do not ask nbconvert to clean Markdown (its sanitize_html reaches outputs only), so it is cleaned here. What
renders and cleans takes time that grows with the square of a text's length, so what is too long is shown as it was written.
"""

import contextlib
import functools
import re
import secrets
from html import escape

import bleach
from jinja2 import pass_context
from nbconvert import filters
from nbconvert.exporters import HTMLExporter

from gradecore.notebook import BASE64

TAGS = {
    *bleach.ALLOWED_TAGS,
    *("p", "br", "hr", "div", "span", "pre", "img", "del", "s", "sub", "sup", "kbd", "u", "small", "dl", "dt", "dd"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "caption", "details", "summary"),
}
LONGEST, ON_A_PAGE = 10_000, 200_000  # characters that are rendered: the worst 10,000 take 0.4 s, 100,000 half a minute
UNCLEANED = 20 * LONGEST  # characters of HTML that are cleaned: Markdown can name a long link thousands of times
LARGEST, PAGE = 25 * 2**20, 50 * 2**20  # characters that a text becomes with its pictures, and all texts of a page
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")


class TooMuch(Exception):
    """A text that became too large."""


class Rendered(str):
    """HTML that is clean."""


def as_written(text):
    """A text that is not rendered."""
    return f"<pre>{escape(text)}</pre>"


def rendered(context, source, render, otherwise=as_written):
    """What becomes of a text, or the text as it was written if that would take too long or become too large."""
    left = context["resources"].setdefault("gradecore_left", {"characters": ON_A_PAGE, "html": PAGE})  # of this page
    if len(source) <= min(LONGEST, left["characters"]):
        left["characters"] -= len(source)
        with contextlib.suppress(Exception):  # a picture that is missing, brackets nested too deeply, and what else there is
            html = render(source, min(LARGEST, left["html"]))
            left["html"] -= len(html)
            return Rendered(html)
    return Rendered(otherwise(source))


# ---- in place of nbconvert's filters of these names: the same, within bounds ----


@pass_context
def markdown2html(context, source):
    """Markdown, cleaned."""
    attachments = context.get("cell", {}).get("attachments", {})
    return rendered(context, source, lambda text, most: from_markdown(text, attachments, most))


@pass_context
def clean_html(context, html):
    """HTML of an output; what was rendered here is clean."""
    if isinstance(html, Rendered):
        return html
    html = html.decode() if isinstance(html, bytes) else str(html)
    return rendered(context, html, lambda text, _: filters.clean_html(text))


@pass_context
def highlight_code(context, source, language=None, metadata=None):
    """Code in colours."""
    about = context["nb"].metadata.get("language_info", {})
    lexer = about.get("pygments_lexer", about.get("name"))
    colours = filters.Highlight2HTML(pygments_lexer=lexer)
    return rendered(context, source, lambda text, _: colours(text, language=language, metadata=metadata))


@pass_context
def ansi2html(context, text):
    """What a program printed, in colours: each begins an element of the page, so that a million fill the memory."""
    if "\x1b" not in text:
        return filters.ansi2html(text)
    return rendered(context, text, lambda text, _: filters.ansi2html(text), lambda text: escape(filters.strip_ansi(text)))


def unchanged(html):
    """In place of strip_files_prefix, which serves notebooks of 2013 and takes minutes for a page of brackets."""
    return html


# ---- Markdown ----


@functools.cache
def renderer():
    """nbconvert's own, as it is without any configuration."""
    return HTMLExporter()


def from_markdown(source, attachments, most):
    """Markdown as clean HTML with its pictures in it.

    Pictures are put in last, in place of words that nobody knows: a text of a line can show one a thousand times.
    Raises  TooMuch beyond `most` characters
    """
    word, pictures = secrets.token_hex(16), []

    def stand_in(data):
        pictures.append(data if BASE64.fullmatch(data) else "")
        return f"{word}n{len(pictures) - 1}n"

    names = {name: {kind: stand_in(data) for kind, data in bundle.items()} for name, bundle in attachments.items()}
    html = renderer().markdown2html({"cell": {"attachments": names}}, source)
    if len(html) > UNCLEANED:
        raise TooMuch
    html = bleach.clean(html, tags=TAGS, attributes=is_harmless, protocols={"http", "https", "mailto", "data"})
    shown = re.compile(f"{word}n([0-9]+)n")
    if len(html) + sum(len(pictures[int(found[1])]) for found in shown.finditer(html)) > most:
        raise TooMuch
    return shown.sub(lambda found: pictures[int(found[1])], html)


def is_harmless(tag, name, value):
    """Whether an attribute may stay: of pictures only those that the page itself holds, so that nobody hears of its readers."""
    if name in ("class", "id", "title", "alt", "align"):
        return True
    if tag == "img":
        return name in ("width", "height") or (name == "src" and bool(PICTURE.fullmatch(value)))
    return tag == "a" and name == "href" and not value.strip().lower().startswith("data")

"""Safe grading for nbgrader: a student's code runs apart from the tests that judge it.

In nbgrader_config.py, after `c = get_config()`:

    from gradecore import configure
    configure(c)
"""

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    GetGrades,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    SaveAutoGrades,
)

from gradecore.autograde import SafeAutograde
from gradecore.execute import TwoKernelExecute
from gradecore.notebook import RebuildNotebook
from gradecore.pages import ansi2html, clean_html, highlight_code, markdown2html, unchanged
from gradecore.submission import SubmissionExporter

__all__ = ["configure"]


def configure(c):
    """Make nbgrader grade with gradecore, from the command line and from formgrader alike."""
    from nbgrader.apps import api, autogradeapp

    api.Autograde = autogradeapp.Autograde = SafeAutograde
    c.Autograde.exporter_class = SubmissionExporter
    c.Autograde.sanitize_preprocessors = [ClearOutput, RebuildNotebook, OverwriteCells, CheckCellMetadata]
    c.Autograde.autograde_preprocessors = [
        TwoKernelExecute,
        IgnorePattern,
        ClearMetadataPreprocessor,
        LimitOutput,
        SaveAutoGrades,
        AssignLatePenalties,
        CheckCellMetadata,
    ]
    c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, ClearMarkScheme, CSSHTMLHeaderPreprocessor]
    c.HTMLExporter.sanitize_html = True  # what a student wrote must not run in the browser of whoever reads it
    c.HTMLExporter.filters = {
        "markdown2html": markdown2html,
        "ansi2html": ansi2html,
        "clean_html": clean_html,
        "highlight_code": highlight_code,
        "strip_files_prefix": unchanged,
    }

"""Figures: what is drawn is what was given, in the book's style."""

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from rnncore import plots


@pytest.fixture(autouse=True)
def clean_figures():
    with mpl.rc_context():
        plots.use_style()
        yield
    plt.close("all")


def test_lines_label_their_ends_without_overlap():
    x = np.arange(20)
    ax = plots.lines(x, {"a": x, "b": x + 0.01, "c": np.where(x < 15, x, np.nan)}, "Title", "step", "value")
    assert [t.get_text() for t in ax.texts] == ["c", "a", "b"]
    ax.figure.canvas.draw()
    heights = [t.get_window_extent().y0 for t in ax.texts[1:]]
    assert heights[1] - heights[0] > 10
    assert len({line.get_color() for line in ax.lines}) == 3
    assert len({line.get_marker() for line in ax.lines}) == 3
    assert (ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()) == ("Title", "step", "value")


def test_heatmap_is_cividis_for_magnitudes_and_centred_for_signed_values():
    assert plots.heatmap(np.arange(6.0).reshape(2, 3)).images[0].get_cmap().name == "cividis"
    image = plots.heatmap(np.array([[-1.0, 3.0]]), rows=["unit"], columns=["a", "b"]).images[0]
    assert image.get_cmap().name == "RdBu"
    assert (image.norm.vmin, image.norm.vmax, float(image.norm(0))) == (-3, 3, 0.5)


def test_bars_carry_their_numbers():
    ax = plots.bars({"trigram": 2.5, "RNN": 2.0}, "T", "bits", reference=("uniform", 6))
    assert {t.get_text().strip() for t in ax.texts} == {"2.50", "2.00", "uniform"}
    assert [b.get_width() for b in ax.patches] == [2.5, 2.0]


def test_text_heat_writes_every_character():
    ax = plots.text_heat("ab c", np.array([0.0, 1.0, 2.0, 3.0]), columns=3)
    assert [t.get_text() for t in ax.texts] == ["a", "b", "·", "c"]
    assert ax.images[0].get_array().shape == (2, 3)


def test_unfolded_draws_each_box_once_and_names_each_weight_once():
    ax = plots.unfolded(["x", "", "x"], ["", "y", "y"])
    written = [t.get_text() for t in ax.texts]
    assert written.count("x") == written.count("y") == 2
    assert [written.count(f"$W_{{{w}}}$") for w in ("xh", "hh", "hy")] == [1, 1, 1]
    with pytest.raises(ValueError, match="one for each of the 2 inputs, got 1"):
        plots.unfolded(["x", "x"], ["y"])


def test_nothing_is_drawn_outside_the_figure():
    ax = plots.diagram(
        {"x": (0, 0, "$x_t$"), "h": (0, 1, "$h_t$", plots.SKY)}, [("x", "h", "$W_{xh}$"), ("h", "h", "$W_{hh}$")], "Loop"
    )
    ax.figure.canvas.draw()
    page = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert page.x0 <= box.x0
        assert box.x1 <= page.x1

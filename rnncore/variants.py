"""The LSTM with parts added or taken away: peepholes, gates left out, gates coupled. What each part is for shows without it."""

import numpy as np

from .cells import Cell
from .checks import check_array, check_choice, check_size
from .functions import sigmoid
from .gated import affine_backward
from .initialisers import glorot, stacked

GATES = {"input": "i", "forget": "f", "output": "o"}


class LSTMVariantCell(Cell):
    """c = f c_prev + i c~, h = o tanh(c), as LSTMCell, but for what the options change.

    peephole    i and f also see p c_prev, and o sees p c, elementwise
    without     "input", "forget" or "output": that gate stands open, at 1
    coupled     f = 1 - i: what is written takes the place of what is forgotten
    Parameters  W_x (G, D, H), W_h (G, H, H), b (G, H), for the gates that exist, in the order i, f, o, and c~ last;
                with peepholes p (G - 1, H). `gates` names them: "ifo", "io", ...
    Source      Greff et al. 2017, sections II and III; peepholes: Gers, Schraudolph and Schmidhuber 2002
    """

    def __init__(
        self, D, H, rng, peephole=False, without=None, coupled=False, forget_bias=1.0, recurrent=glorot, dtype=np.float64
    ):
        D, H = check_size("D", D), check_size("H", H)
        if without is not None:
            check_choice("without", without, tuple(GATES))
        if coupled and without in ("input", "forget"):
            raise ValueError(f"without: expected None or 'output' where i and f are coupled, got {without!r}")
        self.gates = "".join(g for name, g in GATES.items() if name != without and not (coupled and g == "f"))
        self.coupled = coupled
        rows = len(self.gates) + 1
        extra = {"p": np.zeros((rows - 1, H), dtype)} if peephole else {}
        super().__init__(
            D,
            {"h": H, "c": H},
            W_x=stacked(glorot, rng, rows, D, H, dtype),
            W_h=stacked(recurrent, rng, rows, H, H, dtype),
            b=np.zeros((rows, H), dtype),
            **extra,
        )
        if "f" in self.gates:
            self.params["b"][self.gates.index("f")] = forget_bias

    def peephole_weights(self):
        """p by gate, empty without peepholes."""
        return dict(zip(self.gates, self.params.get("p", ()), strict=False))

    def step(self, x, h_prev, c_prev):
        """c = f c_prev + i c~, h = o tanh(c): x (B, D), h_prev and c_prev (B, H) -> h (B, H), c (B, H), cache."""
        self.check_step(x, h_prev, c_prev)
        W_x, W_h, b = (self.params[k] for k in ("W_x", "W_h", "b"))
        *a_gates, a_c = x @ W_x + h_prev @ W_h + b[:, None]
        a, p = dict(zip(self.gates, a_gates, strict=True)), self.peephole_weights()

        def gate(name, c):
            return sigmoid(a[name] + p.get(name, 0) * c) if name in a else np.ones_like(c)

        candidate = np.tanh(a_c)
        i = gate("i", c_prev)
        f = 1 - i if self.coupled else gate("f", c_prev)
        c = f * c_prev + i * candidate
        o = gate("o", c)
        tanh_c = np.tanh(c)
        return o * tanh_c, c, (x, h_prev, c_prev, i, f, o, candidate, c, tanh_c)

    def step_backward(self, dh, dc, cache):
        """Back through h, then o, then c, then i and f: dh, dc (B, H) -> dx (B, D), dh_prev (B, H), dc_prev (B, H)."""
        x, h_prev, c_prev, i, f, o, candidate, c, tanh_c = cache
        check_array("dh", dh, tanh_c.shape, self.dtype)
        check_array("dc", dc, tanh_c.shape, self.dtype)
        p, da = self.peephole_weights(), {}
        da["o"] = dh * tanh_c * o * (1 - o)  # 0 for a gate that stands open
        dc = dc + dh * o * (1 - tanh_c * tanh_c) + da["o"] * p.get("o", 0)  # c is whole before i and f are reached
        di, df = dc * candidate, dc * c_prev
        if self.coupled:
            di = di - df
        da["i"], da["f"] = di * i * (1 - i), df * f * (1 - f)
        dc_prev = dc * f
        for k, (name, p_gate) in enumerate(p.items()):
            self.grads["p"][k] += (da[name] * (c if name == "o" else c_prev)).sum(axis=0)
            if name != "o":
                dc_prev = dc_prev + da[name] * p_gate
        rows = [da[name] for name in self.gates] + [dc * i * (1 - candidate * candidate)]
        dx, dh_prev = affine_backward(self, np.stack(rows), x, h_prev)
        return dx, dh_prev, dc_prev

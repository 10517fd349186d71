"""Weights, gradients and states to and from PyTorch's names and layouts, as NumPy arrays; PyTorch itself is not needed.

    load_torch(layer, {name: p.numpy() for name, p in module.state_dict().items()})
    module.load_state_dict({name: torch.from_numpy(a) for name, a in to_torch(layer).items()})

torch keeps a weight as (outputs, inputs), the gates below each other in an order of its own. It adds two biases where one would
do; in training both take a step, so their sum moves twice as far as b here. The names of layer k end in `_l{k}`, those of a
backward direction in `_reverse`. Its floats are float32 unless asked.
`xs.swapaxes(0, 1)` turns (B, T, D), as batch_first=True and Keras have it, into (T, B, D) and back, and masks likewise.
The mask of a packed sequence is `np.arange(T)[:, None] < lengths`.
"""

from collections.abc import Mapping

import numpy as np

from .bidirectional import Bidirectional
from .cells import RNNCell
from .checks import check_array
from .dropout import Dropout
from .gated import GRUCell, LSTMCell
from .gradients import leaves
from .layer_norm import LayerNorm
from .layers import Dense, Embedding, Stack
from .unrolled import Unrolled

# Where torch's gates stand among ours: i, f, g, o among i, f, o, c~; r, z, n among z, r, h~.
ORDER = {RNNCell: [0], LSTMCell: [0, 1, 3, 2], GRUCell: [1, 0, 2]}


def load_torch(layer, arrays):
    """Copy the arrays of a state_dict of torch into the layer's parameters: all of them or, on any error, none.

    b = b_ih + b_hh, where GRU's b_hn is b_hh's part for n. No array of a bias at all (bias=False) stands for zeros.

    layer   RNN (tanh, relu), LSTM, GRU(reset="after"), or Unrolled of their cells; Bidirectional(merge="concat") of two alike;
            a Stack of such layers, torch's num_layers (Dropout is passed over); Dense (nn.Linear), Embedding, LayerNorm
    arrays  from torch's names, such as weight_ih_l0, to arrays of the layer's dtype
    Raises  ValueError for a layer that torch lacks, missing and unknown names, wrong shapes and dtypes, NaN and inf
    """
    wanted = to_torch(layer)
    if not isinstance(arrays, Mapping):
        raise TypeError(f"arrays: expected a dict of arrays by name, got {type(arrays).__name__}")
    biases = {name: np.zeros_like(a) for name, a in wanted.items() if name.startswith("bias")}
    if not biases.keys() & arrays.keys():
        arrays = {**arrays, **biases}
    missing = [name for name in wanted if name not in arrays]
    unknown = [name for name in arrays if name not in wanted]
    if missing or unknown:
        raise ValueError(f"arrays: expected torch's names for this layer; missing {missing}, unknown {unknown}")
    # Copies, for the arrays may share memory with the parameters that are about to change.
    arrays = {name: check_array(name, arrays[name], a.shape, a.dtype).copy() for name, a in wanted.items()}
    for p in layer.params.values():
        p[...] = 0
    for end, part in parts(layer).items():
        for name, blocks in layout(part, part.params).items():
            for block, a in zip(blocks, np.split(arrays[name + end], len(blocks)), strict=True):
                block += a


def to_torch(layer, grads=False):
    """The layer's parameters, or with `grads` their gradients, as new arrays under torch's names.

    b stands in b_ih, and b_hh is 0 but for b_hn; each of the two has the gradient of their sum.

    layer   as for `load_torch`
    Returns {"weight_ih_l0": (G H, D), "weight_hh_l0": (G H, H), "bias_ih_l0": (G H,), "bias_hh_l0": (G H,), ...}, G gates;
            {"weight": (K, D), "bias": (K,)} for Dense
    """
    arrays = {}
    for end, part in parts(layer).items():
        blocks = layout(part, part.grads) if grads else layout(part, part.params, shared=False)
        arrays |= {name + end: np.ascontiguousarray(np.concatenate(b)) for name, b in blocks.items()}
    return arrays


def state_to_torch(layer, state):
    """A recurrent layer's state, or the gradient of one, as torch has it: (h,) or (h, c), each (layers * directions, B, H)."""
    flat, count, sizes = list(leaves(state)), len(parts(layer)), state_sizes(layer)
    if len(flat) != count * len(sizes):
        raise ValueError(f"state: expected {count} times ({', '.join(sizes)}), got {len(flat)} arrays")
    return tuple(np.stack(flat[k :: len(sizes)]) for k in range(len(sizes)))


def state_from_torch(layer, arrays):
    """The way back: a tuple (h,) or (h, c), each (layers * directions, B, H), as a state of the layer."""
    count, sizes = len(parts(layer)), state_sizes(layer)
    if not isinstance(arrays, (tuple, list)) or len(arrays) != len(sizes):
        got = f"{len(arrays)} entries" if isinstance(arrays, (tuple, list)) else type(arrays).__name__
        raise ValueError(f"arrays: expected a tuple ({', '.join(sizes)}), got {got}")
    B = "B"
    for (name, H), a in zip(sizes.items(), arrays, strict=True):
        B = check_array(name, a, (count, B, H), layer.dtype).shape[1]
    one_a_part = zip(*arrays, strict=True)

    def nested(layer):
        if isinstance(layer, Unrolled):
            return tuple(a.copy() for a in next(one_a_part))
        if isinstance(layer, Dropout):
            return ()
        return tuple(nested(inner) for inner in (layer.readers.values() if isinstance(layer, Bidirectional) else layer.layers))

    return nested(layer)


# How the two sides correspond.


def layout(part, values, shared=True):
    """For each of torch's arrays, the blocks of `values` that make it when put below each other, one a gate.

    Blocks are views, to read and to write. A bias that torch has twice is shown twice, or else as 0 the second time.
    """
    if isinstance(part, Dense):
        return {"weight": [values["W"].T], "bias": [values["b"]]}
    if isinstance(part, Embedding):
        return {"weight": [values["W"]]}
    if isinstance(part, LayerNorm):
        return {"weight": [values["gain"]], "bias": [values["b"]]}
    order = ORDER[type(part.cell)]
    W_x, W_h, b, *b_hn = values.values()
    if len(order) == 1:
        W_x, W_h, b = W_x[None], W_h[None], b[None]
    again = list(b if shared else np.zeros_like(b))
    if b_hn:
        again[-1] = b_hn[0]
    return {
        "weight_ih": [W_x[k].T for k in order],
        "weight_hh": [W_h[k].T for k in order],
        "bias_ih": [b[k] for k in order],
        "bias_hh": [again[k] for k in order],
    }


def parts(layer):
    """The layers inside that hold weights, by the ends of torch's names: {"_l0": ..., "_l0_reverse": ..., "_l1": ...}."""
    if isinstance(layer, (Dense, Embedding, LayerNorm)):
        return {"": layer}
    found, kinds = {}, set()
    levels = layer.layers if isinstance(layer, Stack) else [layer]
    for k, level in enumerate(x for x in levels if not isinstance(x, Dropout)):
        readers, directions = {"forward": level}, ""
        if isinstance(level, Bidirectional):
            readers, directions = level.readers, "bidirectional "
            if level.merge != "concat":
                raise ValueError(f"layer: expected Bidirectional with merge='concat', got {level.merge!r}")
        for direction, part in readers.items():
            kinds.add(directions + kind(part))
            found[f"_l{k}" + ("_reverse" if direction == "backward" else "")] = part
    if len(kinds) != 1:
        raise ValueError(f"layer: expected recurrent layers of one kind and width, got {', '.join(sorted(kinds)) or 'none'}")
    return found


def kind(part):
    """What must be the same in all layers of a stack, in words; ValueError for what torch.nn has not."""
    cell = getattr(part, "cell", part)
    if not isinstance(part, Unrolled) or type(cell) not in ORDER:
        raise ValueError(f"layer: expected RNN, LSTM or GRU, alone, in Bidirectional or in a Stack, got {type(cell).__name__}")
    if type(cell) is RNNCell and cell.activation not in ("tanh", "relu"):
        raise ValueError(f"layer: expected activation 'tanh' or 'relu', as torch.nn.RNN has, got {cell.activation!r}")
    if type(cell) is GRUCell and cell.reset != "after":
        raise ValueError(
            f"layer: expected GRU with reset='after', got {cell.reset!r}: torch.nn.GRU resets what comes out of the product "
            "with the candidate's weights, not what goes in; the same weights would make another function"
        )
    if part.params.keys() != cell.params.keys():
        raise ValueError("layer: expected learn_state=False, got a learned first state: torch.nn has none; give it as a state")
    name = f"RNN {cell.activation}" if type(cell) is RNNCell else type(cell).__name__.removesuffix("Cell")
    return f"{name} ({cell.state_sizes['h']} units)"


def state_sizes(layer):
    """The widths of a recurrent layer's state by name, the same for all that is in it."""
    part = next(iter(parts(layer).values()))
    if not isinstance(part, Unrolled):
        raise ValueError(f"layer: expected a recurrent one, got {type(part).__name__}")
    return part.cell.state_sizes

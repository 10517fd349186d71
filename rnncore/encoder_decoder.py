"""Encoder and decoder: one network reads, the other writes, and a state is all that passes between them.

    source -> encoder -> state -> decoder -> logits
                                     ^
                       what has been written so far: in training the right answers (teacher forcing), in use its own

`EncoderDecoder` joins the two, `sequence_to_sequence_loss` trains them, `EncoderDecoder.decode` writes. States are handed over
by rank: the lowest recurrent layer of the decoder goes on from where the encoder's lowest one stopped, and so on upwards.
Source: Sutskever, Vinyals and Le 2014; Cho et al. 2014.
"""

import numpy as np

from .bidirectional import Bidirectional
from .checks import check_array, check_cache, check_size
from .layers import Stack
from .losses import softmax_cross_entropy
from .module import Module
from .train import draw
from .unrolled import Unrolled


class EncoderDecoder(Module):
    """logits = decoder(target_in, state handed over by encoder(source)).

    Shapes      source (S, B) or (S, B, D) and target_in (U, B) or (U, B, D) -> logits (U, B, K); S and U need not be equal
    Parameters  those of both, the same arrays: "encoder.0.W", "decoder.1.W_xh"
    Raises      ValueError unless both have recurrent layers, equally many, whose states have the same parts and widths.
                A Bidirectional in the encoder hands its readers' states over side by side: the decoder's H is twice its H
    """

    def __init__(self, encoder, decoder):
        super().__init__()
        check_fit(encoder, decoder)
        self.encoder, self.decoder = encoder, decoder
        for side, layer in (("encoder", encoder), ("decoder", decoder)):
            self.params |= {f"{side}.{name}": p for name, p in layer.params.items()}
            self.grads |= {f"{side}.{name}": g for name, g in layer.grads.items()}

    def reference(self):
        return EncoderDecoder(self.encoder.reference(), self.decoder.reference())

    def forward(self, source, target_in, source_mask=None, target_mask=None, rng=None, keep=True):
        """Read the source, hand over, go along target_in: logits (U, B, K), the decoder's last state, cache.

        source_mask (S, B) and target_mask (U, B) are True where a step is real; rng and keep as for every layer.
        """
        read, state, source_cache = self.encoder.forward(source, mask=source_mask, rng=rng, keep=keep)
        if np.shape(target_in)[1:2] != source.shape[1:2]:
            raise ValueError(f"target_in: expected {source.shape[1]} examples, as in source, got shape {np.shape(target_in)}")
        logits, state, target_cache = self.decoder.forward(target_in, self.hand_over(state), target_mask, rng, keep)
        return logits, state, (source_cache, target_cache, read) if keep else None

    def backward(self, dlogits, cache, dstate=None):
        """Back along the decoder, through the state, along the encoder: dlogits (U, B, K) -> dsource, dtarget_in."""
        source_cache, target_cache, read = check_cache(cache)
        dtarget_in, dstart = self.decoder.backward(dlogits, target_cache, dstate)
        dsource, _ = self.encoder.backward(np.zeros_like(read), source_cache, self.hand_back(dstart))
        return dsource, dtarget_in

    def hand_over(self, state):
        """The encoder's last state -> the decoder's first."""
        return spread(self.decoder, iter(gather(self.encoder, state)))

    def hand_back(self, dstate):
        """The gradient of the decoder's first state -> that of the encoder's last."""
        return spread(self.encoder, iter(gather(self.decoder, dstate)))

    def decode(self, source, start, stop, max_length, source_mask=None, temperature=0, rng=None):
        """Read the source, then write: from `start` on, draw an item, feed it back in, until `stop`, for each example.

        source       as in `forward`, and so its mask
        start, stop  ids of the symbols before and after a target; they may be one
        temperature  0 takes the likeliest item; above 0 items are drawn, as in `sample`, by the Generator `rng`
        Returns      a list of B arrays of ids, each without `stop` and of at most `max_length` items
        """
        check_array("stop", np.asarray(stop), ())
        _, state, _ = self.encoder.forward(source, mask=source_mask, keep=False)
        state = self.hand_over(state)
        written = [np.full(source.shape[1], start)]
        stopped = np.zeros(source.shape[1], bool)
        for _ in range(check_size("max_length", max_length)):
            logits, state, _ = self.decoder.forward(written[-1][None], state, keep=False)
            written.append(draw(logits[0], rng, temperature))
            stopped |= written[-1] == stop
            if stopped.all():
                break
        return [row[: np.append(row, stop).tolist().index(stop)] for row in np.array(written[1:]).T]


def sequence_to_sequence_loss(model, source, targets, start, source_mask=None, target_mask=None, rng=None):
    """Teacher forcing: the decoder reads start, y_1, ..., y_{U-1} and is asked for y_1, ..., y_U.

    Adds to `model.grads` and returns the loss, as `sequence_loss` does.
    model        an EncoderDecoder whose decoder takes ids
    targets      ids (U, B), each with the stop symbol at its end: what does not stand there is never learned
    target_mask  (U, B) bool, True where a target counts, the stop symbol included
    Source       Williams and Zipser 1989
    """
    check_array("targets", targets, ("U", "B"))
    target_in = np.concatenate([np.full((1, targets.shape[1]), start), targets[:-1]])
    logits, _, cache = model.forward(source, target_in, source_mask, target_mask, rng)
    loss, dlogits = softmax_cross_entropy(logits, targets, target_mask)
    model.backward(dlogits, cache)
    return loss


# A state, whatever layers it belongs to, as a list with one entry for each recurrent layer, and back.


def recurrent_layers(layer):
    """The layers with a state, from below."""
    if isinstance(layer, Stack):
        return [inner for part in layer.layers for inner in recurrent_layers(part)]
    return [layer] if isinstance(layer, (Unrolled, Bidirectional)) else []


def gather(layer, state):
    """The state of each recurrent layer, from below; the two of a Bidirectional become one, side by side."""
    if isinstance(layer, Stack):
        return [s for part, its in zip(layer.layers, state, strict=True) for s in gather(part, its)]
    if isinstance(layer, Bidirectional):
        return [tuple(np.concatenate(ends, axis=-1) for ends in zip(*state, strict=True))]
    return [state] if isinstance(layer, Unrolled) else []


def spread(layer, states):
    """The inverse of `gather`: a state for the layer, from an iterator over those of its recurrent layers."""
    if isinstance(layer, Stack):
        return tuple(spread(part, states) for part in layer.layers)
    if isinstance(layer, Bidirectional):
        widths = state_sizes(layer.readers["forward"]).values()
        ends = [np.split(joined, [width], axis=-1) for joined, width in zip(next(states), widths, strict=True)]
        return tuple(zip(*ends, strict=True))
    return next(states) if isinstance(layer, Unrolled) else ()


def state_sizes(layer):
    """The name and the width of each part of a recurrent layer's state, as `gather` returns it."""
    if not isinstance(layer, Bidirectional):
        return layer.cell.state_sizes
    forward, backward = (state_sizes(r) if isinstance(r, Unrolled) else {} for r in layer.readers.values())
    if not forward or forward.keys() != backward.keys():
        got = " and ".join(map(str, layer.readers.values()))
        raise ValueError(f"encoder: expected two recurrent layers of one kind in a Bidirectional, got {got}")
    return {name: width + backward[name] for name, width in forward.items()}


def check_fit(encoder, decoder):
    """Raise ValueError unless the decoder can go on from the encoder's states, with parameters of its own."""
    given, taken = recurrent_layers(encoder), recurrent_layers(decoder)
    if not given:
        raise ValueError("encoder: expected at least one recurrent layer, whose state is handed over, got none")
    if any(isinstance(layer, Bidirectional) for layer in taken):
        raise ValueError(
            "decoder: expected layers that read forwards, got a Bidirectional, which would read what is not yet written"
        )
    if len(given) != len(taken):
        raise ValueError(f"decoder: expected as many recurrent layers as in the encoder, {len(given)}, got {len(taken)}")
    for k, (giver, taker) in enumerate(zip(given, taken, strict=True)):
        its, own = (", ".join(f"{name} (B, {width})" for name, width in state_sizes(layer).items()) for layer in (giver, taker))
        if its != own:
            both = ", both readers side by side" if isinstance(giver, Bidirectional) else ""
            raise ValueError(f"decoder: expected recurrent layer {k} with the encoder's state, {its}{both}, got {own}")
        if any(f"{name}_0" in taker.params for name in taker.cell.state_sizes):
            raise ValueError(f"decoder: expected no learned state in recurrent layer {k}, which starts from the encoder's")
    if encoder.dtype != decoder.dtype:
        raise ValueError(f"decoder: expected parameters of {encoder.dtype}, as the encoder's, got {decoder.dtype}")
    shared = [name for name, p in decoder.params.items() if any(p is q for q in encoder.params.values())]
    if shared:
        raise ValueError(f"decoder: expected parameters of its own, got the encoder's as {', '.join(shared)}")

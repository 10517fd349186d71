"""rnncore: recurrent neural networks in NumPy, with every backward pass written by hand.

Shapes, everywhere: T steps, B examples, D inputs, H hidden units, K outputs or classes, V vocabulary; time comes first.
Read the files in the order of these imports.
"""

from types import ModuleType as _ModuleType

from .functions import log_softmax, relu, sigmoid, softmax, tanh
from .initialisers import glorot, identity, orthogonal, spectral_radius
from .module import Module
from .cells import JordanCell, RNNCell
from .gated import GRUCell, LSTMCell
from .variants import LSTMVariantCell
from .unrolled import Unrolled
from .rnn import RNN
from .lstm import LSTM
from .gru import GRU
from .bidirectional import Bidirectional
from .layers import Dense, Embedding, Stack
from .dropout import Dropout
from .layer_norm import LayerNorm, LayerNormLSTMCell, LayerNormRNNCell
from .losses import mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy
from .gradients import GradientError, central_difference, check_gradients, complex_step
from .flow import gradient_flow, jacobians
from .real_time import rtrl
from .tape import Variable, gradient
from .optim import SGD, Adagrad, Adam, Momentum, RMSProp, clip_by_norm, clip_by_value, global_norm
from .schedules import cosine, exponential_decay, step_decay
from .data import Characters, batches, one_hot, pad, python_docs, streams, windows
from .ngrams import NGram
from .storage import load, save
from .convert import load_torch, state_from_torch, state_to_torch, to_torch
from .truncated import truncated_bptt
from .train import fit, sample, sequence_loss
from .encoder_decoder import EncoderDecoder, sequence_to_sequence_loss

__all__ = [name for name, thing in list(globals().items()) if not (name.startswith("_") or isinstance(thing, _ModuleType))]

"""rnncore: recurrent neural networks in NumPy, with every backward pass written by hand.

Shapes, everywhere: T steps, B examples, D inputs, H hidden units, K outputs or classes, V vocabulary; time comes first.
Read the files in the order of these imports.
"""

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
from .rtrl import rtrl
from .tape import Variable, gradient
from .optim import SGD, Adagrad, Adam, Momentum, RMSProp, clip_by_norm, clip_by_value, global_norm
from .data import Characters, batches, one_hot, pad, python_docs, streams, windows
from .ngrams import NGram
from .storage import load, save
from .train import History, fit, sample, sequence_loss, truncated_bptt

__all__ = [name for name in dir() if not name.startswith("_")]

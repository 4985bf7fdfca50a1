"""Whole recurrences, and the order of keys, as one call: compiled for the CPU where possible, else by XLA."""

from penstock.kernels.choice import Status, status
from penstock.kernels.order import order
from penstock.kernels.unrolls import Sigmoid, gru, leaky, lstm, rnn

__all__ = ["Sigmoid", "Status", "gru", "leaky", "lstm", "order", "rnn", "status"]

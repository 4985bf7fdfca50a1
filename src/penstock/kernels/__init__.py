"""Whole recurrences as one call: compiled for the CPU where possible, `lax.scan` everywhere else."""

from penstock.kernels.choice import Status, status
from penstock.kernels.unrolls import Sigmoid, gru, leaky, lstm, rnn

__all__ = ["Sigmoid", "Status", "gru", "leaky", "lstm", "rnn", "status"]

"""Whole recurrences as one call: compiled for the CPU where possible, `lax.scan` everywhere else."""

from penstock.kernels.choice import Status, status
from penstock.kernels.unrolls import gru, leaky, lstm, rnn

__all__ = ["Status", "gru", "leaky", "lstm", "rnn", "status"]

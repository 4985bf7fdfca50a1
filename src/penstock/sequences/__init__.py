"""Estimators of sequences, in scikit-learn's grammar: a label, a value or another sequence for each sequence."""

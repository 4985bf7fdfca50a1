"""Gated recurrent networks for market series and text, with an honest baseline beside every number."""

"""Networks: layers made into one; sequence in, vector out."""

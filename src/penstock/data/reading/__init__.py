"""One reader in front of every model: files and frames as people have them, into columns with one meaning."""

"""Tests of adjoint; the folders mirror those of `adjoint/`."""

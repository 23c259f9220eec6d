"""Tests of clearing."""

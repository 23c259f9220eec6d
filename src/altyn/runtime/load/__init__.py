"""Measuring the switch: an acquirer and an issuer that load it, in processes of their own."""

from altyn.runtime.load.profiles import PROFILES, LoadProfile

__all__ = ["PROFILES", "LoadProfile"]

"""A shim for tools that still look for setup.py; all metadata stands in pyproject.toml."""

from setuptools import setup

setup()

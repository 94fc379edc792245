"""The model of the sample app, and what trains it."""

"""The parts of `sm_constructs.diff`."""

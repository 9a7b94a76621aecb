"""From a snapshot and a request to a plan: which sites to choose, where the mobile hall should go.

Reads a snapshot and hands arrays to `siting`; gives rows of plain values.
"""

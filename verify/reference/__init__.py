"""The embedded reference system: a small Django service on loopback, and its faults.

Importing this package loads neither Django nor any server: they live in processes.
"""

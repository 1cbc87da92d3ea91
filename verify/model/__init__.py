"""The words of the product as plain values: no I/O, standard library only."""

"""Vectors of texts: one small protocol, what implements it, and which of them a process uses. No database and no widgets."""

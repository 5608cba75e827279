"""Asking servers: one spelling for each address, only machines that may be asked, and limits of time and size."""

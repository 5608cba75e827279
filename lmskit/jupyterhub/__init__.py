"""JupyterHub: each user of a hub works in lmskit as the person they are. `docs/jupyterhub.md` has an example configuration.

In the hub's process, `configure` in `jupyterhub_config.py` sets what happens before a server starts (`lmskit.jupyterhub.hub`). In each
user's own process, `python -m lmskit.jupyterhub` is their server (`lmskit.jupyterhub.server`).
"""

from lmskit.jupyterhub.hub import Hub, configure

__all__ = ["Hub", "configure"]

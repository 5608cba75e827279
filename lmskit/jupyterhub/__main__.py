"""The command of a hub's servers: `python -m lmskit.jupyterhub`."""

import sys

from lmskit.jupyterhub.server import serve

serve(sys.argv[1:])

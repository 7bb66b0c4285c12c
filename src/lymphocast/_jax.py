"""The one place that sets JAX: 64-bit floats on the CPU, and compiled code kept between runs.

Import it before JAX is used. Compiled code is kept in the user's cache folder
(``XDG_CACHE_HOME`` or ``~/.cache``), so that a second run need not compile again; if the folder
cannot be made, nothing is kept.

JAX makes hundreds of thousands of objects that stay. The collector of garbage does not walk
through them while they are loaded, nor at the end of the process, which together is a third of
what loading JAX costs.
"""

import atexit
import gc
import os
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")
atexit.register(gc.freeze)  # before JAX registers what it does at the end, and so after that
COLLECTS = gc.isenabled()
gc.disable()

import jax  # noqa: E402 (after what it reads is set)

if COLLECTS:
    gc.enable()

KEEP_ABOVE = 0.05  # seconds of compilation that are worth a file

jax.config.update("jax_enable_x64", True)


def _keep_compiled() -> None:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "lymphocast" / f"jax-{jax.__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", KEEP_ABOVE)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


_keep_compiled()

"""The one place that sets JAX: 64-bit floats on the CPU. Import it before JAX is used."""

import os

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax

jax.config.update("jax_enable_x64", True)

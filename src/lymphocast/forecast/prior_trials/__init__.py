"""Prior predictive virtual trials: what the priors of the course model say of published results."""

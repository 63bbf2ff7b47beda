"""Who is here: plugins behind a guard, the registry, the public catalogue, settings. No torch."""

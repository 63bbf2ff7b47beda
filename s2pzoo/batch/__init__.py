"""Many drawings: where they lie (`source`), what becomes of them (`sink`), by many processes, exactly once (`run`)."""

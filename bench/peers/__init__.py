"""Other software in the same calls, with the same engines: it needs an environment of its own."""
